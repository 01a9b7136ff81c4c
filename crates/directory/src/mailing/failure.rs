//! Why a mail was not taken: a word and a number, never what a server said, which may repeat an address.

use std::fmt;

/// How far a try came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Reading what is to be sent.
    Render,
    /// Reaching the server and greeting it.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// Naming our user.
    SignIn,
    /// Naming who sends.
    Sender,
    /// Naming whom to.
    Recipient,
    /// Handing it over.
    Content,
    /// Waiting, for as long as a try may take.
    Timeout,
}

/// A try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    step: Step,
    code: Option<u16>,
}

impl Failure {
    /// A try that came so far, and what code the server answered with, if it did.
    pub(crate) const fn of(step: Step, code: Option<u16>) -> Self {
        Self { step, code }
    }

    /// Whether another try would come to the same end: the server refused this recipient or this mail for good
    /// (RFC 5321 section 4.2.1). What it has against us ourselves can be mended, and mails wait for it.
    pub(crate) fn is_final(self) -> bool {
        let about_the_mail = matches!(self.step, Step::Recipient | Step::Content);
        about_the_mail && self.code.is_some_and(|code| (500..600).contains(&code))
    }
}

/// As it is kept and logged.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.step {
            Step::Render => "render",
            Step::Connect => "connect",
            Step::Tls => "tls",
            Step::SignIn => "sign-in",
            Step::Sender => "sender",
            Step::Recipient => "recipient",
            Step::Content => "content",
            Step::Timeout => "timeout",
        })?;
        self.code.map_or(Ok(()), |code| write!(f, " {code}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_mail_and_for_good_is_final() {
        assert!(Failure::of(Step::Recipient, Some(550)).is_final());
        assert!(Failure::of(Step::Content, Some(554)).is_final());
        for failure in [
            Failure::of(Step::Recipient, Some(450)),
            Failure::of(Step::Recipient, None),
            Failure::of(Step::SignIn, Some(535)),
            Failure::of(Step::Sender, Some(553)),
            Failure::of(Step::Connect, Some(554)),
        ] {
            assert!(!failure.is_final(), "{failure}");
        }
        assert_eq!(Failure::of(Step::Recipient, Some(450)).to_string(), "recipient 450");
    }
}
