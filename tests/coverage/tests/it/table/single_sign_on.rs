//! Identity providers of organizations, and signing in there.

use serde_json::{Value, json};
use stage::IdentityProvider;

use super::{Entry, changes_nothing, entry, everybody, leaves, members, refused};
use crate::call::Call;
use crate::cast::{Cast, MOST_SESSIONS, Who};

/// How a provider is set up, of which nothing is asked.
fn setup(issuer: &str, domain: &str) -> Value {
    let [client_id, client_secret] = IdentityProvider::client();
    json!({
        "issuer": issuer, "client_id": client_id, "client_secret": client_secret,
        "domains": [domain], "default_role": "developer",
    })
}

/// A domain that nobody else gets.
fn domain() -> String {
    format!("corp{}.example", Cast::number())
}

/// A call about another organization of the same members, which has a provider; and its domain.
async fn with_provider(cast: &Cast) -> (Call, String) {
    let (id, domain) = (cast.another_organization().await, domain());
    let path = format!("/v1/organizations/{id}/identity-provider");
    let owner = cast.client(Who::Owner);
    owner.put(&path, setup("https://idp.example.com", &domain)).await.expect(200);
    (Call::plain().path("id", &id).of(id), domain)
}

/// A call that completes a sign-in of somebody with this email, at the provider that is asked.
async fn completing(cast: &Cast, email: &str) -> Call {
    let sso = cast.single_sign_on().await;
    let (id, body) = sso.returned(cast, email).await;
    Call::plain().path("id", id).json(body).of(&sso.organization)
}

/// Somebody whom the provider knows, and whom we know: their email, and how events name them.
async fn known(cast: &Cast) -> (String, String) {
    let sso = cast.single_sign_on().await;
    let email = format!("known{}@{}", Cast::number(), sso.domain);
    let session = sso.sign_in(cast, &email).await;
    let me = cast.anonymous.with_token(&session).get("/v1/people/me").await.expect(200);
    (email, format!("user/{}", me.field("id")))
}

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = of_providers();
    entries.extend(of_sign_ins());
    entries
}

fn of_providers() -> Vec<Entry> {
    vec![
        entry("getIdentityProvider", members, |cast, _| {
            Box::pin(async move { with_provider(cast).await.0 })
        }),
        entry("putIdentityProvider", members, |cast, _| {
            Box::pin(async move {
                let id = cast.another_organization().await;
                let call = Call::plain().path("id", &id).of(id);
                let call = call.leaves(&["identity-provider.configured"]);
                call.json(setup("https://idp.example.com", &domain()))
            })
        })
        .with(leaves(
            "with another issuer",
            Who::Owner,
            &["identity-provider.removed", "identity-provider.configured"],
            |cast, _| {
                Box::pin(async move {
                    let (call, domain) = with_provider(cast).await;
                    call.json(setup("https://another.example.com", &domain))
                })
            },
        ))
        .with(changes_nothing("to what it is", Who::Owner, |cast, _| {
            Box::pin(async move {
                let (call, domain) = with_provider(cast).await;
                call.json(setup("https://idp.example.com", &domain))
            })
        })),
        entry("confirmIdentityProviderDomains", members, |cast, _| {
            Box::pin(async move {
                let (call, domain) = with_provider(cast).await;
                call.json(json!({ "domains": [domain] }))
            })
        })
        .with(changes_nothing("to what they are", Who::Operator, |cast, _| {
            Box::pin(async move {
                let (call, _) = with_provider(cast).await;
                call.json(json!({ "domains": [] }))
            })
        })),
        entry("removeIdentityProvider", members, |cast, _| {
            Box::pin(async move { with_provider(cast).await.0 })
        })
        .with(changes_nothing("that there is not", Who::Owner, |cast, _| {
            Box::pin(async move {
                let id = cast.another_organization().await;
                Call::plain().path("id", &id).of(id)
            })
        })),
    ]
}

fn of_sign_ins() -> Vec<Entry> {
    vec![
        entry("beginSignIn", everybody, |cast, _| {
            Box::pin(async move {
                let organization = &cast.single_sign_on().await.organization;
                Call::plain().json(json!({ "organization_id": organization }))
            })
        }),
        entry("completeSignIn", everybody, |cast, _| {
            Box::pin(async move {
                let (email, actor) = known(cast).await;
                let call = completing(cast, &email).await.by(cast.anonymous.clone(), actor);
                call.leaves(&["sign-in.accepted", "session.created"])
            })
        })
        .with(leaves(
            "by somebody new",
            Who::Stranger,
            &[
                "person.registered",
                "person.identity-linked",
                "membership.granted",
                "sign-in.accepted",
                "session.created",
            ],
            |cast, _| {
                Box::pin(async move {
                    let email =
                        format!("new{}@{}", Cast::number(), cast.single_sign_on().await.domain);
                    let call = completing(cast, &email).await.opens_a_session();
                    call.by(cast.anonymous.clone(), "anonymous")
                })
            },
        ))
        .with(leaves(
            "beyond as many sessions as one can have",
            Who::Stranger,
            &["sign-in.accepted", "session.ended", "session.created"],
            |cast, _| {
                Box::pin(async move {
                    let (email, actor) = known(cast).await;
                    let sso = cast.single_sign_on().await;
                    for _ in 1..MOST_SESSIONS {
                        sso.sign_in(cast, &email).await;
                    }
                    completing(cast, &email).await.by(cast.anonymous.clone(), actor)
                })
            },
        ))
        .with(refused(
            "by somebody else than who began it",
            Who::Stranger,
            403,
            &["sign-in.refused"],
            |cast, _| {
                Box::pin(async move {
                    let sso = cast.single_sign_on().await;
                    let email = format!("victim{}@{}", Cast::number(), sso.domain);
                    let (id, mut body) = sso.returned(cast, &email).await;
                    body["binding"] = json!("mandate_sib_another");
                    let call = Call::plain().path("id", id).json(body).of(&sso.organization);
                    call.by(cast.anonymous.clone(), "anonymous")
                })
            },
        )),
    ]
}
