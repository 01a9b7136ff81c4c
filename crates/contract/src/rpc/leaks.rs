//! Telling the directory that tokens of people were found.

use serde::{Deserialize, Serialize};

use super::questions;
use crate::secret::BearerKind;

questions! {
    EndLeaked -> () = Directory."end-leaked";
}

/// Somebody has found these tokens of people: end them. At most [`EndLeaked::MOST`]. The answer is the same whether or
/// not they are anybody's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndLeaked {
    /// The tokens.
    pub tokens: Vec<LeakedToken>,
}

impl EndLeaked {
    /// At most so many tokens in one question.
    pub const MOST: usize = 100;
}

/// A token of a person, by what the directory knows it by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LeakedToken {
    /// Of which kind it is.
    pub kind: BearerKind,
    /// Its SHA-256, in hex.
    pub token_sha256: String,
}
