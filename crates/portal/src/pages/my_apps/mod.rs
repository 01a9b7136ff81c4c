//! My apps: those of one of the person's organizations.

mod life;
#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use contract::ids::{AppId, OrganizationId};
use contract::rpc::AppState;
use serde::Deserialize;

use self::life::{Lives, lives};
use crate::api::apps::{self, App, Apps};
use crate::api::catalogue::Catalogue;
use crate::api::keys;
use crate::api::people::{self, Me, Membership};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::method;
use crate::parts::pattern::Pattern;
use crate::parts::states::StateOf;
use crate::parts::switcher::Switcher;
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/my_apps/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    switcher: Option<Switcher<'a>>,
    organization: Option<&'a Membership>,
    cards: Vec<Card>,
    archived: usize,
    with_archived: bool,
    next: Option<String>,
}

/// An app as a card shows it.
struct Card {
    id: AppId,
    name: String,
    picture: Option<Pattern>,
    state: StateOf,
    method: String,
    service: String,
    life: String,
    /// The step of the wizard that a draft comes to next.
    next: Option<&'static str>,
}

/// Which apps.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    organization: Option<OrganizationId>,
    cursor: Option<String>,
    #[serde(default)]
    archived: Option<String>,
}

/// `GET /apps`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::GET, &error);
    let whose = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        portal.catalogue.read(&browser, &token),
    );
    let (me, catalogue) = match whose {
        Ok(answers) => answers,
        Err(error) => return failed(error),
    };
    let wanted = |membership: &&Membership| {
        asked.organization.is_none_or(|wanted| membership.organization_id == wanted)
    };
    let organization = me.memberships.iter().find(wanted);
    if organization.is_none() && asked.organization.is_some() {
        return Failed::not_found(&portal, &browser);
    }
    let listed = match organization {
        Some(Membership { organization_id, .. }) => {
            let cursor = asked.cursor.as_deref();
            match apps::list(&portal.api, &browser, &token, *organization_id, cursor).await {
                Ok(listed) => listed,
                Err(error) => return failed(error),
            }
        }
        None => Apps { items: Vec::new(), next_cursor: None },
    };
    let ids: Vec<_> = listed.items.iter().filter(|app| lives(app)).map(|app| app.id).collect();
    match keys::activities(&portal.api, &browser, &token, &ids).await {
        Ok(lives) => {
            let list = List { listed, lives: Lives(lives) };
            draw(&portal, &browser, &me, &catalogue, organization, list, asked.archived.is_some())
        }
        Err(error) => failed(error),
    }
}

/// A page of apps, and what they do.
struct List {
    listed: Apps,
    lives: Lives,
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    catalogue: &Catalogue,
    organization: Option<&Membership>,
    List { listed, lives }: List,
    with_archived: bool,
) -> Response {
    let archived = |app: &App| app.state == AppState::Archived;
    let hidden = listed.items.iter().filter(|app| archived(app)).count();
    let shown = listed.items.into_iter().filter(|app| with_archived || !archived(app));
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let cards = shown.map(|app| Card::of(app, &lives, &frame, catalogue, browser)).collect();
    let title = frame.t.my_apps_title();
    let page = Page {
        frame,
        title: &title,
        switcher: organization.and_then(|here| {
            Switcher::of(browser.language.texts(), me, here, |id| {
                format!("/apps?organization={id}")
            })
        }),
        organization,
        cards,
        archived: hidden,
        with_archived,
        next: listed.next_cursor,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

/// `GET /apps/{id}/picture`: pages load nothing but what is ours, so the API's picture comes through here.
pub(crate) async fn picture(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    match apps::image(&portal.api, &browser, &token, id).await {
        Ok((kind, bytes)) => picture_of(kind, bytes),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

fn picture_of(kind: HeaderValue, bytes: Bytes) -> Response {
    // The bytes are a stranger's: shown as a picture or not at all.
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    ([(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy)], bytes).into_response()
}

impl Card {
    fn of(
        app: App,
        lives: &Lives,
        frame: &Frame<'_>,
        catalogue: &Catalogue,
        browser: &Browser,
    ) -> Self {
        let t = frame.t;
        let life = match app.state {
            AppState::Draft => t.my_apps_life_draft(if app.service.is_none() { 2 } else { 3 }),
            AppState::Active | AppState::Suspended => lives.line(app.id, browser),
            AppState::Archived => {
                t.my_apps_life_since(Time::new(app.created_at, frame.language).day())
            }
        };
        let next = match (app.state, &app.service) {
            (AppState::Draft, None) => Some("service"),
            (AppState::Draft, Some(_)) => Some("domains"),
            _ => None,
        };
        Self {
            id: app.id,
            next,
            picture: (!app.has_image).then(|| Pattern::of(&app.id.to_string())),
            state: StateOf::new(t, app.state),
            method: method::name(t, app.authentication_method),
            service: app.service.map_or_else(|| t.no_service_yet(), |name| catalogue.title(&name)),
            name: app.name,
            life,
        }
    }
}

impl Card {
    /// Where it goes on: a draft in the wizard.
    fn address(&self) -> String {
        let id = self.id;
        match self.next {
            Some(step) => format!("/apps/{id}/{step}"),
            None => format!("/apps/{id}"),
        }
    }
}

impl Page<'_> {
    /// Where a new app of this organization begins.
    fn new_app(&self) -> String {
        match self.organization {
            Some(membership) => format!("/apps/new?organization={}", membership.organization_id),
            None => "/apps/new".to_owned(),
        }
    }

    /// The address of this list, with or without what is archived, from there on.
    fn address(&self, archived: bool, cursor: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(organization) = self.organization {
            query.append_pair("organization", &organization.organization_id.to_string());
        }
        if archived {
            query.append_pair("archived", "shown");
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        format!("/apps?{}", query.finish())
    }
}
