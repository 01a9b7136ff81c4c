//! Organizations, their members, people.

use futures::future::BoxFuture;
use journeys::people;
use serde_json::json;

use super::{Entry, changes_nothing, entry, everybody, leaves, members, refused};
use crate::call::Call;
use crate::cast::{Cast, Who};

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = organizations();
    entries.extend(of_members());
    entries.extend(people());
    entries.extend(passwords());
    entries
}

/// A call about the organization.
fn about(cast: &Cast) -> Call {
    let id = &cast.organization.id;
    Call::plain().path("id", id).of(id)
}

/// One about another organization of the same members.
async fn about_new(cast: &Cast) -> Call {
    let id = cast.another_organization().await;
    Call::plain().path("id", &id).of(id)
}

fn organizations() -> Vec<Entry> {
    vec![
        entry("listOrganizations", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("createOrganization", everybody, |_, _| {
            Box::pin(async {
                Call::plain().of_what_it_makes().json(json!({
                    "name": "New Apps", "kind": "agency", "country": "IT",
                    "contact_email": "new@people.example",
                }))
            })
        }),
        entry("getOrganization", members, |cast, _| Box::pin(async move { about(cast) })),
        entry("editOrganization", members, |cast, _| {
            Box::pin(async move {
                let name = format!("Example Apps {}", Cast::number());
                about(cast).json(json!({ "name": name })).leaves(&["organization.edited"])
            })
        })
        .with(
            leaves(
                "with another contact address",
                Who::Owner,
                &["organization.edited", "contact-confirmation.requested"],
                |cast, _| {
                    Box::pin(async move {
                        let contact = json!({ "contact_email": "moved@people.example" });
                        about_new(cast).await.json(contact)
                    })
                },
            )
            .followed_by(&["mail.sent"]),
        )
        .with(changes_nothing("to what it is", Who::Owner, |cast, _| {
            Box::pin(async move { about(cast).json(json!({ "country": "FR" })) })
        })),
        entry("confirmOrganizationContact", members, |cast, _| Box::pin(about_new(cast))).with(
            changes_nothing("twice", Who::Operator, |cast, _| Box::pin(async move { about(cast) })),
        ),
        entry("requestContactConfirmation", members, |cast, _| Box::pin(about_new(cast))).with(
            refused("of a confirmed address", Who::Owner, 409, &[], |cast, _| {
                Box::pin(async move { about(cast) })
            }),
        ),
        entry("completeContactConfirmation", everybody, |cast, _| {
            Box::pin(async move {
                let (id, token) = cast.contact_token().await;
                Call::plain()
                    .of(id)
                    .by(cast.anonymous.clone(), "anonymous")
                    .json(json!({ "token": token }))
                    .leaves(&["contact-confirmation.completed", "organization.contact-confirmed"])
            })
        }),
        entry("enableOrganizationDomains", members, |cast, _| {
            Box::pin(async move {
                let domains = json!({ "domains": ["retail_media/accounts:manage"] });
                about_new(cast).await.json(domains)
            })
        })
        .with(changes_nothing("to what they are", Who::Operator, |cast, _| {
            Box::pin(async move { about(cast).json(json!({ "domains": [] })) })
        })),
    ]
}

fn of_members() -> Vec<Entry> {
    vec![
        entry("listMembers", members, |cast, _| Box::pin(async move { about(cast) })),
        entry("getMember", members, |cast, _| {
            Box::pin(async move { about(cast).path("person_id", &cast.organization.developer.id) })
        }),
        entry("addMember", members, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("New Member").await;
                about(cast).json(json!({ "email": person.email, "role": "developer" }))
            })
        }),
        entry("changeMember", members, |cast, _| {
            Box::pin(async move {
                let person = cast.member("developer").await;
                let call = about(cast).path("person_id", person.id);
                call.json(json!({ "role": "auditor" }))
            })
        })
        .with(changes_nothing("to what it is", Who::Owner, |cast, _| {
            Box::pin(async move {
                let developer = &cast.organization.developer;
                let call = about(cast).path("person_id", &developer.id);
                call.json(json!({ "role": "developer" }))
            })
        })),
        // Owners and operators remove others, everybody leaves.
        entry("removeMember", members, |cast, who| {
            Box::pin(async move {
                let role = match who {
                    Who::Auditor => "auditor",
                    _ => "developer",
                };
                let person = cast.member(role).await;
                let call = about(cast).path("person_id", &person.id);
                match who {
                    Who::Developer | Who::Auditor => {
                        call.by((*person).clone(), person.actor()).ends_its_caller()
                    }
                    _ => call,
                }
            })
        })
        .with(refused(
            "somebody else",
            Who::Developer,
            403,
            &["access.refused"],
            |cast, _| {
                Box::pin(async move {
                    let auditor = &cast.organization.auditor;
                    about(cast).path("person_id", &auditor.id)
                })
            },
        )),
    ]
}

