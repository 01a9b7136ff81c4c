//! A new key as a text file to keep: the only copy of its secret.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use contract::secret::ClientSecret;

use crate::key::Key;

/// The file, before it is answered.
pub(super) struct CredentialsFile<'a> {
    pub(super) key: &'a Key,
    pub(super) secret: &'a ClientSecret,
    /// The address of this installation.
    pub(super) issuer: &'a str,
}

impl CredentialsFile<'_> {
    fn text(&self) -> String {
        let Self { key, secret, issuer } = self;
        let (client_id, secret, issuer) =
            (key.id.client_id(), secret.reveal(), issuer.trim_end_matches('/'));
        format!(
            "Key \"{name}\" of app {app}\n\
             \n\
             client_id:     {client_id}\n\
             client_secret: {secret}\n\
             \n\
             The secret is shown this once and cannot be recovered. Keep this file as you keep a password.\n\
             \n\
             An access token:\n\
             \n\
             curl --user {client_id}:{secret} --data grant_type=client_credentials {issuer}/oauth2/token\n",
            name = key.name.as_str(),
            app = key.app_id,
        )
    }
}

impl IntoResponse for CredentialsFile<'_> {
    fn into_response(self) -> Response {
        let name = format!("attachment; filename=\"mandate-{}.txt\"", self.key.id.client_id());
        let mut response = self.text().into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        let name = HeaderValue::from_str(&name).expect("hex digits in ASCII text");
        headers.insert(CONTENT_DISPOSITION, name);
        response
    }
}

/// Whether the caller asks for text before JSON (RFC 9110 section 12.5.1, without its weights:
/// what is named first counts).
pub(super) fn prefers_text(accept: Option<&HeaderValue>) -> bool {
    let Some(accept) = accept.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    accept
        .split(',')
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .find_map(|media_type| match media_type {
            "text/plain" => Some(true),
            "application/json" | "application/*" | "*/*" => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_answered_to_those_who_name_it_first() {
        for (accept, text) in [
            ("text/plain", true),
            ("text/plain;q=0.9, application/json;q=0.1", true),
            ("application/json, text/plain", false),
            ("*/*", false),
            ("text/html", false),
        ] {
            assert_eq!(prefers_text(Some(&HeaderValue::from_static(accept))), text, "{accept}");
        }
        assert!(!prefers_text(None));
    }
}
