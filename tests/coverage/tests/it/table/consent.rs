//! Consent links, their answer, grants, and what an app's token reaches.

use journeys::people::{Link, RETAIL_MEDIA};
use serde_json::json;

use super::{Entry, changes_nothing, entry, everybody, holders, leaves, members, refused};
use crate::call::Call;
use crate::cast::{Cast, Who};

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = links();
    entries.extend(requests());
    entries.extend(grants());
    entries
}

fn about_link(cast: &Cast, link: &Link) -> Call {
    Call::plain().path("id", &link.id).of(&cast.organization.id)
}

/// A call of whoever holds the link.
fn with_link(cast: &Cast, link: &Link) -> Call {
    Call::plain().path("token", &link.token).named("link", &link.id).of(&cast.organization.id)
}

fn links() -> Vec<Entry> {
    vec![
        entry("getConsentActivity", members, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.app.id) })
        }),
        entry("findConsentActivity", everybody, |cast, _| {
            Box::pin(async move { Call::plain().json(json!({ "ids": [cast.app.id] })) })
        }),
        entry("listConsentLinks", members, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.app.id) })
        }),
        entry("createConsentLink", members, |cast, _| {
            Box::pin(async move {
                Call::plain()
                    .path("id", &cast.app.id)
                    .of(&cast.organization.id)
                    .json(json!({ "label": "a customer" }))
            })
        }),
        entry("previewConsent", members, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.draft().await.id) })
        }),
        entry("getConsentLink", members, |cast, _| {
            Box::pin(async move { about_link(cast, &cast.link(&cast.app).await) })
        }),
        entry("listConsentLinkAccounts", members, |cast, _| {
            Box::pin(async move { about_link(cast, &cast.used_link().await) })
        }),
        entry("revokeConsentLink", members, |cast, _| {
            Box::pin(async move { about_link(cast, &cast.link(&cast.app).await) })
        })
        .with(changes_nothing("twice", Who::Developer, |cast, who| {
            Box::pin(async move {
                let link = cast.link(&cast.app).await;
                let path = format!("/v1/consent-links/{}", link.id);
                cast.client(who).delete(&path).await.expect(204);
                about_link(cast, &link)
            })
        })),
    ]
}

/// Approval by those who hold a role on the account; operators hold none.
fn only_holders(who: Who) -> bool {
    matches!(who, Who::Holder(_))
}

fn requests() -> Vec<Entry> {
    vec![
        entry("openConsentRequest", everybody, |cast, who| {
            Box::pin(async move {
                let call = with_link(cast, &cast.link(&cast.app).await);
                if who.is_member() {
                    call.leaves(&[])
                } else {
                    call.leaves(&["consent-link.opened"])
                }
            })
        })
        .with(changes_nothing("again", Who::Stranger, |cast, _| {
            Box::pin(async move {
                let link = cast.link(&cast.app).await;
                cast.account.admin().open(&link).await.expect(200);
                with_link(cast, &link)
            })
        })),
        entry("listSelectableAccounts", everybody, |cast, _| {
            Box::pin(async move { with_link(cast, &cast.link(&cast.app).await) })
        }),
        // The accounts are in the body, so one that the caller does not see is a wrong field.
        approval().unseen(422),
        passing_on(),
        entry("denyConsentRequest", everybody, |cast, _| {
            Box::pin(async move { with_link(cast, &cast.link(&cast.app).await) })
        })
        .with(
            refused("with a used link", Who::Stranger, 409, &["access.refused"], |cast, _| {
                Box::pin(async move { with_link(cast, &cast.used_link().await) })
            })
            .because("link_already_used"),
        ),
    ]
}

/// Nobody sees the account but its holders, and to those whose own role may consent it is no use.
fn passing_on() -> Entry {
    fn nobody(_: Who) -> bool {
        false
    }
    entry("passConsentRequestOn", nobody, |cast, _| {
        Box::pin(async move {
            let app = cast.active().await;
            let body =
                json!({ "account_id": cast.account.id, "person_id": cast.account.admin().id });
            with_link(cast, &cast.link(&app).await).json(body)
        })
    })
    .unseen(422)
    .with(
        refused("with a used link", Who::Holder("viewer"), 409, &["access.refused"], |cast, _| {
            Box::pin(async move {
                let body =
                    json!({ "account_id": cast.account.id, "person_id": cast.account.admin().id });
                with_link(cast, &cast.used_link().await).json(body)
            })
        })
        .because("link_already_used"),
    )
}

