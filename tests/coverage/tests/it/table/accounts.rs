//! Accounts, the roles on them, API tokens.

use serde_json::json;
use stage::Method;

use super::{Entry, changes_nothing, entry, everybody, holders, leaves, refused};
use crate::call::Call;
use crate::cast::{Cast, PASSWORD, Who};

/// The first line of a file of accounts.
const HEAD: &str = "account_name,kind,service,external_id,email,role";

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = accounts();
    entries.extend(roles());
    entries.extend(api_tokens());
    entries
}

fn about(cast: &Cast) -> Call {
    Call::plain().path("id", &cast.account.id)
}

fn file(lines: &[String]) -> Call {
    let text = format!("{HEAD}\n{}\n", lines.join("\n"));
    Call::plain().bytes("text/csv", text)
}

fn accounts() -> Vec<Entry> {
    vec![
        entry("listAccounts", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("createAccount", everybody, |_, _| {
            Box::pin(async {
                Call::plain().json(
                    json!({ "name": "Kiosk", "kind": "publisher", "service": "retail_media" }),
                )
            })
        }),
        entry("getAccount", holders, |cast, _| Box::pin(async move { about(cast) })),
        entry("importAccounts", everybody, |cast, _| {
            Box::pin(async move {
                let holder = cast.operator.person("Imported").await;
                let (a, b) = (Cast::number(), Cast::number());
                file(&[
                    format!("Bakery,advertiser,retail_media,I-{a},{},admin", holder.email),
                    format!("Butcher,advertiser,retail_media,I-{b},,"),
                ])
                .leaves(&[
                    "account.created",
                    "account.created",
                    "account-role.granted",
                ])
            })
        })
        .with(leaves(
            "of what is known",
            Who::Operator,
            &["account.edited", "account-role.changed"],
            |cast, _| {
                Box::pin(async move {
                    let holder = cast.operator.person("Imported").await;
                    let line = |name: &str, id: u32, role: &str| {
                        let email = &holder.email;
                        format!("{name},advertiser,retail_media,I-{id},{email},{role}")
                    };
                    let id = Cast::number();
                    let first = format!("{HEAD}\n{}\n", line("Florist", id, "viewer"));
                    let request = cast
                        .operator
                        .request(Method::POST, "/v1/accounts/import")
                        .header("content-type", "text/csv")
                        .body(first);
                    request.send().await.expect(200);
                    file(&[line("Garden Centre", id, "analyst")])
                })
            },
        ))
        .with(changes_nothing("dry", Who::Operator, |_, _| {
            Box::pin(async {
                let line = format!("Grocer,advertiser,retail_media,I-{},,", Cast::number());
                file(&[line]).query("dry_run", "true")
            })
        })),
    ]
}

fn roles() -> Vec<Entry> {
    vec![
        entry("listAccountRoles", holders, |cast, _| Box::pin(async move { about(cast) })),
        entry("putAccountRole", holders, |cast, _| {
            Box::pin(async move {
                // Whom only an operator gives a first role.
                let person = cast.holder("viewer").await;
                let call = about(cast).path("person_id", person.id);
                call.json(json!({ "role": "analyst" })).leaves(&["account-role.changed"])
            })
        })
        .with(leaves("the first", Who::Operator, &["account-role.granted"], |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("New Holder").await;
                let call = about(cast).path("person_id", person.id);
                call.json(json!({ "role": "viewer" }))
            })
        }))
        .with(refused("of a stranger", Who::Holder("admin"), 404, &[], |cast, _| {
            Box::pin(async move {
                let call = about(cast).path("person_id", cast.person_id(Who::Stranger));
                call.json(json!({ "role": "viewer" }))
            })
        }))
        .with(changes_nothing("the same", Who::Operator, |cast, _| {
            Box::pin(async move {
                let viewer = cast.account.person("viewer");
                let call = about(cast).path("person_id", &viewer.id);
                call.json(json!({ "role": "viewer" }))
            })
        })),
        entry("revokeAccountRole", holders, |cast, _| {
            Box::pin(async move {
                let person = cast.holder("viewer").await;
                about(cast).path("person_id", person.id)
            })
        }),
    ]
}

