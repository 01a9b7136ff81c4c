//! From bytes to lines.

use contract::catalogue::Catalogue;
use contract::rpc::{AccountKind, AccountRole};
use csv::{ReaderBuilder, StringRecord, Trim};

use super::LineReport;
use super::line_numbers::LineNumbers;
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
    /// Another encoding, as spreadsheets of some systems use it.
    #[error("the file is not UTF-8 from line {line} on; save it as CSV UTF-8")]
    NotUtf8 {
        /// Where the first byte is that cannot be read.
        line: u64,
    },
    /// Characters of 16 bits.
    #[error("the file is UTF-16; save it as CSV UTF-8")]
    Utf16,
    /// The columns of the first line, but between other characters.
    #[error("the file has {0} between its columns; save it with commas")]
    Separator(&'static str),
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
    let text = decode(bytes)?;
    let mut reader = reader(text, b',');
    let malformed = |error: csv::Error| FileError::Malformed(error.to_string());
    if !is_header(reader.headers().map_err(malformed)?) {
        return Err(of_other_columns(text));
    }
    let (mut lines, mut numbers) = (Vec::new(), LineNumbers::of(text));
    for record in reader.records() {
        let record = record.map_err(malformed)?;
        // Rows that were emptied in a spreadsheet stay in its file.
        if record.iter().all(str::is_empty) {
            continue;
        }
        if lines.len() == max_lines {
            return Err(FileError::TooManyLines(max_lines));
        }
        let number = record.position().map_or(0, |position| numbers.of_record(position.byte()));
        lines.push(parse_line(&record, number, catalogue));
    }
    if lines.is_empty() { Err(FileError::Empty) } else { Ok(lines) }
}

/// The text of the file, without the byte order mark with which spreadsheets begin one.
fn decode(bytes: &[u8]) -> Result<&str, FileError> {
    // The marks of UTF-16, or one of the zeros that it has beside each letter of the first line.
    if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..]) {
        return Err(FileError::Utf16);
    }
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let (good, _) = bytes.split_at(error.valid_up_to());
            Err(FileError::NotUtf8 { line: LineNumbers::last_of(good) })
        }
    }
}

/// Flexible: a line with too few or too many fields is reported as that line's error.
fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    let mut builder = ReaderBuilder::new();
    builder.flexible(true).trim(Trim::All).delimiter(separator).from_reader(text.as_bytes())
}

/// Whether these are the columns, and nothing at the right of them.
fn is_header(columns: &StringRecord) -> bool {
    columns.iter().take(HEADER.len()).eq(HEADER) && nothing_beyond(columns)
}

fn nothing_beyond(record: &StringRecord) -> bool {
    record.iter().skip(HEADER.len()).all(str::is_empty)
}

/// Why the first line is not the header.
fn of_other_columns(text: &str) -> FileError {
    let separators = [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];
    let other = separators
        .into_iter()
        .find(|(separator, _)| reader(text, *separator).headers().is_ok_and(is_header));
    other.map_or(FileError::Header, |(_, name)| FileError::Separator(name))
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

fn parse_line(
    record: &StringRecord,
    number: u64,
    catalogue: &Catalogue,
) -> Result<Line, LineReport> {
    let wrong = |field: &str, message: &str| LineReport::error(number, field, message);
    if record.len() < HEADER.len() || !nothing_beyond(record) {
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
            ("Shop,advertiser,retail_media,A-1,,,x", "line"),
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
    fn what_a_spreadsheet_leaves_behind_is_no_matter() {
        let text = format!(
            "{},,\n,,,,,,,\n\"\", ,\nShop,advertiser,retail_media,A-1,,,,\n,,,,,\n   \n",
            HEADER.join(",")
        );
        let lines = read(&text).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].as_ref().unwrap().number, 4);
        assert_eq!(read(&format!("{}\n,,,,,\n", HEADER.join(","))), Err(FileError::Empty));
        assert_eq!(read(&format!("{},x\nShop", HEADER.join(","))), Err(FileError::Header));
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        for end in ["\n", "\r\n", "\r"] {
            // An empty line, a name of two lines, and another empty one.
            let lines = ["", "\"a", "b\",advertiser,retail_media,,,", ",,,,,", "", "Shop,x,y,,,"];
            let text = format!("{}{end}{}{end}", HEADER.join(","), lines.join(end));
            let read = read(&text).unwrap();
            let numbers = read.iter().map(|line| line.as_ref().unwrap_err().line);
            assert_eq!(numbers.collect::<Vec<_>>(), [3, 7], "{end:?}");
        }
    }

    #[test]
    fn files_that_are_something_else_are_refused_as_a_whole() {
        let file = |bytes: &[u8]| parse(bytes, 3, &Catalogue::default());
        assert_eq!(file(b"\xff\xfea\0"), Err(FileError::Utf16));
        assert_eq!(file(b"a\0c\0"), Err(FileError::Utf16));
        let latin = [HEADER.join(",").as_bytes(), b"\r\nMarch\xe9,"].concat();
        assert_eq!(file(&latin), Err(FileError::NotUtf8 { line: 2 }));
        for (separator, name) in [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")] {
            let text = format!("{}\nShop", HEADER.join(separator));
            assert_eq!(read(&text), Err(FileError::Separator(name)));
        }
        assert_eq!(read("name,kind\na,b\n"), Err(FileError::Header));
        assert_eq!(read(""), Err(FileError::Header));
        assert_eq!(read(&HEADER.join(",")), Err(FileError::Empty));
        let four = "Shop,advertiser,retail_media,A-1,,\n".repeat(4);
        assert_eq!(read(&format!("{}\n{four}", HEADER.join(","))), Err(FileError::TooManyLines(3)));
    }
}
