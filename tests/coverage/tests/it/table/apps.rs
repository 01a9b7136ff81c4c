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

fn looks() -> Vec<Entry> {
    vec![
        entry("getCatalogue", everybody, |_, _| Box::pin(async { Call::plain() })),
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