fn people() -> Vec<Entry> {
    vec![
        entry("findNames", everybody, |cast, _| {
            Box::pin(async move {
                let (owner, app) = (&cast.organization.owner.id, &cast.app.id);
                Call::plain().json(json!({ "people": [owner], "apps": [app] }))
            })
        }),
        entry("registerPerson", everybody, |_, _| {
            Box::pin(async {
                let email = format!("registered{}@people.example", Cast::number());
                let password = "yet another correct horse";
                Call::plain()
                    .json(json!({ "email": email, "name": "Registered", "password": password }))
            })
        }),
        entry("listPeople", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("getMe", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("exportMe", everybody, |_, _| Box::pin(async { Call::plain() })),
        // By somebody new: the others keep their names.
        entry("editMe", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Renamed").await;
                let edit = json!({ "name": "Of Another Name", "language": "fr" });
                Call::plain().json(edit).by((*person).clone(), person.actor())
            })
        })
        .with(changes_nothing("to what it is", Who::Stranger, |_, _| {
            Box::pin(async { Call::plain().json(json!({ "language": "en" })) })
        })),
        entry("getPerson", everybody, |cast, who| {
            Box::pin(async move { Call::plain().path("id", cast.person_id(who)) })
        })
        .with(refused("of another organization", Who::Foreigner, 404, &[], |cast, _| {
            Box::pin(async move { Call::plain().path("id", cast.person_id(Who::Auditor)) })
        })),
        entry("deactivatePerson", operators, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Gone").await;
                person.session().await;
                let leaves = &["person.deactivated", "api-token.revoked", "session.ended"];
                Call::plain().path("id", &person.id).leaves(leaves)
            })
        })
        .with(refused("a fellow member", Who::Developer, 403, &["access.refused"], fellow_member))
        .with(changes_nothing("twice", Who::Operator, |cast, _| {
            Box::pin(async move { Call::plain().path("id", deactivated(cast).await) })
        })),
        entry("activatePerson", operators, |cast, _| {
            Box::pin(async move { Call::plain().path("id", deactivated(cast).await) })
        })
        .with(refused("a fellow member", Who::Developer, 403, &["access.refused"], fellow_member))
        .with(changes_nothing("who is not deactivated", Who::Operator, |cast, _| {
            Box::pin(async move { Call::plain().path("id", cast.person_id(Who::Stranger)) })
        })),
        entry("revokeOperator", operators, |cast, _| {
            Box::pin(async move { Call::plain().path("id", cast.new_operator().await) })
        })
        .with(refused("a fellow member's", Who::Developer, 403, &["access.refused"], fellow_member))
        .with(changes_nothing("of somebody who is none", Who::Operator, |cast, _| {
            Box::pin(async move { Call::plain().path("id", cast.person_id(Who::Stranger)) })
        })),
    ]
}

/// With another password in place of this one.
fn changing(current: &str) -> Call {
    let new = "yet another correct horse";
    Call::plain().json(json!({ "current_password": current, "new_password": new }))
}

/// Other passwords, and the mails that bring and tell them.
fn passwords() -> Vec<Entry> {
    vec![
        entry("requestPasswordReset", everybody, |cast, _| {
            Box::pin(async move {
                Call::plain()
                    .by(cast.anonymous.clone(), "anonymous")
                    .json(json!({ "email": "nobody@people.example" }))
                    .leaves(&[])
            })
        })
        .with(
            leaves(
                "by an email that somebody has",
                Who::Stranger,
                &["password-reset.requested"],
                |cast, _| {
                    Box::pin(async move {
                        let person = cast.operator.person("Forgetful").await;
                        Call::plain()
                            .by(cast.anonymous.clone(), "anonymous")
                            .json(json!({ "email": person.email }))
                    })
                },
            )
            .followed_by(&["mail.sent"]),
        ),
        entry("completePasswordReset", everybody, |cast, _| {
            Box::pin(async move {
                let (person, token) = cast.forgetful().await;
                let password = "yet another correct horse";
                Call::plain()
                    .by(cast.anonymous.clone(), person.actor())
                    .json(json!({ "token": token, "password": password }))
                    .leaves(&["password-reset.completed", "person.password-changed"])
            })
        })
        .with(
            leaves(
                "of somebody with a session",
                Who::Stranger,
                &["password-reset.completed", "person.password-changed", "session.ended"],
                |cast, _| {
                    Box::pin(async move {
                        let (person, token) = cast.forgetful().await;
                        person.session().await;
                        let password = "yet another correct horse";
                        Call::plain()
                            .by(cast.anonymous.clone(), person.actor())
                            .json(json!({ "token": token, "password": password }))
                    })
                },
            )
            .followed_by(&["mail.sent"]),
        ),
        entry("listMails", everybody, |_, _| Box::pin(async { Call::plain() })),
        // By somebody new: nobody else of the cast is to have another password.
        entry("changePassword", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Changing").await;
                let call = changing(people::PASSWORD).leaves(&["person.password-changed"]);
                call.by((*person).clone(), person.actor())
            })
        })
        .with(
            leaves(
                "with another session",
                Who::Stranger,
                &["person.password-changed", "session.ended"],
                |cast, _| {
                    Box::pin(async move {
                        let person = cast.operator.person("Changing").await;
                        person.session().await;
                        let (_, in_session) = person.session().await;
                        changing(people::PASSWORD).by((*in_session).clone(), person.actor())
                    })
                },
            )
            .followed_by(&["mail.sent"]),
        )
        .with(refused(
            "by a wrong password",
            Who::Stranger,
            422,
            &["sign-in.refused"],
            |cast, _| {
                Box::pin(async move {
                    let person = cast.operator.person("Guessing").await;
                    changing("a wrong horse").by((*person).clone(), person.actor())
                })
            },
        )),
    ]
}

/// Nobody else sees the person.
fn operators(who: Who) -> bool {
    who == Who::Operator
}

/// About somebody whom the organization's members see.
fn fellow_member(cast: &Cast, _: Who) -> BoxFuture<'_, Call> {
    Box::pin(async move { Call::plain().path("id", cast.person_id(Who::Owner)) })
}

/// Somebody new who is deactivated: their id.
async fn deactivated(cast: &Cast) -> String {
    let person = cast.operator.person("Away").await;
    cast.operator.act(&format!("/v1/people/{}/deactivate", person.id)).await.expect(200);
    person.id
}
