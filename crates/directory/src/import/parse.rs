//! From bytes to lines.

use contract::catalogue::Catalogue;
use contract::rpc::{AccountKind, AccountRole};
use csv::{ReaderBuilder, StringRecord, Trim};

use super::LineReport;
use crate::account::AccountProfile;
use crate::fields::Email;

/// The columns, in their order.
pub(super) const HEADER: [&str; 6] =
    ["account_name", "kind", "service", "external_id", "email", "role"];

/// A line that is right in itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Where it is in the file.
    pub(crate) number: u64,
    /// The account.
    pub(crate) account: AccountProfile,
    /// Who holds which role on it.
    pub(crate) assignment: Option<(Email, AccountRole)>,
}

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    /// Another encoding.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// The first line is something else.
    #[error("the first line is not `{}`", HEADER.join(","))]
    Header,
    /// Nothing below the header.
    #[error("the file has no line below its header")]
    Empty,
    /// More than is imported at a time.
    #[error("the file has more than {0} lines; import it in parts")]
    TooManyLines(usize),
    /// Not CSV.
    #[error("the file is not CSV (RFC 4180): {0}")]
    Malformed(String),
}

/// Reads a file: each line, or what is wrong with it.
pub(crate) fn parse(
    bytes: &[u8],
    max_lines: usize,
    catalogue: &Catalogue,
) -> Result<Vec<Result<Line, LineReport>>, FileError> {
    let text = str::from_utf8(bytes).map_err(|_| FileError::NotUtf8)?;
    // Spreadsheets begin UTF-8 files with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Flexible: a line with too few or too many fields is reported as that line's error.
    let mut reader =
        ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let malformed = |error: csv::Error| FileError::Malformed(error.to_string());
    if reader.headers().map_err(malformed)?.iter().ne(HEADER) {
        return Err(FileError::Header);
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        if lines.len() == max_lines {
            return Err(FileError::TooManyLines(max_lines));
        }
        lines.push(parse_line(&record.map_err(malformed)?, catalogue));
    }
    if lines.is_empty() { Err(FileError::Empty) } else { Ok(lines) }
}

/// The external ids that the file names: what is to be looked up before the plan.
pub(crate) fn external_ids(lines: &[Result<Line, LineReport>]) -> Vec<String> {
    lines.iter().flatten().filter_map(|line| line.account.external_id.clone()).collect()
}

/// The emails that the file names, likewise.
pub(crate) fn emails(lines: &[Result<Line, LineReport>]) -> Vec<String> {
    let assignments = lines.iter().flatten().filter_map(|line| line.assignment.as_ref());
    assignments.map(|(email, _)| email.as_str().to_owned()).collect()
}

fn parse_line(record: &StringRecord, catalogue: &Catalogue) -> Result<Line, LineReport> {
    let number = record.position().map_or(0, csv::Position::line);
    let wrong = |field: &str, message: &str| LineReport::error(number, field, message);
    if record.len() != HEADER.len() {
        let message = format!("the line has {} fields instead of {}", record.len(), HEADER.len());
        return Err(wrong("line", &message));
    }
    let field = |index: usize| record.get(index).unwrap_or_default();
    let some = |index: usize| Some(field(index)).filter(|text| !text.is_empty());

    let kind = AccountKind::parse(field(1))
        .ok_or_else(|| wrong("kind", "is neither advertiser nor publisher"))?;
    let account =
        AccountProfile::parse(catalogue, field(0), kind, field(2), some(3)).map_err(|errors| {
            let Some(first) = errors.0.into_iter().next() else {
                return wrong("line", "is wrong");
            };
            wrong(
                if first.field == "name" { "account_name" } else { first.field },
                &first.fault.message,
            )
        })?;
    let assignment = match (some(4), some(5)) {
        (None, None) => None,
        (Some(email), Some(role)) => {
            let email = Email::parse("email", email)
                .map_err(|error| wrong(error.field, &error.fault.message))?;
            let role = AccountRole::parse(role).ok_or_else(|| {
                wrong(
                    "role",
                    "is none of admin, business_manager, technical_manager, analyst, viewer",
                )
            })?;
            Some((email, role))
        }
        (Some(_), None) => return Err(wrong("role", "is required with an email")),
        (None, Some(_)) => return Err(wrong("email", "is required with a role")),
    };
    Ok(Line { number, account, assignment })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Result<Line, LineReport>>, FileError> {
        parse(text.as_bytes(), 3, &Catalogue::default())
    }

    fn read_line(line: &str) -> Result<Line, LineReport> {
        read(&format!("{}\n{line}\n", HEADER.join(","))).unwrap().remove(0)
    }

    #[test]
    fn a_line_names_an_account_and_a_role_on_it() {
        let line =
            read_line(r#""Shop, Paris", advertiser ,retail_media,A-1,Admin@Example.com,admin"#)
                .unwrap();
        assert_eq!((line.number, line.account.name.as_str()), (2, "Shop, Paris"));
        assert_eq!(line.account.external_id.as_deref(), Some("A-1"));
        assert_eq!(
            line.assignment,
            Some((Email::parse("email", "admin@example.com").unwrap(), AccountRole::Admin))
        );
        let bare = read_line("Shop,publisher,marketing_solutions,,,").unwrap();
        assert_eq!((bare.account.external_id, bare.assignment), (None, None));
    }

    #[test]
    fn every_wrong_line_says_which_field() {
        for (line, field) in [
            (",advertiser,retail_media,A-1,,", "account_name"),
            ("Shop,shop,retail_media,A-1,,", "kind"),
            ("Shop,advertiser,nothing,A-1,,", "service"),
            ("Shop,advertiser,retail_media,A-1,nobody,admin", "email"),
            ("Shop,advertiser,retail_media,A-1,,admin", "email"),
            ("Shop,advertiser,retail_media,A-1,a@example.com,", "role"),
            ("Shop,advertiser,retail_media,A-1,a@example.com,owner", "role"),
            ("Shop,advertiser,retail_media", "line"),
            ("Shop,advertiser,retail_media,A-1,,,", "line"),
        ] {
            let error = read_line(line).unwrap_err();
            assert_eq!((error.line, error.field.as_deref()), (2, Some(field)), "{line}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_no_matter() {
        let text =
            format!("\u{feff}{}\r\nShop,advertiser,retail_media,A-1,,\r\n", HEADER.join(","));
        assert!(read(&text).unwrap()[0].is_ok());
    }

    #[test]
    fn files_that_are_something_else_are_refused_as_a_whole() {
        assert_eq!(parse(b"\xff\xfe", 3, &Catalogue::default()), Err(FileError::NotUtf8));
        assert_eq!(read("name,kind\na,b\n"), Err(FileError::Header));
        assert_eq!(read(""), Err(FileError::Header));
        assert_eq!(read(&HEADER.join(",")), Err(FileError::Empty));
        let four = "Shop,advertiser,retail_media,A-1,,\n".repeat(4);
        assert_eq!(read(&format!("{}\n{four}", HEADER.join(","))), Err(FileError::TooManyLines(3)));
    }
}