/// A new token of this caller's: its id.
async fn token(cast: &Cast, who: Who) -> String {
    let made = cast.client(who).post("/v1/api-tokens", json!({ "name": "short-lived" })).await;
    made.expect(201).field("id")
}

fn api_tokens() -> Vec<Entry> {
    vec![
        entry("listApiTokens", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("createApiToken", everybody, |_, _| {
            Box::pin(async {
                Call::plain().json(json!({ "name": "laptop" })).leaves(&["api-token.created"])
            })
        })
        .with(leaves(
            "by password",
            Who::Stranger,
            &["sign-in.accepted", "api-token.created"],
            |cast, _| {
                Box::pin(async move {
                    let (id, email) = cast.with_password().await;
                    let caller = cast.anonymous.with_password(&email, PASSWORD);
                    Call::plain().json(json!({ "name": "laptop" })).by(caller, format!("user/{id}"))
                })
            },
        ))
        .with(refused(
            "by a wrong password",
            Who::Stranger,
            401,
            &["sign-in.refused"],
            |cast, _| {
                Box::pin(async move {
                    let (_, email) = cast.with_password().await;
                    let caller = cast.anonymous.with_password(&email, "a wrong horse");
                    Call::plain().json(json!({ "name": "laptop" })).by(caller, "anonymous")
                })
            },
        ))
        .with(refused(
            "by nobody's password",
            Who::Stranger,
            401,
            &["sign-in.refused"],
            |cast, _| {
                Box::pin(async move {
                    let email = "nobody@people.example";
                    let caller = cast.anonymous.with_password(email, PASSWORD);
                    Call::plain().json(json!({ "name": "laptop" })).by(caller, "anonymous")
                })
            },
        )),
        // By somebody new: nobody else of the cast is to have too many.
        entry("getApiToken", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Looking").await;
                let made = person.post("/v1/api-tokens", json!({ "name": "laptop" })).await;
                let call = Call::plain().path("id", made.expect(201).field("id"));
                call.by((*person).clone(), person.actor())
            })
        })
        .with(refused("somebody else's", Who::Foreigner, 404, &[], |cast, _| {
            Box::pin(async move { Call::plain().path("id", token(cast, Who::Owner).await) })
        })),
        // By somebody new: whoever calls has no token any more.
        entry("revokeAllApiTokens", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Careful").await;
                let second = json!({ "name": "second" });
                person.post("/v1/api-tokens", second).await.expect(201);
                let leaves = &["api-token.revoked", "api-token.revoked"];
                let call = Call::plain().leaves(leaves).ends_its_caller();
                call.by((*person).clone(), person.actor())
            })
        }),
        entry("revokeApiToken", everybody, |cast, who| {
            Box::pin(async move {
                let call = Call::plain().path("id", token(cast, who).await);
                call.leaves(&["api-token.revoked"])
            })
        })
        .with(refused("somebody else's", Who::Foreigner, 404, &[], |cast, _| {
            Box::pin(async move { Call::plain().path("id", token(cast, Who::Owner).await) })
        }))
        .with(leaves(
            "somebody else's, by an operator",
            Who::Operator,
            &["api-token.revoked"],
            |cast, _| {
                Box::pin(async move { Call::plain().path("id", token(cast, Who::Owner).await) })
            },
        ))
        .with(changes_nothing("twice", Who::Owner, |cast, who| {
            Box::pin(async move {
                let id = token(cast, who).await;
                let path = format!("/v1/api-tokens/{id}");
                cast.client(who).delete(&path).await.expect(204);
                Call::plain().path("id", id)
            })
        })),
    ]
}
