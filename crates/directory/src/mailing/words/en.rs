//! English.

use super::{Words, time};
use crate::mailing::content::Content;

pub(super) fn words(content: &Content) -> Words {
    match content {
        Content::ConfirmContact { organization, until } => Words {
            subject: format!("Confirm the contact address of “{organization}”"),
            before: vec![
                format!("“{organization}” has named this address as its contact."),
                "Confirm that you read what is sent here:".to_owned(),
            ],
            action: Some("Confirm the address"),
            after: vec![
                format!("The link can be used once, until {}.", time(*until)),
                "If this means nothing to you, you need not do anything: without the link the address is not used."
                    .to_owned(),
            ],
        },
        Content::ResetPassword { name, until } => Words {
            subject: "Choose a new password".to_owned(),
            before: vec![
                format!("Hello {name},"),
                "somebody asked for a new password for your sign-in. If it was you, choose one here:"
                    .to_owned(),
            ],
            action: Some("Choose a new password"),
            after: vec![
                format!("The link can be used once, until {}.", time(*until)),
                "If it was not you, you need not do anything: your password stays as it is."
                    .to_owned(),
            ],
        },
        Content::PasswordChanged { name } => Words {
            subject: "Your password was changed".to_owned(),
            before: vec![
                format!("Hello {name},"),
                "the password of your sign-in was changed.".to_owned(),
                "If it was not you, ask for a new password at once, and tell whoever runs this service."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
    }
}
