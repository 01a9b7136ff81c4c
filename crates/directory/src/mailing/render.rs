//! A mail as it is read, as text and as HTML, and as it is sent (RFC 5322).

use std::fmt;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use contract::MailId;
use contract::text::hidden;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::fields::Email;
use crate::language::Language;
use crate::mailing::content::Content;
use crate::mailing::words;

/// A mail as it is read. Its link is a secret, so it is not shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// What stands above it.
    pub(crate) subject: String,
    /// As text.
    pub(crate) text: String,
    /// As HTML.
    pub(crate) html: String,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rendered(…)")
    }
}

/// Says this in this language, with this link and this closing if there are such.
pub(crate) fn render(
    content: &Content,
    language: Language,
    link: Option<&str>,
    closing: Option<&str>,
) -> Rendered {
    let words = words::of(content, language);
    let mut mail =
        Rendered { subject: one_line(&words.subject), text: String::new(), html: String::new() };
    words.before.iter().for_each(|words| mail.paragraph(words));
    if let (Some(action), Some(link)) = (words.action, link) {
        mail.link(link, action);
    }
    words.after.iter().for_each(|words| mail.paragraph(words));
    closing.into_iter().flat_map(str::lines).for_each(|words| mail.paragraph(words));
    mail.text.truncate(mail.text.trim_end().len());
    mail.text.push('\n');
    mail.html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{}</body>\n</html>\n",
        language.as_str(),
        escaped(&mail.subject),
        mail.html
    );
    mail
}

impl Rendered {
    // Writing to a string does not fail.
    fn paragraph(&mut self, words: &str) {
        let words = one_line(words);
        let _ = write!(self.text, "{words}\n\n");
        let _ = writeln!(self.html, "<p>{}</p>", escaped(&words));
    }

    fn link(&mut self, link: &str, action: &str) {
        let _ = write!(self.text, "{link}\n\n");
        let (link, action) = (escaped(link), escaped(action));
        let _ = writeln!(self.html, "<p><a href=\"{link}\">{action}</a></p>\n<p>{link}</p>");
    }
}

/// The mail as it is sent. It has the same Message-ID and date however often it is tried.
///
/// # Errors
/// When the recipient is no address that mail can be sent to.
pub(crate) fn message(
    mail: &Rendered,
    id: MailId,
    sender: &Mailbox,
    recipient: &Email,
    created_at: DateTime<Utc>,
) -> Result<Vec<u8>, lettre::error::Error> {
    let unfit = |_| lettre::error::Error::MissingTo;
    let to = Mailbox::new(None, recipient.as_str().parse().map_err(unfit)?);
    // RFC 3834 section 5: nobody's absence assistant answers it.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = Message::builder()
        .from(sender.clone())
        .to(to)
        .subject(mail.subject.clone())
        .date(created_at.into())
        .message_id(Some(format!("<{id}@{}>", sender.email.domain())))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?;
    Ok(message.formatted())
}

/// What others typed stays within its line: no header, and no paragraph that looks like ours.
fn one_line(text: &str) -> String {
    let mut line = text.to_owned();
    let hides: Vec<(usize, char)> = hidden(text).collect();
    for (at, character) in hides.into_iter().rev() {
        line.replace_range(at..at + character.len_utf8(), " ");
    }
    line
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
