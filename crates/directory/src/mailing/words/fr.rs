//! French.

use contract::rpc::{AccountRole, MemberRole};

use super::{Words, day, time};
use crate::mailing::content::Content;

#[expect(clippy::too_many_lines, reason = "the texts of a language, one after the other")]
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
        Content::ConsentExpiring { organization, app, account, until } => Words {
            subject: format!("Votre consentement à « {app} » prend fin le {}", day(*until)),
            before: vec![
                format!(
                    "L’application « {app} » de « {organization} » peut utiliser le compte « {account} », parce que vous y avez consenti."
                ),
                format!("Cela prend fin le {}. Ensuite, elle n’accède plus à rien de ce compte.", time(*until)),
                "Pour que cela continue, renouvelez le consentement avant cette date. Sinon, vous n’avez rien à faire."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::KeyExpiring { app, client_id, until } => Words {
            subject: format!("Une clé de « {app} » expire le {}", day(*until)),
            before: vec![
                format!("La clé {client_id} de l’application « {app} » expire le {}.", time(*until)),
                "Ensuite, elle n’obtient plus de jetons. Remplacez-la avant, et donnez la nouvelle à vos programmes."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::KeyLeaked { app, client_id } => Words {
            subject: format!("Un secret de « {app} » a fuité, et sa clé a pris fin"),
            before: vec![
                format!(
                    "Quelqu’un a trouvé le secret de la clé {client_id} de l’application « {app} », et l’a signalé."
                ),
                "La clé a pris fin immédiatement : plus personne n’obtient de jetons avec elle.".to_owned(),
                "Créez une autre clé pour vos programmes, et voyez où le secret a été trouvé : l’historique de l’application le dit."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::ConsentPassedOn { by, organization, app } => Words {
            subject: format!("{by} vous demande d’examiner une demande de « {app} »"),
            before: vec![
                format!("L’application « {app} » de « {organization} » demande l’accès à un compte."),
                format!("{by} ne peut pas y consentir et vous transmet la demande."),
            ],
            action: Some("Examiner la demande"),
            after: vec![
                "La demande ne reçoit qu’une réponse, de vous ou d’une autre personne qui l’a reçue.".to_owned(),
                "Si cela ne vous dit rien, vous n’avez rien à faire : sans consentement, l’application n’obtient rien."
                    .to_owned(),
            ],
        },
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
