//! Every page as it looks in some cases, in debug builds: for eyes, for pictures, and for checks by machine.

pub(crate) mod apps;
pub(crate) mod easel;
mod html;
mod pseudo;
pub(crate) mod sample;

use std::sync::Arc;

use ::service::Metrics;
use ::service::http::site;
use ::service::settings::HttpSettings;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use self::easel::Easel;
use self::sample::Sample;
use crate::browser::Browser;
use crate::headers::{self, Https};
use crate::pages::wizard::{details, domains, method, picture, review, service};
use crate::pages::{
    account, activity, app, consents, grants, keys, links, mailed, my_apps, organizations,
    password_reset, problem, request, sessions, sign_in, single_sign_on,
};
use crate::portal::Portal;
use crate::texts::Language;

/// The ways in which a key sample is looked at, beside light and dark, wide and narrow.
const STATES: [&str; 7] =
    ["french", "pseudo", "rtl", "zoomed", "forced-colors", "no-scripts", "print"];

/// The picture of each app that has one: a pixel.
const PICTURE: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90\x77\x53\xde\x00\x00\x00\x0c\x49\x44\x41\x54\x78\xda\x63\x60\x48\xca\x01\x00\x01\x34\x00\xcf\x2a\xf5\xa0\xdd\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// All samples of all pages, a page a line.
fn pages() -> Vec<(&'static str, Vec<Sample>)> {
    vec![
        ("sign_in", sign_in::samples::all()),
        ("single_sign_on", single_sign_on::samples::all()),
        ("password_reset", password_reset::samples::all()),
        ("mailed", mailed::samples::all()),
        ("my_apps", my_apps::samples::all()),
        ("app", app::samples::all()),
        ("keys", keys::samples::all()),
        ("keys_create", keys::create::samples::all()),
        ("links", links::samples::all()),
        ("grants", grants::samples::all()),
        ("activity", activity::samples::all()),
        ("wizard_details", details::samples::all()),
        ("wizard_method", method::samples::all()),
        ("wizard_picture", picture::samples::all()),
        ("wizard_service", service::samples::all()),
        ("wizard_domains", domains::samples::all()),
        ("wizard_review", review::samples::all()),
        ("consents", consents::samples::all()),
        ("request", request::samples::all()),
        ("organizations", organizations::samples::all()),
        ("invitations", organizations::samples::invitations()),
        ("domain_requests", organizations::samples::domain_requests()),
        ("account", account::samples::all()),
        ("sessions", sessions::samples::all()),
        ("problem", problem::samples::all()),
    ]
}

/// The pages that have samples.
#[cfg(test)]
pub(crate) fn page_names() -> impl Iterator<Item = &'static str> {
    pages().into_iter().map(|(page, _)| page)
}

/// A sample as the list names it.
#[derive(Debug, Serialize)]
struct Named {
    name: String,
    path: String,
    /// In which further ways pictures are taken of it.
    states: &'static [&'static str],
}

/// How a sample is shown.
#[derive(Debug, Default, Deserialize)]
struct Shown {
    /// `en`, `fr`, or `pseudo`: English with accents, and longer by two fifths.
    locale: Option<String>,
    /// `rtl`: from right to left.
    dir: Option<String>,
}

/// The samples, at `/gallery/{page}/{sample}`, and their list at `/gallery`. The clock stands still.
pub fn gallery() -> Router {
    let (portal, files) = easel::portal();
    let portal = Arc::new(portal);
    let environment = portal.environment.clone();
    let routes = Router::new()
        .route("/gallery", get(list))
        .route("/gallery/{page}/{sample}", get(show))
        .route("/apps/{id}/picture", get(async || ([(CONTENT_TYPE, "image/png")], PICTURE)))
        .with_state(Arc::clone(&portal))
        .merge(files)
        .layer(from_fn_with_state(Https(false), headers::protect));
    let site = site(routes, &environment, &HttpSettings::default(), &Metrics::default());
    // Outside of what observes requests, so that pages name the same one each time.
    site.layer(from_fn(async |mut request: Request, next: Next| {
        request.headers_mut().insert("x-request-id", HeaderValue::from_static(easel::REQUEST_ID));
        next.run(request).await
    }))
}