fn approval() -> Entry {
    entry("approveConsentRequest", only_holders, |cast, _| {
        Box::pin(async move {
            let app = cast.active().await;
            with_link(cast, &cast.link(&app).await)
                .json(json!({ "accounts": [cast.account.id] }))
                .leaves(&["consent-link.redeemed", "consent.granted"])
        })
    })
    .with(leaves(
        "for two accounts",
        Who::Holder("admin"),
        &["consent-link.redeemed", "consent.granted", "consent.granted"],
        |cast, _| {
            Box::pin(async move {
                let second = cast.operator.account(RETAIL_MEDIA, &[]).await;
                let admin = cast.account.admin();
                cast.operator.assign(&second, admin, "admin").await;
                let app = cast.active().await;
                with_link(cast, &cast.link(&app).await)
                    .json(json!({ "accounts": [cast.account.id, second.id] }))
            })
        },
    ))
    .with(leaves(
        "for all accounts",
        Who::Holder("business_manager"),
        &["consent-link.redeemed", "consent.granted"],
        |cast, _| {
            Box::pin(async move {
                let app = cast.active().await;
                with_link(cast, &cast.link(&app).await).json(json!({ "all": { "q": "CORNER" } }))
            })
        },
    ))
    .with(leaves(
        "for an account that has consented",
        Who::Holder("admin"),
        &["consent-link.redeemed"],
        |cast, _| {
            Box::pin(async move {
                with_link(cast, &cast.link(&cast.app).await)
                    .json(json!({ "accounts": [cast.account.id] }))
            })
        },
    ))
    .with(
        refused("with a used link", Who::Holder("admin"), 409, &["access.refused"], |cast, _| {
            Box::pin(async move {
                with_link(cast, &cast.used_link().await)
                    .json(json!({ "accounts": [cast.account.id] }))
            })
        })
        .because("link_already_used"),
    )
}

/// Members see grants to their apps, holders those of their accounts.
fn members_and_holders(who: Who) -> bool {
    members(who) || holders(who)
}

fn grants() -> Vec<Entry> {
    vec![
        entry("listGrants", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("revokeAppGrants", holders, |cast, _| {
            Box::pin(async move {
                let (app, _) = cast.granted().await;
                // Whoever has no live grant of an app is not told that it is there.
                Call::plain()
                    .query("app_id", app.id)
                    .of(&cast.organization.id)
                    .leaves(&["consent.revoked"])
                    .ends_its_caller()
            })
        }),
        entry("renewGrant", members_and_holders, |cast, _| {
            Box::pin(async move {
                let (_, grant) = cast.granted().await;
                Call::plain().path("id", grant).of(&cast.organization.id)
            })
        })
        .with(refused("after its end", Who::Holder("admin"), 409, &[], |cast, who| {
            Box::pin(async move {
                let (_, grant) = cast.granted().await;
                let path = format!("/v1/grants/{grant}");
                cast.client(who).delete(&path).await.expect(204);
                Call::plain().path("id", grant).of(&cast.organization.id)
            })
        })),
        entry("getConsentReceipt", members_and_holders, |cast, _| {
            Box::pin(async move {
                let (_, grant) = cast.granted().await;
                Call::plain().path("id", grant).of(&cast.organization.id)
            })
        }),
        entry("revokeGrant", members_and_holders, |cast, _| {
            Box::pin(async move {
                let (_, grant) = cast.granted().await;
                Call::plain().path("id", grant).of(&cast.organization.id)
            })
        })
        .with(changes_nothing("twice", Who::Holder("admin"), |cast, who| {
            Box::pin(async move {
                let (_, grant) = cast.granted().await;
                let path = format!("/v1/grants/{grant}");
                cast.client(who).delete(&path).await.expect(204);
                Call::plain().path("id", grant).of(&cast.organization.id)
            })
        })),
        entry("listMyAccounts", everybody, |_, _| Box::pin(async { Call::plain() })),
    ]
}
