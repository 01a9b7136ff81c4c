//! What holds for any text in a form or a file.

use contract::catalogue::Catalogue;
use contract::text::{hidden, is_invisible};
use proptest::prelude::*;

use crate::fields::{self, Email};
use crate::import::parse;

const HEADER: &str = "account_name,kind,service,external_id,email,role";

proptest! {
    #[test]
    fn any_bytes_are_a_file_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes, 10, &Catalogue::default());
    }

    /// Below a good header every line is reported once, and what is accepted is fit to be stored.
    #[test]
    fn every_line_is_an_account_or_an_error(lines in prop::collection::vec("[^\r\n\u{0}\"]{0,40}|[a-z]{0,5},(advertiser|x)?,(retail_media|x)?,\\PC{0,9},(a@b\\.c|x)?,(admin|x)?", 1..8)) {
        let file = format!("{HEADER}\n{}\n", lines.join("\n"));
        if let Ok(read) = parse(file.as_bytes(), 10, &Catalogue::default()) {
            prop_assert!(read.len() <= lines.len());
            for line in read {
                match line {
                    Ok(line) => {
                        prop_assert!(!line.account.name.is_empty());
                        prop_assert_eq!(hidden(&line.account.name).count(), 0);
                        prop_assert!(line.number >= 2);
                    }
                    Err(report) => prop_assert!(report.field.is_some() && report.line >= 2),
                }
            }
        }
    }

    /// A line that is written as RFC 4180 says reads back as itself.
    #[test]
    fn a_quoted_name_reads_back_as_itself(name in "[a-zA-Z0-9,\";=+@ é-]{1,40}") {
        prop_assume!(!name.trim().is_empty());
        let quoted = name.replace('"', "\"\"");
        let file = format!("{HEADER}\n\"{quoted}\",advertiser,retail_media,,,\n");
        let read = parse(file.as_bytes(), 10, &Catalogue::default()).unwrap();
        prop_assert_eq!(read[0].as_ref().unwrap().account.name.as_str(), name.trim());
    }

    /// An accepted address is its own normal form, so that one person is not two.
    #[test]
    fn an_email_is_its_own_normal_form(text in "\\PC{0,40}|[A-Z a-z.\u{0}-\u{1f}İ]{1,9}@[A-Za-z.]{1,9}") {
        if let Ok(email) = Email::parse("email", &text) {
            let again = Email::parse("email", email.as_str()).unwrap();
            prop_assert_eq!(&again, &email);
            let clean = |c: char| !c.is_whitespace() && !is_invisible(c);
            prop_assert!(email.as_str().chars().all(clean));
            prop_assert_eq!(email.as_str().matches('@').count(), 1);
        }
    }

    #[test]
    fn a_name_or_description_hides_nothing(text in any::<String>()) {
        if let Ok(name) = fields::name("name", &text, 50) {
            prop_assert!((1..=50).contains(&name.chars().count()));
            prop_assert_eq!(hidden(&name).count(), 0);
            prop_assert_eq!(fields::name("name", &name, 50), Ok(name.clone()));
        }
        if let Ok(Some(description)) = fields::description("description", Some(&text), 50) {
            prop_assert!(!description.contains('\0') && description.chars().count() <= 50);
        }
    }

    #[test]
    fn a_country_is_two_capitals(text in "\\PC{0,4}|[A-Za-z ]{2}") {
        if let Ok(country) = fields::country("country", &text) {
            prop_assert!(country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()));
        }
    }

    /// A website can be put into a link: no script, no credentials, nothing that ends an attribute.
    #[test]
    fn a_website_can_be_linked_to(text in "\\PC{0,40}|(https?|javascript|data)://?[a-z.@:\"'<> ]{0,12}/\\PC{0,12}") {
        if let Ok(Some(website)) = fields::website("website", Some(&text)) {
            prop_assert!(website.starts_with("http://") || website.starts_with("https://"));
            prop_assert!(!website.contains(['"', '<', '>', ' ', '\0']));
            let again = fields::website("website", Some(&website)).unwrap();
            prop_assert_eq!(again, Some(website));
        }
    }
}
