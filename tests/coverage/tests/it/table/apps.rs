//! Apps, their images, the catalogue.

use journeys::people::{self, App, RETAIL_MEDIA};
use serde_json::json;

use super::{Entry, entry, everybody, leaves, members, refused};
use crate::call::Call;
use crate::cast::{Cast, PNG, Who};

fn about(cast: &Cast, app: &App) -> Call {
    Call::plain().path("id", &app.id).of(&cast.organization.id)
}

async fn act(cast: &Cast, app: &App, step: &str) {
    let path = format!("/v1/apps/{}/{step}", app.id);
    cast.operator.act(&path).await.expect(200);
}

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = drafts();
    entries.extend(lives());
    entries.extend(looks());
    entries.extend(redirect_uris());
    entries
}

fn drafts() -> Vec<Entry> {
    vec![
        entry("createApp", members, |cast, _| {
            Box::pin(async move {
                Call::plain()
                    .of(&cast.organization.id)
                    .json(people::draft(&cast.organization, RETAIL_MEDIA))
            })
        }),
        entry("editApp", members, |cast, _| {
            Box::pin(async move {
                let draft = cast.draft().await;
                about(cast, &draft).json(json!({ "description": "Another." }))
            })
        }),
        entry("setAppImage", members, |cast, _| {
            Box::pin(async move {
                let draft = cast.draft().await;
                about(cast, &draft).bytes("image/png", PNG)
            })
        }),
        entry("removeAppImage", members, |cast, _| {
            Box::pin(async move {
                let draft = cast.draft().await;
                let path = format!("/v1/apps/{}/image", draft.id);
                let put = cast.organization.developer.put_bytes(&path, "image/png", PNG.to_vec());
                put.await.expect(200);
                about(cast, &draft)
            })
        }),
        entry("activateApp", members, |cast, _| {
            Box::pin(async move { about(cast, &cast.draft().await) })
        }),
    ]
}

fn lives() -> Vec<Entry> {
    vec![
        entry("suspendApp", members, |cast, _| {
            Box::pin(async move { about(cast, &cast.active().await) })
        }),
        entry("resumeApp", members, |cast, _| {
            Box::pin(async move {
                let app = cast.active().await;
                act(cast, &app, "suspend").await;
                about(cast, &app)
            })
        }),
        entry("archiveApp", members, |cast, _| {
            Box::pin(async move { about(cast, &cast.draft().await) })
        })
        .with(
            leaves("with keys, links and grants", Who::Owner, &["app.archived"], |cast, _| {
                Box::pin(async move {
                    let (app, _) = cast.granted().await;
                    for _ in 0..2 {
                        cast.organization.developer.key(&app).await;
                    }
                    cast.link(&app).await;
                    about(cast, &app)
                })
            })
            .followed_by(&[
                "consent-link.revoked",
                "consent.revoked",
                "key.deleted",
                "key.deleted",
            ]),
        ),
    ]
}

/// A new draft that authenticates by authorization code.
async fn by_code(cast: &Cast) -> App {
    let mut body = people::draft(&cast.organization, RETAIL_MEDIA);
    body["authentication_method"] = json!("authorization_code");
    let created = cast.organization.developer.post("/v1/apps", body).await.expect(201);
    App { id: created.field("id") }
}

fn redirect_uris() -> Vec<Entry> {
    vec![
        entry("listRedirectUris", members, |cast, _| {
            Box::pin(async move { about(cast, &by_code(cast).await) })
        })
        .with(refused("of an app that has none", Who::Owner, 409, &[], |cast, _| {
            Box::pin(async move { about(cast, &cast.app) })
        })),
        entry("getRedirectUri", members, |cast, _| {
            Box::pin(async move {
                let app = by_code(cast).await;
                let path = format!("/v1/apps/{}/redirect-uris", app.id);
                let new = json!({ "uri": "https://app.example.com/callback" });
                let added = cast.organization.developer.post(&path, new).await.expect(201);
                about(cast, &app).path("redirect_uri_id", added.field("id"))
            })
        }),
        entry("addRedirectUri", members, |cast, _| {
            Box::pin(async move {
                let app = by_code(cast).await;
                about(cast, &app).json(json!({ "uri": "https://app.example.com/callback" }))
            })
        }),
        entry("removeRedirectUri", members, |cast, _| {
            Box::pin(async move {
                let app = by_code(cast).await;
                let path = format!("/v1/apps/{}/redirect-uris", app.id);
                let new = json!({ "uri": "https://app.example.com/callback" });
                let added = cast.organization.developer.post(&path, new).await.expect(201);
                about(cast, &app).path("redirect_uri_id", added.field("id"))
            })
        }),
        entry("changeAppPkce", members, |cast, _| {
            Box::pin(async move {
                let app = by_code(cast).await;
                about(cast, &app).json(json!({ "required": false }))
            })
        }),
    ]
}

fn looks() -> Vec<Entry> {
    vec![
        entry("getCatalogue", everybody, |_, _| {
            Box::pin(async { Call::plain().query("lang", "fr") })
        }),
        entry("resolveSelection", everybody, |_, _| {
            Box::pin(async {
                let domains = json!([{ "domain": "accounts", "level": "manage" }]);
                Call::plain().json(json!({ "service": RETAIL_MEDIA, "domains": domains }))
            })
        })
        .with(refused("for another organization", Who::Foreigner, 404, &[], |cast, _| {
            Box::pin(async move {
                let organization_id = &cast.organization.id;
                Call::plain().json(json!({
                    "service": RETAIL_MEDIA, "domains": [], "organization_id": organization_id,
                }))
            })
        })),
        entry("listApps", everybody, |_, _| Box::pin(async { Call::plain() })).with(refused(
            "of another organization",
            Who::Foreigner,
            404,
            &[],
            |cast, _| {
                Box::pin(
                    async move { Call::plain().query("organization_id", &cast.organization.id) },
                )
            },
        )),
        entry("getApp", members, |cast, _| Box::pin(async move { about(cast, &cast.app) })),
        entry("getAppImage", everybody, |cast, _| Box::pin(async move { about(cast, &cast.app) }))
            .with(refused(
                "of another organization's draft",
                Who::Foreigner,
                404,
                &[],
                |cast, _| {
                    Box::pin(async move {
                        let draft = cast.draft().await;
                        let path = format!("/v1/apps/{}/image", draft.id);
                        let developer = &cast.organization.developer;
                        let put = developer.put_bytes(&path, "image/png", PNG.to_vec());
                        put.await.expect(200);
                        about(cast, &draft)
                    })
                },
            )),
    ]
}
