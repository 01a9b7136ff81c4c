//! The last mails, kept in memory where there is no mail server: for whoever tries Mandate out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use contract::MailId;

use crate::mailing::render::Rendered;

/// The last mails. Gone with the process.
pub(crate) struct Memory {
    most: usize,
    mails: Mutex<VecDeque<(MailId, Rendered)>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(…)")
    }
}

impl Memory {
    /// Of at most so many.
    pub(crate) fn of(most: usize) -> Self {
        Self { most, mails: Mutex::default() }
    }

    /// Keeps a mail, in place of the oldest.
    pub(crate) fn keep(&self, id: MailId, mail: Rendered) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.push_back((id, mail));
        while mails.len() > self.most {
            mails.pop_front();
        }
    }

    /// The mail of this id, if it is kept.
    pub(crate) fn find(&self, id: MailId) -> Option<Rendered> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().rev().find(|(kept, _)| *kept == id).map(|(_, mail)| mail.clone())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_last_are_kept_and_nothing_shows_them_by_accident() {
        let memory = Memory::of(2);
        let id = |number| MailId::from_uuid(Uuid::from_u128(number));
        for number in 1..=3 {
            let text = format!("secret {number}");
            let mail = Rendered { subject: text.clone(), text, html: String::new() };
            memory.keep(id(number), mail);
        }
        assert!(memory.find(id(1)).is_none());
        assert_eq!(memory.find(id(3)).map(|mail| mail.subject), Some("secret 3".to_owned()));
        assert!(!format!("{memory:?} {:?}", memory.find(id(2))).contains("secret"));
    }
}
