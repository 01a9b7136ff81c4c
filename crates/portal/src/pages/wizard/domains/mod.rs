//! What the app may do: a level for each domain of its service.

mod rows;
#[cfg(debug_assertions)]
pub(crate) mod samples;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, OrganizationId};
use serde_json::json;

use self::rows::{Offer, Row, rows};
use self::selection::{Acted, Selection, level_of, read, settle, written};
use crate::api::apps::{self, App, AppOperation};
use crate::api::catalogue::{self, Service};
use crate::api::{ApiError, organizations};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::Frame;
use crate::parts::rail::{Rail, Step};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/wizard/domains/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rail: Rail,
    app: AppId,
    organization: OrganizationId,
    service: &'a str,
    service_name: &'a str,
    rows: Vec<Row>,
    has_acted: bool,
    /// What was there before rules acted.
    undo: String,
    is_empty: bool,
}

/// What a page is drawn of.
struct Drawn {
    app: App,
    service: Service,
    enabled: Vec<String>,
}

/// `GET /apps/{id}/domains`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    match look_up(&portal, SignedIn { browser: browser.clone(), token }, id).await {
        Ok(Ok(drawn)) => {
            let selection = saved(&drawn.app);
            let none = Faults::default();
            draw(&portal, &browser, StatusCode::OK, &drawn, &selection, &[], String::new(), &none)
        }
        Ok(Err(elsewhere)) => elsewhere,
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/domains`: goes on if the rules leave what was chosen as it is; if not, shows first what they do.
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<BTreeMap<String, String>>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let asking = SignedIn { browser: browser.clone(), token: token.clone() };
    let drawn = match look_up(&portal, asking, id).await {
        Ok(Ok(drawn)) => drawn,
        Ok(Err(elsewhere)) => return elsewhere,
        Err(error) => return failed(error),
    };
    let none = Faults::default();
    if let Some(undo) = typed.get("undo") {
        let selection = read(undo);
        return draw(
            &portal,
            &browser,
            StatusCode::OK,
            &drawn,
            &selection,
            &[],
            String::new(),
            &none,
        );
    }
    let of_service = |(name, level): (&String, &String)| {
        let known = drawn.service.domains.contains_key(name);
        known.then(|| Some((name.clone(), level_of(level)?))).flatten()
    };
    let chosen: Selection = typed.iter().filter_map(of_service).collect();
    let name = drawn.app.service.as_deref().unwrap_or_default();
    let organization = drawn.app.organization_id;
    let resolved =
        catalogue::resolve(&portal.api, &browser, &token, organization, name, &chosen).await;
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(error) => return failed(error),
    };
    let settled = settle(&saved(&drawn.app), &chosen, &resolved);
    if !settled.acted.is_empty() {
        let undo = written(&chosen);
        let status = StatusCode::OK;
        return draw(
            &portal,
            &browser,
            status,
            &drawn,
            &settled.selection,
            &settled.acted,
            undo,
            &none,
        );
    }
    // A draft may be left without domains for now; it does not go on so, and what was saved before stays.
    if chosen.is_empty() && !typed.contains_key("next") {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(&portal, &browser, status, &drawn, &chosen, &[], String::new(), &none);
    }
    let domains: Vec<_> =
        chosen.iter().map(|(domain, level)| json!({ "domain": domain, "level": level })).collect();
    match apps::change(&portal.api, &browser, &token, id, json!({ "domains": domains })).await {
        Ok(_) if typed.contains_key("next") => see_other("/apps"),
        Ok(_) => see_other(&format!("/apps/{id}/review")),
        Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
            let faults = Faults::of_domains(browser.language.texts(), &refused);
            draw(&portal, &browser, refused.status, &drawn, &chosen, &[], String::new(), &faults)
        }
        Err(error) => failed(error),
    }
}

/// What was saved of a draft.
fn saved(app: &App) -> Selection {
    app.domains.iter().map(|asked| (asked.domain.clone(), asked.level)).collect()
}

/// The draft with what its service offers; or the page that comes first.
async fn look_up(
    portal: &Portal,
    SignedIn { browser, token }: SignedIn,
    id: AppId,
) -> Result<Result<Drawn, Response>, ApiError> {
    let app = apps::get(&portal.api, &browser, &token, id).await?;
    if !app.allowed.contains(&AppOperation::Edit) {
        return Ok(Err(see_other(&format!("/apps/{id}"))));
    }
    let Some(name) = &app.service else {
        return Ok(Err(see_other(&format!("/apps/{id}/service"))));
    };
    let (mut catalogue, organization) = futures::try_join!(
        portal.catalogue.read(&browser, &token),
        organizations::get(&portal.api, &browser, &token, app.organization_id),
    )?;
    let service = catalogue.services.remove(name);
    let service = service.ok_or_else(|| ApiError::missing("the draft's service"))?;
    let prefix = format!("{name}/");
    let enabled = organization.enabled_domains.iter().filter_map(|one| one.strip_prefix(&prefix));
    let enabled = enabled.map(str::to_owned).collect();
    Ok(Ok(Drawn { app, service, enabled }))
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    drawn: &Drawn,
    selection: &Selection,
    acted: &[Acted],
    undo: String,
    faults: &Faults,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let t = frame.t;
    let title = t.wizard_domains_question();
    let page = Page {
        title: &title,
        rail: Rail::at(t, Step::Domains, Some(drawn.app.id)),
        app: drawn.app.id,
        organization: drawn.app.organization_id,
        service: &drawn.service.title,
        service_name: drawn.app.service.as_deref().unwrap_or_default(),
        rows: rows(t, &drawn.service, &drawn.enabled, selection, acted, faults),
        has_acted: !acted.is_empty(),
        undo,
        is_empty: status == StatusCode::UNPROCESSABLE_ENTITY && selection.is_empty(),
        frame,
    };
    respond::page(status, browser.language, &page)
}

impl Page<'_> {
    /// Where the organization asks for a level of the service.
    fn ask(&self, level: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("domain", &format!("{}/{level}", self.service_name));
        format!("/organizations/{}/domain-requests/new?{}", self.organization, query.finish())
    }
}
