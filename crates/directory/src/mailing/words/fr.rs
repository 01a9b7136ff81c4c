//! French.

use contract::rpc::{AccountRole, MemberRole};

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
        Content::InviteMember { inviter, organization, role, until } => Words {
            subject: format!("Invitation à rejoindre « {organization} »"),
            before: vec![format!(
                "{inviter} vous invite à rejoindre « {organization} » ; votre rôle : {}.",
                member(*role)
            )],
            action: Some("Voir l’invitation"),
            after: unless_it_means_nothing(&time(*until)),
        },
        Content::InviteToAccount { inviter, account, role, until } => Words {
            subject: format!("Invitation au compte « {account} »"),
            before: vec![format!(
                "{inviter} vous invite au compte « {account} » ; votre rôle : {}.",
                holder(*role)
            )],
            action: Some("Voir l’invitation"),
            after: unless_it_means_nothing(&time(*until)),
        },
        Content::DomainRequested { organization, domain, reason } => Words {
            subject: format!("« {organization} » demande {domain}"),
            before: vec![
                format!("L’organisation « {organization} » demande le domaine {domain}. Son motif :"),
                format!("« {reason} »"),
                "Accordez ou refusez la demande.".to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::DomainAnswered { organization, domain, granted, reason } => {
            let answer = if *granted {
                format!("« {organization} » peut désormais demander le domaine {domain}.")
            } else {
                format!("La demande de « {organization} » pour le domaine {domain} a été refusée.")
            };
            let reason = reason.iter().map(|reason| format!("Le motif : « {reason} »"));
            Words {
                subject: format!("Votre demande pour {domain}"),
                before: std::iter::once(answer).chain(reason).collect(),
                action: None,
                after: Vec::new(),
            }
        }
    }
}

fn unless_it_means_nothing(until: &str) -> Vec<String> {
    vec![
        format!("L’invitation ne peut être acceptée qu’une fois, jusqu’au {until}."),
        "Si cela ne vous dit rien, vous n’avez rien à faire : une invitation que personne n’accepte expire d’elle-même."
            .to_owned(),
    ]
}

fn member(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "propriétaire",
        MemberRole::Developer => "développeur",
        MemberRole::Auditor => "auditeur",
    }
}

fn holder(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Admin => "administrateur",
        AccountRole::BusinessManager => "responsable commercial",
        AccountRole::TechnicalManager => "responsable technique",
        AccountRole::Analyst => "analyste",
        AccountRole::Viewer => "lecteur",
    }
}
