//! The OpenAPI document of the whole public API: the services' parts, put together.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use crate::{answers, promises};

#[derive(OpenApi)]
#[openapi(info(
    title = "Mandate",
    description = "The system of record for third-party access.\n\n\
        Errors are problem details (RFC 9457) with a stable `type`; `errors` names fields. The OAuth \
        endpoints answer RFC 6749 errors instead. 401: no or an unknown token. 404: there is no such \
        thing, or it belongs to an organization that the caller is no member of. 403: the caller's role \
        does not allow it. Creating requests may carry an `Idempotency-Key`; lists are paged by an \
        opaque `cursor`, also given as a `Link` header; things that change have an `ETag` and honour \
        `If-Match`. Each operation's description names the events it leaves and the roles that may call it.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Whole;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Whole::openapi();
    for part in [
        directory::openapi(),
        app_registry::openapi(),
        key_issuer::openapi(),
        consent_broker::openapi(),
        audit::router().into_openapi(),
    ] {
        document.merge(part);
    }
    let components = document.components.get_or_insert_default();
    let schemes = [
        (
            "api_token",
            HttpAuthScheme::Bearer,
            "A person's API token or their session's token, or an app's access token where the operation says so.",
        ),
        ("password", HttpAuthScheme::Basic, "A person's email and password."),
        (
            "client_secret_basic",
            HttpAuthScheme::Basic,
            "A key's client_id and client_secret (RFC 6749 section 2.3.1).",
        ),
    ];
    for (name, scheme, meaning) in schemes {
        let mut scheme = Http::new(scheme);
        scheme.description = Some(meaning.to_owned());
        components.add_security_scheme(name, SecurityScheme::Http(scheme));
    }
    answers::complete(&mut document);
    promises::describe(&mut document);
    document
}

/// The document as the text that is served and committed, with the keys of every object in order: utoipa
/// keeps extensions in a map that has none.
pub fn text() -> String {
    let sorted =
        serde_json::to_value(document()).and_then(|json| serde_json::to_string_pretty(&json));
    let mut text = sorted.expect("a document of strings and maps is always JSON");
    text.push('\n');
    text
}

/// `/openapi.json`.
pub(crate) fn router() -> Router {
    let text = text();
    Router::new().route(
        "/openapi.json",
        get(async move || ([(CONTENT_TYPE, "application/json")], text.clone())),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::document;

    fn responses(path: &str, method: &str) -> Value {
        let document = serde_json::to_value(document()).unwrap();
        document["paths"][path][method]["responses"].clone()
    }

    #[test]
    fn problems_have_their_media_type() {
        let responses = responses("/v1/apps", "post");
        for status in ["401", "403", "404"] {
            let content = responses[status]["content"].as_object().unwrap();
            assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"]);
        }
        let made = responses["201"]["content"].as_object().unwrap();
        assert_eq!(made.keys().collect::<Vec<_>>(), ["application/json"]);
    }

    #[test]
    fn whoever_sends_a_body_can_be_told_what_is_wrong_with_it() {
        let with_body = responses("/v1/apps", "post");
        let without = responses("/v1/sessions", "get");
        for status in ["400", "408", "413", "415"] {
            assert!(with_body.get(status).is_some(), "{status}");
            assert!(without.get(status).is_none(), "{status}");
        }
        // Also an unknown parameter is wrong.
        for status in ["422", "500", "503"] {
            assert!(with_body.get(status).is_some() && without.get(status).is_some());
        }
    }

    #[test]
    fn errors_of_oauth_stand_in_place_of_problems() {
        for (path, method) in [("/oauth2/token", "post"), ("/oauth2/jwks", "get")] {
            for status in ["500", "503"] {
                let content = responses(path, method)[status]["content"].clone();
                let kinds: Vec<_> = content.as_object().unwrap().keys().collect();
                assert_eq!(kinds, ["application/json"], "{path} {status}");
            }
        }
    }

    #[test]
    fn every_code_of_a_field_error_is_told_in_the_documentation() {
        let document = serde_json::to_value(document()).unwrap();
        let declared = document["components"]["schemas"]["FaultCode"].clone();
        let values = declared["enum"].as_array().or_else(|| declared["oneOf"].as_array()).unwrap();
        let named = |value: &Value| {
            let name = value.as_str().or_else(|| value["enum"][0].as_str());
            name.or_else(|| value["const"].as_str()).unwrap().to_owned()
        };
        let declared: BTreeSet<_> = values.iter().map(named).collect();
        let text = include_str!("../../../docs/http.md");
        let (_, table) = text.split_once("| code | what is wrong with the field |").unwrap();
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let codes = rows.map(|row| row.split('|').nth(1).unwrap());
        let told = codes.flat_map(|codes| codes.split_whitespace());
        let told: BTreeSet<_> = told.map(|code| code.trim_matches('`').to_owned()).collect();
        assert_eq!(told, declared);
    }
}
