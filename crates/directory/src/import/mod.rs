//! The import of accounts and roles from CSV: [`parse()`] reads the file, [`plan()`] decides what each
//! line does. Both are pure, so a dry run is the same as a real one but for the last step.
//!
//! The first line is exactly `account_name,kind,service,external_id,email,role`. Every other line
//! names an account, and with `email` and `role` the role of a person on it. An account with the
//! line's `external_id` is used again, so the same file can be imported any number of times;
//! without an external id, lines of the same name, kind and service are one new account. Lines without a text and
//! columns at the right without one are left out: spreadsheets write them.

mod line_numbers;
mod parse;
mod plan;

use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use parse::{Line, emails, external_ids, parse};
pub(crate) use plan::{Change, Known, plan};

/// What a line does, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The account or the role on it is new.
    Created,
    /// The account is renamed or the role changes.
    Updated,
    /// All is so already.
    Unchanged,
    /// The line is wrong, and with it the whole file.
    Error,
}

/// What the import tells of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LineReport {
    /// The line in the file, as an editor shows it; the header is line 1.
    pub(crate) line: u64,
    /// What it does.
    pub(crate) outcome: Outcome,
    /// The wrong field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What is wrong with it, or what it does.
    pub(crate) message: String,
}

impl LineReport {
    fn error(line: u64, field: &str, message: impl Into<String>) -> Self {
        Self {
            line,
            outcome: Outcome::Error,
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }
}
