use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;

/// A server on loopback, and where.
async fn server() -> SocketAddr {
    let routes = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/away", get(|| async { Redirect::temporary("/") }))
        .route("/large", get(|| async { "x".repeat(2000) }))
        .route("/never", get(std::future::pending::<()>));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn ask(reachable: &[&str], url: String) -> Result<Response<Vec<u8>>, OutgoingError> {
    let settings = OutgoingSettings {
        reachable: reachable.iter().map(|text| text.parse().unwrap()).collect(),
        timeout_seconds: 2,
        max_body_bytes: 1024,
    };
    Outgoing::new(settings).send(Request::get(url).body(Vec::new()).unwrap()).await
}

#[tokio::test]
async fn only_what_is_listed_is_reached_on_loopback() {
    let port = server().await.port();
    let (by_address, by_name) =
        (format!("http://127.0.0.1:{port}/"), format!("http://localhost:{port}/"));
    for (reachable, url) in [(vec!["127.0.0.0/8"], &by_address), (vec!["localhost"], &by_name)] {
        let answer = ask(&reachable, url.clone()).await.unwrap();
        assert_eq!((answer.status(), answer.body().as_slice()), (StatusCode::OK, &b"here"[..]));
    }
    for (reachable, url) in [
        (vec![], by_address.clone()),
        (vec!["10.0.0.0/8"], by_address.clone()),
        (vec!["localhost"], by_address),
        (vec![], by_name.clone()),
        // The name of a listed address is no listed host: it needs https.
        (vec!["127.0.0.0/8"], by_name),
        (vec![], format!("http://2130706433:{port}/")),
        (vec![], format!("http://[::ffff:127.0.0.1]:{port}/")),
    ] {
        assert_eq!(ask(&reachable, url).await.unwrap_err(), OutgoingError::Forbidden);
    }
}

#[tokio::test]
async fn what_a_name_stands_for_is_checked_when_it_is_resolved() {
    let refused = ask(&[], "https://localhost/".to_owned()).await;
    assert_eq!(refused.unwrap_err(), OutgoingError::Forbidden);
    // Listed, it is tried: nobody speaks TLS there.
    let port = server().await.port();
    let tried = ask(&["127.0.0.0/8", "::1"], format!("https://localhost:{port}/")).await;
    assert_eq!(tried.unwrap_err(), OutgoingError::Unreachable);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_time_and_size_have_bounds() {
    let port = server().await.port();
    let at = |path: &str| ask(&["127.0.0.1"], format!("http://127.0.0.1:{port}{path}"));
    assert_eq!(at("/away").await.unwrap().status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(at("/large").await.unwrap_err(), OutgoingError::TooLarge);
    assert_eq!(at("/never").await.unwrap_err(), OutgoingError::TimedOut);
}

#[test]
fn nothing_but_https_is_for_the_public() {
    let client = Outgoing::new(OutgoingSettings::default());
    let allows = |url: &str| client.allows(&Url::parse(url).unwrap());
    assert!(allows("https://idp.example.com/") && allows("https://1.1.1.1/"));
    for url in [
        "http://idp.example.com/",
        "ftp://idp.example.com/",
        "https://user@idp.example.com/",
        "https://169.254.169.254/",
        "https://0x7f.1/",
        "https://[::1]/",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ] {
        assert!(!allows(url), "{url}");
    }
}

#[test]
fn bounds_that_allow_nothing_are_refused() {
    assert_eq!(OutgoingSettings::default().refusal(), None);
    for senseless in [
        OutgoingSettings { timeout_seconds: 0, ..OutgoingSettings::default() },
        OutgoingSettings { max_body_bytes: 0, ..OutgoingSettings::default() },
    ] {
        assert!(senseless.refusal().is_some());
    }
}
