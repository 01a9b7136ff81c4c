//! Another password, by who knows the one until now.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/account/password/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    said: &'a Said,
}

/// What is typed. It is never drawn again.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
}

/// What is said of a form that was refused.
#[derive(Debug, Default)]
pub(super) struct Said {
    faults: Faults,
    error: Option<String>,
}

/// `GET /account/password`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => draw(&portal, &browser, &me, StatusCode::OK, &Said::default()),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /account/password`
pub(crate) async fn change(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(Typed { current_password, new_password }): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let (current, new) = (current_password.as_str(), new_password.as_str());
    let refused = match people::change_password(&portal.api, &browser, &token, current, new).await {
        Ok(()) => return see_other("/account?done=password"),
        Err(ApiError::Refused(refused)) => refused,
        Err(error) => return failed(error),
    };
    let Some(said) = said(browser.language.texts(), &refused) else {
        return failed(ApiError::Refused(refused));
    };
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => draw(&portal, &browser, &me, refused.status, &said),
        Err(error) => failed(error),
    }
}

/// What the form says of a refusal, if it is one that can be mended there.
pub(super) fn said(t: &Texts, refused: &Refused) -> Option<Said> {
    if refused.status == StatusCode::TOO_MANY_REQUESTS {
        let minutes = refused.retry_after.unwrap_or(60).div_ceil(60);
        return Some(Said { error: Some(t.sign_in_locked(minutes)), ..Said::default() });
    }
    if refused.errors.is_empty() {
        return None;
    }
    let is_unchanged = refused.errors.iter().any(|fault| fault.code == "unchanged");
    let mut faults = Faults::of(t, refused);
    faults = faults.in_words("current_password", t.account_password_wrong());
    if is_unchanged {
        faults = faults.in_words("new_password", t.account_password_same());
    }
    Some(Said { faults, error: None })
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    said: &Said,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let page = Page { title: &frame.t.account_password(), said, frame };
    respond::page(status, browser.language, &page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gallery::easel::read;
    use crate::texts::Language;

    #[test]
    fn each_refusal_is_told_where_it_can_be_mended() {
        let t = Language::English.texts();
        let refused = |status, errors| Refused {
            status,
            code: "invalid-request".to_owned(),
            retry_after: Some(61),
            errors: read(errors),
            ..Refused::default()
        };
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        let wrong = json!([{ "field": "current_password", "code": "wrong" }]);
        let wrong = said(t, &refused(unprocessable, wrong)).unwrap();
        assert_eq!(wrong.faults.on("current_password"), Some(&*t.account_password_wrong()));
        let same = json!([{ "field": "new_password", "code": "unchanged" }]);
        let same = said(t, &refused(unprocessable, same)).unwrap();
        assert_eq!(same.faults.on("new_password"), Some(&*t.account_password_same()));
        let locked = said(t, &refused(StatusCode::TOO_MANY_REQUESTS, json!([]))).unwrap();
        assert_eq!(locked.error, Some(t.sign_in_locked(2)));
        assert!(said(t, &refused(StatusCode::CONFLICT, json!([]))).is_none());
    }
}
