//! Keys and tokens.

use serde_json::json;
use uuid::Uuid;

use super::{Entry, changes_nothing, entry, everybody, leaves, members, refused};
use crate::call::Call;
use crate::cast::{Cast, Who};

async fn about_new_key(cast: &Cast) -> Call {
    let key = cast.key().await;
    let id: Uuid = key.client_id.parse().unwrap();
    let call = Call::plain().path("client_id", key.client_id).named("key", id.to_string());
    call.of(&cast.organization.id)
}

/// A request for a token, with this key.
fn request(cast: &Cast, client_id: &str, client_secret: &str) -> Call {
    let caller = cast.anonymous.with_password(client_id, client_secret);
    Call::plain()
        .form("grant_type", "client_credentials")
        .by(caller, cast.actor(Who::App))
        .of(&cast.organization.id)
}

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = keys();
    entries.extend(reports());
    entries.extend(tokens());
    entries
}

fn keys() -> Vec<Entry> {
    vec![
        entry("listKeys", members, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.app.id) })
        }),
        entry("createKey", members, |cast, _| {
            Box::pin(async move {
                let app = cast.active().await;
                Call::plain()
                    .path("id", app.id)
                    .of(&cast.organization.id)
                    .json(json!({ "name": "production" }))
            })
        }),
        entry("getKey", members, |cast, _| Box::pin(about_new_key(cast))),
        entry("renameKey", members, |cast, _| {
            Box::pin(async move { about_new_key(cast).await.json(json!({ "name": "other" })) })
        })
        .with(changes_nothing("to what it is", Who::Owner, |cast, _| {
            Box::pin(async move { about_new_key(cast).await.json(json!({ "name": "a key" })) })
        })),
        entry("deleteKey", members, |cast, _| Box::pin(about_new_key(cast))).with(leaves(
            "at once",
            Who::Developer,
            &["key.deleted"],
            |cast, _| Box::pin(async move { about_new_key(cast).await.query("now", "true") }),
        )),
        entry("replaceKey", members, |cast, _| {
            Box::pin(async move { about_new_key(cast).await.json(json!({})) })
        })
        .with(leaves(
            "by one that expires, at once",
            Who::Developer,
            &["key.created", "key.deleted"],
            |cast, _| {
                Box::pin(async move {
                    let ends = json!({ "old_ends": "now", "expires_at": "2099-01-01T00:00:00Z" });
                    about_new_key(cast).await.json(ends)
                })
            },
        )),
        entry("getAppActivity", members, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.app.id) })
        }),
        entry("findAppActivity", everybody, |cast, _| {
            Box::pin(async move { Call::plain().json(json!({ "ids": [cast.app.id] })) })
        }),
    ]
}

/// A report of a secret, by whoever found it.
fn report(cast: &Cast, secret: &str) -> Call {
    let found =
        json!([{ "token": secret, "url": "https://code.example/config", "source": "commit" }]);
    Call::plain().by(cast.anonymous.clone(), "anonymous").json(found)
}

fn reports() -> Vec<Entry> {
    let of_nobody = entry("reportLeaks", everybody, |cast, _| {
        Box::pin(async move { report(cast, &format!("mandate_cs_{}", "A".repeat(43))).leaves(&[]) })
    });
    let of_a_key =
        leaves("of a key's secret", Who::Stranger, &["key.leaked", "key.deleted"], |cast, _| {
            Box::pin(async move {
                let key = cast.key().await;
                report(cast, &key.client_secret).of(&cast.organization.id)
            })
        });
    let revoked = &["api-token.revoked"];
    let of_an_api_token = leaves("of an API token", Who::Stranger, revoked, |cast, _| {
        Box::pin(async move {
            let person = cast.operator.person("Careless").await;
            let token = person.authorization().unwrap_or_default().replace("Bearer ", "");
            report(cast, &token)
        })
    });
    let ended = &["session.ended"];
    let of_a_session = leaves("of a session's token", Who::Stranger, ended, |cast, _| {
        Box::pin(async move {
            let (_, session) = cast.operator.person("Careless").await.session().await;
            let token = session.authorization().unwrap_or_default().replace("Bearer ", "");
            report(cast, &token)
        })
    });
    vec![
        of_nobody
            .with(of_a_key.followed_by(&["mail.sent"]))
            .with(of_an_api_token)
            .with(of_a_session),
    ]
}

fn tokens() -> Vec<Entry> {
    vec![
        entry("getJwks", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("issueToken", everybody, |cast, _| {
            Box::pin(async move { request(cast, &cast.key.client_id, &cast.key.client_secret) })
        })
        // RFC 6749 section 3.2: unknown parameters are ignored.
        .with(leaves("with unknown parameters", Who::App, &["token.issued"], |cast, _| {
            Box::pin(async move {
                request(cast, &cast.key.client_id, &cast.key.client_secret)
                    .query("misspelt", "1")
                    .form("audience", "https://api.example.com")
            })
        }))
        .with(refused("with a wrong secret", Who::App, 401, &["token.refused"], |cast, _| {
            Box::pin(async move {
                let secret = format!("mandate_cs_{}", "A".repeat(43));
                let call = request(cast, &cast.key.client_id, &secret);
                let (caller, _) = call.by.clone().unwrap();
                call.by(caller, "anonymous")
            })
        }))
        .with(refused("with an unknown key", Who::App, 401, &["token.refused"], |cast, _| {
            Box::pin(async move {
                let id = "0".repeat(32);
                let caller = cast.anonymous.with_password(&id, &cast.key.client_secret);
                Call::plain().form("grant_type", "client_credentials").by(caller, "anonymous")
            })
        }))
        .with(refused(
            "for a scope that is not the app's",
            Who::App,
            400,
            &["token.refused"],
            |cast, _| {
                Box::pin(async move {
                    request(cast, &cast.key.client_id, &cast.key.client_secret)
                        .form("scope", "RetailMedia_Balance_Manage")
                })
            },
        )),
    ]
}
