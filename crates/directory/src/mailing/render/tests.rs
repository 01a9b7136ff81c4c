use contract::KeyId;
use contract::rpc::{AccountRole, MemberRole};
use uuid::Uuid;

use super::*;

const LINK: &str = "https://mandate.example.com/page/mandate_ml_AAAA";

/// Every kind of mail.
fn samples() -> Vec<(&'static str, Content)> {
    let until = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let (organization, name) = ("Example <Apps> & “Co”".to_owned(), "Zoé O'Neil".to_owned());
    let (domain, reason) = ("retail_media/billing:read".to_owned(), "Invoices & <more>".to_owned());
    let client_id = KeyId::from_uuid(Uuid::from_u128(1)).client_id();
    let (inviter, of_organization) = (name.clone(), organization.clone());
    let answered = |granted, reason| Content::DomainAnswered {
        organization: of_organization.clone(),
        domain: domain.clone(),
        granted,
        reason,
    };
    vec![
        (
            "invite_member",
            Content::InviteMember {
                inviter: inviter.clone(),
                organization: organization.clone(),
                role: MemberRole::Developer,
                until,
            },
        ),
        (
            "invite_to_account",
            Content::InviteToAccount {
                inviter,
                account: "Corner <Shop>".to_owned(),
                role: AccountRole::BusinessManager,
                until,
            },
        ),
        (
            "domain_requested",
            Content::DomainRequested {
                organization: organization.clone(),
                domain: domain.clone(),
                reason: reason.clone(),
            },
        ),
        (
            "consent_expiring",
            Content::ConsentExpiring {
                organization: organization.clone(),
                app: "Feeds <&> “Co”".to_owned(),
                account: "Corner <Shop>".to_owned(),
                until,
            },
        ),
        ("key_expiring", Content::KeyExpiring { app: "Feeds <&>".to_owned(), client_id, until }),
        ("key_leaked", Content::KeyLeaked { app: "Feeds <&>".to_owned(), client_id }),
        (
            "consent_passed_on",
            Content::ConsentPassedOn {
                by: name.clone(),
                organization: organization.clone(),
                app: "Feeds <&>".to_owned(),
            },
        ),
        ("domain_granted", answered(true, None)),
        ("domain_declined", answered(false, Some(reason))),
        ("confirm_contact", Content::ConfirmContact { organization, until }),
        ("reset_password", Content::ResetPassword { name: name.clone(), until }),
        ("password_changed", Content::PasswordChanged { name }),
    ]
}

#[test]
fn every_mail_in_every_language() {
    for (name, content) in samples() {
        for language in [Language::En, Language::Fr] {
            let mail = render(&content, language, Some(LINK), None);
            let shown = format!("{}\n\n{}\n{}", mail.subject, mail.text, mail.html);
            insta::assert_snapshot!(format!("{name}_{}", language.as_str()), shown);
        }
    }
}

#[test]
fn an_installation_ends_its_mails_with_its_own_words() {
    let content =
        Content::ConfirmContact { organization: "A".to_owned(), until: DateTime::UNIX_EPOCH };
    let mail = render(
        &content,
        Language::En,
        Some(LINK),
        Some("The team of Shelf & Co\nhelp@shelf.example"),
    );
    assert!(
        mail.text.ends_with("\n\nThe team of Shelf & Co\n\nhelp@shelf.example\n"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains("<p>The team of Shelf &amp; Co</p>\n<p>help@shelf.example</p>"));
}

#[test]
fn a_name_is_written_as_it_was_typed() {
    let organization = "کتاب\u{200C}خانه 👨\u{200D}👩\u{200D}👧".to_owned();
    let content =
        Content::ConfirmContact { organization: organization.clone(), until: DateTime::UNIX_EPOCH };
    let mail = render(&content, Language::En, Some(LINK), None);
    assert!(mail.text.contains(&organization), "{}", mail.text);
}

#[test]
fn what_others_typed_can_add_no_header_no_line_and_no_element() {
    let organization = "A\r\nBcc: victim@example.com\r\n\r\n<script>".to_owned();
    let content = Content::ConfirmContact { organization, until: DateTime::UNIX_EPOCH };
    let mail = render(&content, Language::En, Some(LINK), None);
    assert!(!mail.subject.contains(['\r', '\n']) && !mail.html.contains("<script>"));
    let sender: Mailbox = "Mandate <no-reply@example.com>".parse().unwrap();
    let recipient = Email::parse("email", "contact@example.com").unwrap();
    let id = MailId::from_uuid(Uuid::from_u128(1));
    let message = message(&mail, id, &sender, &recipient, DateTime::UNIX_EPOCH).unwrap();
    let message = String::from_utf8(message).unwrap();
    let (headers, _) = message.split_once("\r\n\r\n").unwrap();
    // A line that continues a header begins with a space (RFC 5322 section 2.2.3).
    let names: Vec<&str> = headers
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];
    let (mut names, mut expected) = (names, expected.to_vec());
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(headers.contains("<00000000-0000-0000-0000-000000000001@example.com>"), "{headers}");
}
