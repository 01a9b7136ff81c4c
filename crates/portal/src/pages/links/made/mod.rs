//! A link just made: its address, this once.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{AppId, LinkId};

use super::row::Row;
use super::{Said, Typed};
use crate::api::context::{self, AppContext};
use crate::api::links::{self, CreatedLink, NewLink};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::chip::Chip;
use crate::parts::copy::Copy;
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::texts::Texts;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/links/made/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    app: AppId,
    link: LinkId,
    made: Chip,
    expires: Time,
    told: Option<Told<'a>>,
}

/// What is told once.
struct Told<'a> {
    copy: Copy<'a>,
    /// What can be sent with it.
    mail: String,
}

/// `POST /apps/{id}/links`: the answer is the page with the address, which no other page has.
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Form(typed): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    // First all that can fail without a loss: the address is told once.
    let context = match context::read(&portal, &browser, &token, id).await {
        Ok(context) => context,
        Err(error) => return failed(error),
    };
    let link = NewLink {
        label: Some(typed.label.trim()).filter(|label| !label.is_empty()),
        expires_in_days: typed.valid.parse().ok(),
        grant_lifetime_days: typed.lasts.parse().ok(),
    };
    let made = links::create(&portal.api, &browser, &token, &typed.key, id, &link).await;
    let refused = match made {
        Ok(made) => return draw(&portal, &browser, &context, &made),
        Err(ApiError::Refused(refused)) => refused,
        Err(error) => return failed(error),
    };
    let Some(said) = said(browser.language.texts(), &refused) else {
        return failed(ApiError::Refused(refused));
    };
    match links::list(&portal.api, &browser, &token, id, None).await {
        Ok(links) => {
            super::draw(&portal, &browser, refused.status, &context, &links, &typed, &said)
        }
        Err(error) => failed(error),
    }
}

/// What the form says of a refusal, if it is one that can be mended there.
pub(super) fn said(t: &Texts, refused: &Refused) -> Option<Said> {
    let error = match refused.code.as_str() {
        _ if !refused.errors.is_empty() => None,
        "organization-not-confirmed" => Some(t.links_unconfirmed()),
        "app-not-active" => Some(t.links_not_active()),
        "too-many-open-links" => Some(t.links_too_many()),
        _ => return None,
    };
    let mut faults = Faults::of(t, refused);
    for field in ["expires_in_days", "grant_lifetime_days"] {
        faults = faults.in_words(field, t.links_days_wrong());
    }
    Some(Said { faults, error })
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    context: &AppContext,
    made: &CreatedLink,
) -> Response {
    let AppContext { me, app, .. } = context;
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let t = frame.t;
    let row = Row::of(&made.link, &frame, browser.now);
    let told = made.url.as_deref().map(|url| Told {
        copy: Copy {
            t,
            id: "url",
            label: t.links_url(),
            hint: Some(t.links_url_hint()),
            value: url,
        },
        mail: mail(t, &app.name, url, &row.expires.day()),
    });
    let page = Page {
        title: &t.links_made_for(row.name(t)),
        app: app.id,
        link: made.link.id,
        // It is on its way to the log.
        made: Chip { t, position: None, event: None, at: row.made },
        expires: row.expires,
        told,
        frame,
    };
    respond::page(StatusCode::CREATED, browser.language, &page)
}

/// A mail that asks for access. Without the marks that keep the direction of what was put in: mail programs show them as
/// boxes, and make them a part of the address.
fn mail(t: &Texts, app: &str, url: &str, until: &str) -> String {
    let parts =
        [t.links_mail_hello(), t.links_mail_before(app), url.to_owned(), t.links_mail_after(until)];
    parts.join("\n\n").replace(['\u{2068}', '\u{2069}'], "")
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::texts::Language;

    #[test]
    fn the_mail_has_the_address_on_a_line_of_its_own_and_nothing_that_cannot_be_seen() {
        for language in Language::ALL {
            let mail = mail(language.texts(), "Shelf Report", "https://x.example/c", "12 Dec 2026");
            assert!(mail.lines().any(|line| line == "https://x.example/c"), "{mail}");
            assert!(mail.contains("Shelf Report") && mail.contains("12 Dec 2026"), "{mail}");
            assert!(!mail.contains('\u{2068}'), "{mail}");
        }
    }

    #[test]
    fn a_refusal_that_can_be_mended_is_said_beside_the_form_and_no_other() {
        let t = Language::English.texts();
        let refused = |code: &str| Refused {
            status: StatusCode::CONFLICT,
            code: code.to_owned(),
            retry_after: None,
            ..Refused::default()
        };
        for code in ["organization-not-confirmed", "app-not-active", "too-many-open-links"] {
            let error = said(t, &refused(code)).and_then(|said| said.error);
            assert!(error.is_some_and(|error| !error.contains(code)), "{code}");
        }
        assert!(said(t, &refused("role-not-allowed")).is_none());
    }
}
