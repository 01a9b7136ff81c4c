//! What pages say, and what they leave out.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::gallery::gallery;
use crate::texts::Language;

/// A sample as it is answered.
async fn sample(path: &str) -> (StatusCode, String) {
    let request = Request::get(format!("/gallery/{path}")).body(Body::empty()).unwrap();
    let Ok(response) = gallery().oneshot(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Without the marks by which Fluent isolates what it puts in.
fn plain(text: &str) -> String {
    text.replace(['\u{2068}', '\u{2069}'], "")
}

#[tokio::test]
async fn a_secret_is_told_once_with_a_file_and_a_request_that_uses_it() {
    let (status, page) = sample("keys_create/made").await;
    assert_eq!(status, StatusCode::CREATED);
    let secret = "mandate_cs_Vw8q2LrC0yXn5sTfJ7hKdP3eBzGm9uAiR4oQ6tYcE1N";
    assert!(page.contains(&format!("client_secret%3D{secret}%0D%0Atoken_url%3Dhttps%3A%2F%2F")));
    assert!(page.contains(&format!("  -d client_secret={secret}")));
    assert!(page.contains(&format!("value=\"{secret}\"")));
}

#[tokio::test]
async fn a_form_that_was_sent_twice_has_no_secret_and_leads_to_the_one_thing_to_do() {
    let (_, key) = sample("keys_create/made_before").await;
    assert!(!key.contains("mandate_cs_"));
    assert!(key.contains("/keys/8f3c1b07d92e4a5c86e0f7b41d20a902/replace\""));
    let (_, link) = sample("links/made_before").await;
    assert!(!link.contains("mandate_cl_"));
    let id = "0195b2a0-0000-7000-8000-000000000601";
    assert!(link.contains(&format!("/links?again={id}\"")));
    assert!(link.contains(&format!("/links/{id}/revoke\"")));
}

#[tokio::test]
async fn what_is_not_allowed_is_not_offered() {
    let (_, page) = sample("links/suspended").await;
    assert!(!page.contains("name=\"label\""));
    for (keys, may_create) in [("suspended", false), ("longest", false), ("typical", true)] {
        let (_, page) = sample(&format!("keys/{keys}")).await;
        assert_eq!(page.contains("/keys/new\""), may_create, "{keys}");
    }
    let (_, page) = sample("app/archived").await;
    for ending in ["/suspend", "/resume", "/archive"] {
        assert!(!page.contains(&format!("{ending}\"")), "{ending}");
    }
    // A key that is ending can only end sooner.
    let (_, page) = sample("keys/delete_ending").await;
    assert!(page.contains("value=\"now\" checked") && !page.contains("value=\"grace\""));
}

#[tokio::test]
async fn six_days_and_most_of_another_are_seven() {
    let (_, page) = sample("consents/typical").await;
    assert!(plain(&page).contains("in 7\u{a0}days"), "{page}");
}

#[tokio::test]
async fn a_request_to_somebody_without_an_account_can_only_be_denied() {
    for (request, may_review) in [("empty", false), ("nothing_chosen", true)] {
        let (_, page) = sample(&format!("request/{request}")).await;
        assert_eq!(page.contains("value=\"review\""), may_review, "{request}");
        assert_eq!(page.contains("type=\"search\""), may_review, "{request}");
        assert!(page.contains("value=\"deny\""), "{request}");
    }
}

#[tokio::test]
async fn only_a_name_that_is_another_is_the_field_s_fault() {
    for (review, is_invalid) in [("other_name", true), ("unconfirmed", false)] {
        let (status, page) = sample(&format!("wizard_review/{review}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(page.contains("aria-invalid"), is_invalid, "{review}");
        assert!(page.contains("class=\"error\""), "{review}");
    }
}

#[tokio::test]
async fn whoever_types_another_name_archives_nothing() {
    let (status, page) = sample("app/archive_other_name").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Nothing was archived.") && page.contains("aria-invalid"));
}

#[tokio::test]
async fn an_app_that_has_nothing_yet_ends_nothing_in_either_language() {
    let (_, english) = sample("app/new").await;
    assert!(plain(&english).contains("Ends no key, no open link and no grant, for good."));
    // French counts nothing as one: a text that writes the numeral itself would say one key.
    let french = Language::French.texts();
    let ended = plain(&french.app_archive_what(0, 0, 0, "0"));
    assert!(!ended.contains('1') && ended.contains("0 clé,"), "{ended}");
    let stopped = plain(&french.app_suspend_what(0, 0, "0"));
    assert!(!stopped.contains('1') && stopped.contains("0 compte "), "{stopped}");
}

#[tokio::test]
async fn what_ends_with_an_app_is_counted_in_groups_of_three() {
    let (_, page) = sample("app/longest").await;
    let page = plain(&page);
    assert!(page.contains("10,000 grants, for good."));
    assert!(page.contains("the access to 10,000 accounts"));
}
