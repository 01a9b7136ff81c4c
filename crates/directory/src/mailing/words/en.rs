//! English.

use contract::rpc::{AccountRole, MemberRole};

use super::{Words, day, time};
use crate::mailing::content::Content;

#[expect(clippy::too_many_lines, reason = "the texts of a language, one after the other")]
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
        Content::InviteMember { inviter, organization, role, until } => Words {
            subject: format!("Invitation to “{organization}”"),
            before: vec![format!(
                "{inviter} invites you to become a member of “{organization}”, as {}.",
                member(*role)
            )],
            action: Some("Look at the invitation"),
            after: unless_it_means_nothing(&time(*until)),
        },
        Content::InviteToAccount { inviter, account, role, until } => Words {
            subject: format!("Invitation to the account “{account}”"),
            before: vec![format!(
                "{inviter} invites you to the account “{account}”, as {}.",
                holder(*role)
            )],
            action: Some("Look at the invitation"),
            after: unless_it_means_nothing(&time(*until)),
        },
        Content::DomainRequested { organization, domain, reason } => Words {
            subject: format!("“{organization}” asks for {domain}"),
            before: vec![
                format!("The organization “{organization}” asks for the domain {domain}. Its reason:"),
                format!("“{reason}”"),
                "Grant or decline the request.".to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::DomainAnswered { organization, domain, granted, reason } => {
            let answer = if *granted {
                format!("“{organization}” may ask for the domain {domain} from now on.")
            } else {
                format!("The request of “{organization}” for the domain {domain} was declined.")
            };
            let reason = reason.iter().map(|reason| format!("The reason: “{reason}”"));
            Words {
                subject: format!("Your request for {domain}"),
                before: std::iter::once(answer).chain(reason).collect(),
                action: None,
                after: Vec::new(),
            }
        }
        Content::ConsentExpiring { organization, app, account, until } => Words {
            subject: format!("Your consent to “{app}” ends on {}", day(*until)),
            before: vec![
                format!(
                    "The app “{app}” of “{organization}” may use the account “{account}”, because you consented to it."
                ),
                format!("That ends on {}. From then on it reaches nothing of the account.", time(*until)),
                "If it shall go on, renew the consent before. If not, you need not do anything.".to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::KeyExpiring { app, client_id, until } => Words {
            subject: format!("A key of “{app}” expires on {}", day(*until)),
            before: vec![
                format!("The key {client_id} of the app “{app}” expires on {}.", time(*until)),
                "From then on it gets no tokens. Replace it before, and give your programs the new one."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::KeyLeaked { app, client_id } => Words {
            subject: format!("A secret of “{app}” leaked, and its key has ended"),
            before: vec![
                format!("Somebody has found the secret of the key {client_id} of the app “{app}”, and reported it."),
                "The key has ended at once: nobody gets tokens with it any more.".to_owned(),
                "Make another key for your programs, and look where the secret was found: the history of the app says it."
                    .to_owned(),
            ],
            action: None,
            after: Vec::new(),
        },
        Content::ConsentPassedOn { by, organization, app } => Words {
            subject: format!("{by} asks you to look at a request of “{app}”"),
            before: vec![
                format!("The app “{app}” of “{organization}” asks for access to an account."),
                format!("{by} may not consent to it, and passes the request on to you."),
            ],
            action: Some("Look at the request"),
            after: vec![
                "The request is answered once, by you or by somebody else who got it.".to_owned(),
                "If this means nothing to you, you need not do anything: without consent the app gets nothing."
                    .to_owned(),
            ],
        },
    }
}

fn unless_it_means_nothing(until: &str) -> Vec<String> {
    vec![
        format!("The invitation can be accepted once, until {until}."),
        "If this means nothing to you, you need not do anything: an invitation that nobody accepts just expires."
            .to_owned(),
    ]
}

fn member(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Owner => "an owner",
        MemberRole::Developer => "a developer",
        MemberRole::Auditor => "an auditor",
    }
}

fn holder(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Admin => "an admin",
        AccountRole::BusinessManager => "a business manager",
        AccountRole::TechnicalManager => "a technical manager",
        AccountRole::Analyst => "an analyst",
        AccountRole::Viewer => "a viewer",
    }
}
