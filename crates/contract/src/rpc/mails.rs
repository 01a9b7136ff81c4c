//! Asking the directory for mails: [`crate::mail`].

use serde::{Deserialize, Serialize};

use super::questions;
use crate::mail::RequestedMail;

questions! {
    RequestMails -> MailsTaken = Directory."request-mails";
}

/// Write these mails, at most [`RequestMails::MOST`]. Whoever asks for the same again, by event and recipient, is
/// answered the same, and nothing more is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestMails {
    /// The mails.
    pub mails: Vec<RequestedMail>,
}

impl RequestMails {
    /// At most so many mails in one question.
    pub const MOST: usize = 100;
}

/// The directory has the mails, for good.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MailsTaken {
    /// How many of them it did not have before.
    pub new: u32,
}
