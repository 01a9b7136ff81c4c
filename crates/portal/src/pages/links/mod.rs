//! The consent links of an app: asking for access, and what has become of each request.
//!
//! A link's address is a secret: it is told once, by `made`. `one` is the course of a link with its accounts, `revoke`
//! ends it before it is used, `row` is what both lists and pages say of it.

pub(crate) mod made;
pub(crate) mod one;
pub(crate) mod revoke;
mod row;
#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, LinkId};
use serde::Deserialize;

use self::row::Row;
use crate::api::apps::AppOperation;
use crate::api::catalogue::Service;
use crate::api::context::{self, AppContext};
use crate::api::links::{self, Links};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::parts::field::Field;
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;

/// For how many days links and consents are offered, where fewer than the most are wanted.
const SHORTER_LINKS: [u32; 2] = [7, 1];
const SHORTER_CONSENTS: [u32; 3] = [90, 30, 7];

#[derive(Template)]
#[template(path = "pages/links/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: AppId,
    form: Option<Form<'a>>,
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// What a new link is asked for with.
struct Form<'a> {
    /// Makes the link once, however often the form is sent.
    key: &'a str,
    label: Field<'a>,
    valid: &'a str,
    valid_error: Option<&'a str>,
    lasts: &'a str,
    lasts_error: Option<&'a str>,
    /// For how many days consents last at most.
    most: Option<u32>,
}

/// What is typed of a new link.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    key: String,
    #[serde(default)]
    label: String,
    /// For how many days the link can be used; empty for as many as may be.
    #[serde(default)]
    valid: String,
    /// For how many days the consents last; empty for as many as the catalogue says.
    #[serde(default)]
    lasts: String,
}

/// Which links, and which of them is to be made once more.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    cursor: Option<String>,
    again: Option<LinkId>,
}

/// What is said of a form that was refused.
#[derive(Debug, Default)]
struct Said {
    faults: Faults,
    error: Option<String>,
}

/// `GET /apps/{id}/links`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Query(asked): Query<Asked>,
) -> Response {
    let read = futures::try_join!(
        context::read(&portal, &browser, &token, id),
        links::list(&portal.api, &browser, &token, id, asked.cursor.as_deref()),
    );
    match read {
        Ok((context, links)) => {
            let again = links.items.iter().find(|link| Some(link.id) == asked.again);
            let label = again.and_then(|link| link.label.clone()).unwrap_or_default();
            let key = browser.facts.request_id.clone();
            let typed = Typed { key, label, ..Typed::default() };
            draw(&portal, &browser, StatusCode::OK, &context, &links, &typed, &Said::default())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    context: &AppContext,
    links: &Links,
    typed: &Typed,
    said: &Said,
) -> Response {
    let AppContext { me, app, catalogue } = context;
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let service = app.service.as_ref().and_then(|name| catalogue.services.get(name));
    let may_create = app.allowed.contains(&AppOperation::CreateLink);
    let form = may_create.then(|| Form {
        key: &typed.key,
        label: Field {
            name: "label",
            label: frame.t.links_for_whom(),
            optional: None,
            hint: Some(frame.t.links_for_whom_hint()),
            value: &typed.label,
            max: 255,
            rows: 1,
            error: said.faults.on("label"),
        },
        valid: &typed.valid,
        valid_error: said.faults.on("expires_in_days"),
        lasts: &typed.lasts,
        lasts_error: said.faults.on("grant_lifetime_days"),
        most: service.and_then(Service::lifetime),
    });
    let page = Page {
        title: &frame.t.app_links_of(app.name.as_str()),
        head: AppHead::new(
            frame.t,
            app,
            catalogue.title_of(app.service.as_deref(), frame.t),
            Tab::Links,
        ),
        app: app.id,
        form,
        error: said.error.clone(),
        rows: links.items.iter().map(|link| Row::of(link, &frame, browser.now)).collect(),
        next: links.next_cursor.as_deref().map(|cursor| older(app.id, cursor)),
        frame,
    };
    respond::page(status, browser.language, &page)
}

fn older(app: AppId, cursor: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
    format!("/apps/{app}/links?{query}#all")
}

impl Form<'_> {
    /// What can be chosen beside the longest consents: whatever is shorter.
    fn shorter(&self) -> impl Iterator<Item = u32> {
        let most = self.most;
        SHORTER_CONSENTS.into_iter().filter(move |days| most.is_none_or(|most| *days < most))
    }

    fn is_valid_for(&self, days: u32) -> bool {
        self.valid == days.to_string()
    }

    fn is_lasting(&self, days: u32) -> bool {
        self.lasts == days.to_string()
    }
}
