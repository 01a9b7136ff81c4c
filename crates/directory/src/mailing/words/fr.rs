//! French.

use super::{Words, time};
use crate::mailing::content::Content;

pub(super) fn words(content: &Content) -> Words {
    match content {
        Content::ConfirmContact { organization, until } => Words {
            subject: format!("Confirmez l’adresse de contact de « {organization} »"),
            before: vec![
                format!("« {organization} » a indiqué cette adresse comme adresse de contact."),
                "Confirmez que vous lisez ce qui y est envoyé :".to_owned(),
            ],
            action: Some("Confirmer l’adresse"),
            after: vec![
                format!("Le lien ne peut servir qu’une fois, jusqu’au {}.", time(*until)),
                "Si cela ne vous dit rien, vous n’avez rien à faire : sans le lien, l’adresse n’est pas utilisée."
                    .to_owned(),
            ],
        },
        Content::ResetPassword { name, until } => Words {
            subject: "Choisissez un nouveau mot de passe".to_owned(),
            before: vec![
                format!("Bonjour {name},"),
                "quelqu’un a demandé un nouveau mot de passe pour votre compte. Si c’était vous, choisissez-le ici :"
                    .to_owned(),
            ],
            action: Some("Choisir un nouveau mot de passe"),
            after: vec![
                format!("Le lien ne peut servir qu’une fois, jusqu’au {}.", time(*until)),
                "Si ce n’était pas vous, vous n’avez rien à faire : votre mot de passe reste le même."
                    .to_owned(),
            ],
        },
        Content::PasswordChanged { name } => Words {
            subject: "Votre mot de passe a été modifié".to_owned(),
            before: vec![
                format!("Bonjour {name},"),
                "le mot de passe de votre compte a été modifié.".to_owned(),
                "Si ce n’était pas vous, demandez tout de suite un nouveau mot de passe et prévenez l’exploitant de ce service."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
    }
}