async fn list() -> Json<Vec<Named>> {
    let named = |(page, samples): (&'static str, Vec<Sample>)| {
        samples.into_iter().map(move |sample| Named {
            name: format!("{page}/{}", sample.name),
            path: format!("/gallery/{page}/{}", sample.name),
            states: if sample.key { &STATES } else { &[] },
        })
    };
    Json(pages().into_iter().flat_map(named).collect())
}

async fn show(
    State(portal): State<Arc<Portal>>,
    mut browser: Browser,
    Path((page, name)): Path<(String, String)>,
    Query(shown): Query<Shown>,
) -> Response {
    let samples = pages().into_iter().find(|(known, _)| *known == page);
    let sample =
        samples.and_then(|(_, samples)| samples.into_iter().find(|sample| sample.name == name));
    let Some(sample) = sample else { return StatusCode::NOT_FOUND.into_response() };
    let locale = shown.locale.as_deref();
    browser.language = locale.and_then(Language::of_tag).unwrap_or(Language::English);
    let drawn = (sample.draw)(&Easel::new(&portal, &browser));
    if locale == Some("pseudo") || shown.dir.is_some() {
        let (longer, right_to_left) = (locale == Some("pseudo"), shown.dir.is_some());
        return pseudo::change(drawn, longer, right_to_left).await;
    }
    drawn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::Body;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    /// Every sample is drawn, in every language, and is sound as far as its text tells.
    #[tokio::test]
    async fn every_sample_is_a_sound_page_in_every_language() {
        let gallery = gallery();
        let mut faults = Vec::new();
        for (page, samples) in pages() {
            for sample in samples {
                for locale in ["en", "fr", "pseudo"] {
                    let path = format!("/gallery/{page}/{}?locale={locale}", sample.name);
                    let request = Request::get(&path).body(Body::empty()).unwrap();
                    let Ok(response) = gallery.clone().oneshot(request).await;
                    assert!(response.headers().contains_key("content-security-policy"), "{path}");
                    let html = response.into_body().collect().await.unwrap().to_bytes();
                    let html = str::from_utf8(&html).unwrap();
                    let of_it = |fault| format!("{path}: {fault}");
                    faults.extend(html::faults(html).into_iter().map(of_it));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    /// How many bytes an asset is on its way: it is compressed when the program is built (RFC 7932).
    fn compressed(name: &str) -> usize {
        let path = format!("{}/assets/{name}", env!("CARGO_MANIFEST_DIR"));
        let (mut out, parameters) = (Vec::new(), brotli::enc::BrotliEncoderParams::default());
        let mut asset = std::fs::File::open(path).unwrap();
        brotli::BrotliCompress(&mut asset, &mut out, &parameters).unwrap();
        out.len()
    }

    #[tokio::test]
    async fn a_first_visit_weighs_at_most_forty_kilobytes() {
        let assets = compressed("portal.css") + compressed("portal.js");
        let gallery = gallery();
        for (page, samples) in pages() {
            for Sample { name, .. } in samples {
                let path = format!("/gallery/{page}/{name}");
                let request = Request::get(&path).body(Body::empty()).unwrap();
                let Ok(response) = gallery.clone().oneshot(request).await;
                // Pages are not compressed: they can have secrets beside what others chose (BREACH).
                let html = response.into_body().collect().await.unwrap().to_bytes().len();
                assert!(html + assets <= 40_000, "{path}: {html} bytes and {assets} of assets");
            }
        }
    }

    #[test]
    fn no_page_has_two_samples_of_one_name() {
        for (page, samples) in pages() {
            let names: BTreeSet<_> = samples.iter().map(|sample| sample.name).collect();
            assert_eq!(names.len(), samples.len(), "{page}");
        }
    }
}
