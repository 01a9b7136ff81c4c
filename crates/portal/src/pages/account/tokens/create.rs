//! A new API token: its name, when it ends, and then the token, once.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::api::api_tokens::{self, NewApiToken};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::copy::Copy;
use crate::parts::field::Field;
use crate::parts::moment::{Kind, Moment};
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::texts::Texts;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/account/tokens/create.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    name: Field<'a>,
    expires: Moment<'a>,
    error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "pages/account/tokens/made.html")]
struct Made<'a> {
    frame: Frame<'a>,
    title: &'a str,
    token: Copy<'a>,
    ends: Option<Time>,
}

/// What is typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(in crate::pages::account) name: String,
    /// The day on which the token ends, if it is to end before it has to.
    #[serde(default)]
    pub(in crate::pages::account) expires: String,
}

/// What is said of a form that was refused.
#[derive(Debug, Default)]
pub(in crate::pages::account) struct Said {
    faults: Faults,
    error: Option<String>,
}

/// `GET /account/tokens/new`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => {
            let (typed, said) = (Typed::default(), Said::default());
            draw(&portal, &browser, &me, StatusCode::OK, &typed, &said)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /account/tokens/new`: the answer is the page with the token, which no other page has.
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(typed): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    // First all that can fail without a loss: the token is told once.
    let me = match people::me(&portal.api, &browser, &token).await {
        Ok(me) => me,
        Err(error) => return failed(error),
    };
    let t = browser.language.texts();
    let expires = Kind::Day.read(&typed.expires);
    if expires.is_none() && !typed.expires.trim().is_empty() {
        let mut said = Said::default();
        said.faults.set("expires_at", t.keys_no_day());
        return draw(&portal, &browser, &me, StatusCode::UNPROCESSABLE_ENTITY, &typed, &said);
    }
    match api_tokens::create(&portal.api, &browser, &token, &typed.name, expires).await {
        Ok(made) => draw_made(&portal, &browser, &me, &made),
        Err(ApiError::Refused(refused)) => match said(t, &refused) {
            Some(said) => draw(&portal, &browser, &me, refused.status, &typed, &said),
            None => failed(ApiError::Refused(refused)),
        },
        Err(error) => failed(error),
    }
}

/// What the form says of a refusal, if it is one that can be mended.
pub(in crate::pages::account) fn said(t: &Texts, refused: &Refused) -> Option<Said> {
    let error = match refused.code.as_str() {
        _ if !refused.errors.is_empty() => None,
        "too-many-api-tokens" => Some(t.account_tokens_too_many()),
        _ => return None,
    };
    let faults = Faults::of(t, refused).in_words("expires_at", t.account_token_expires_wrong());
    Some(Said { faults, error })
}

pub(in crate::pages::account) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    typed: &Typed,
    said: &Said,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let t = frame.t;
    let page = Page {
        title: &t.account_token_create(),
        name: Field {
            name: "name",
            label: t.wizard_name(),
            optional: None,
            hint: Some(t.account_token_name_hint()),
            value: &typed.name,
            max: 100,
            rows: 1,
            error: said.faults.on("name"),
        },
        expires: Moment {
            name: "expires",
            kind: Kind::Day,
            label: t.account_token_expires(),
            optional: Some(t.wizard_optional()),
            hint: t.account_token_expires_hint(),
            value: &typed.expires,
            error: said.faults.on("expires_at"),
        },
        error: said.error.as_deref(),
        frame,
    };
    respond::page(status, browser.language, &page)
}

pub(in crate::pages::account) fn draw_made(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    made: &NewApiToken,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let t = frame.t;
    let page = Made {
        title: &t.account_token_made(made.record.name.as_str()),
        token: Copy {
            t,
            id: "token",
            label: t.account_token(),
            hint: Some(t.account_token_use()),
            value: &made.token,
        },
        ends: made.record.expires_at.map(|at| frame.time(at)),
        frame,
    };
    respond::page(StatusCode::CREATED, browser.language, &page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gallery::easel::read;
    use crate::texts::Language;

    #[test]
    fn a_refusal_that_can_be_mended_is_told_and_no_other() {
        let t = Language::English.texts();
        let refused = |code: &str, errors| Refused {
            status: StatusCode::CONFLICT,
            code: code.to_owned(),
            retry_after: None,
            errors: read(errors),
            ..Refused::default()
        };
        let full = said(t, &refused("too-many-api-tokens", json!([]))).unwrap();
        assert_eq!(full.error, Some(t.account_tokens_too_many()));
        let late = json!([{ "field": "expires_at", "code": "out_of_range" }]);
        let late = said(t, &refused("invalid-request", late)).unwrap();
        assert_eq!(late.faults.on("expires_at"), Some(&*t.account_token_expires_wrong()));
        assert!(said(t, &refused("role-not-allowed", json!([]))).is_none());
    }
}
