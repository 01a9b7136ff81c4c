//! A new key: its name, and when it ends.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AppId;
use serde::Deserialize;

use super::made;
use crate::api::apps::{self, App, AppOperation};
use crate::api::keys;
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::field::Field;
use crate::parts::moment::{Kind, Moment};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/keys/create/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: &'a App,
    /// Makes the key once, however often the form is sent.
    key: &'a str,
    name: Field<'a>,
    expires: Moment<'a>,
    error: Option<String>,
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    key: String,
    #[serde(default)]
    name: String,
    /// The day on which the key ends, if it does.
    #[serde(default)]
    expires: String,
}

/// What is said of a form that was refused.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) faults: Faults,
    pub(super) error: Option<String>,
}

/// `GET /apps/{id}/keys/new`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
) -> Response {
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
    );
    match read {
        Ok((_, app)) if !app.allowed.contains(&AppOperation::CreateKey) => {
            see_other(&format!("/apps/{id}/keys"))
        }
        Ok((me, app)) => {
            let key = browser.facts.request_id.clone();
            let typed = Typed { key, name: String::new(), expires: String::new() };
            draw(&portal, &browser, &me, StatusCode::OK, &app, &typed, &Said::default())
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /apps/{id}/keys/new`: the answer is the page with the secret, which no other page has.
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    // First all that can fail without a loss: the secret is told once.
    let read = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        apps::get(&portal.api, &browser, &token, id),
    );
    let (me, app) = match read {
        Ok(read) => read,
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    let t = browser.language.texts();
    let expires = Kind::Day.read(&typed.expires);
    if expires.is_none() && !typed.expires.trim().is_empty() {
        let mut said = Said::default();
        said.faults.set("expires_at", t.keys_no_day());
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(&portal, &browser, &me, status, &app, &typed, &said);
    }
    let new = (typed.name.as_str(), expires);
    match keys::create(&portal.api, &browser, &token, &typed.key, id, new).await {
        Ok(created) => made::draw(&portal, &browser, &me, &app, &created, None),
        Err(ApiError::Refused(refused)) => match said(t, &refused) {
            Some(said) => draw(&portal, &browser, &me, refused.status, &app, &typed, &said),
            None => Failed::page(&portal, &browser, &Method::POST, &ApiError::Refused(refused)),
        },
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// What a form for a key says of a refusal, if it is one that can be mended.
pub(super) fn said(t: &Texts, refused: &Refused) -> Option<Said> {
    let error = match refused.code.as_str() {
        _ if !refused.errors.is_empty() => None,
        "too-many-keys" => Some(match refused.retry_after {
            Some(seconds) => t.keys_too_many_for_now(seconds.div_ceil(60)),
            None => t.keys_too_many(),
        }),
        "app-not-active" => Some(t.keys_not_active()),
        _ => return None,
    };
    let is_range = refused.errors.iter().all(|fault| fault.code == "out_of_range");
    let mut faults = Faults::of(t, refused);
    if is_range {
        faults = faults.in_words("old_ends", t.keys_old_ends_wrong());
        faults = faults.in_words("expires_at", t.keys_expires_wrong());
    }
    Some(Said { faults, error })
}

/// The field for the day on which a new key ends.
pub(super) fn expires<'a>(t: &Texts, value: &'a str, said: &'a Said) -> Moment<'a> {
    Moment {
        name: "expires",
        kind: Kind::Day,
        label: t.keys_expires(),
        optional: Some(t.wizard_optional()),
        hint: t.keys_expires_hint(),
        value,
        error: said.faults.on("expires_at"),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    app: &App,
    typed: &Typed,
    said: &Said,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let page = Page {
        title: &t.keys_create(),
        app,
        key: &typed.key,
        name: Field {
            name: "name",
            label: t.wizard_name(),
            optional: None,
            hint: Some(t.keys_name_hint()),
            value: &typed.name,
            max: 100,
            rows: 1,
            error: said.faults.on("name"),
        },
        expires: expires(t, &typed.expires, said),
        error: said.error.clone(),
        frame,
    };
    respond::page(status, browser.language, &page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::easel::read;
    use crate::texts::Language;

    fn refused(code: &str, retry_after: Option<u64>, errors: serde_json::Value) -> Refused {
        let status = StatusCode::CONFLICT;
        Refused {
            status,
            code: code.to_owned(),
            retry_after,
            errors: read(errors),
            ..Refused::default()
        }
    }

    #[test]
    fn an_app_with_all_its_keys_is_told_when_the_next_may_be_made_if_that_comes_by_itself() {
        let t = Language::English.texts();
        let sentence = |after| {
            let refused = refused("too-many-keys", after, serde_json::json!([]));
            said(t, &refused).and_then(|said| said.error).unwrap_or_default()
        };
        assert!(sentence(None).contains("Delete one first"));
        assert!(sentence(Some(541)).contains("10"), "{}", sentence(Some(541)));
        assert!(
            sentence(Some(60)).contains("in \u{2068}a minute\u{2069}"),
            "{}",
            sentence(Some(60))
        );
    }

    #[test]
    fn an_end_that_cannot_be_is_told_in_words_of_its_own_and_what_cannot_be_mended_not_at_all() {
        let t = Language::English.texts();
        let errors = serde_json::json!([{ "field": "old_ends", "code": "out_of_range" }]);
        let found = said(t, &refused("invalid-request", None, errors)).unwrap_or_default();
        assert_eq!(found.faults.on("old_ends"), Some(&*t.keys_old_ends_wrong()));
        assert!(said(t, &refused("key-deleted", None, serde_json::json!([]))).is_none());
    }
}
