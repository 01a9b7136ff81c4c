//! A new key as a text file to keep: the only copy of its secret.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use contract::secret::ClientSecret;
use contract::{AppId, ClientId};
use serde::Deserialize;
use service::Problem;
use service::http::Remembered;

/// The file, before it is answered.
pub(super) struct CredentialsFile<'a> {
    pub(super) client_id: ClientId,
    pub(super) name: &'a str,
    pub(super) app_id: AppId,
    /// None when the answer is repeated: it was shown once.
    pub(super) secret: Option<&'a ClientSecret>,
    /// The address of this installation.
    pub(super) issuer: &'a str,
}

/// What of a remembered answer the file needs.
#[derive(Deserialize)]
struct RememberedKey {
    client_id: ClientId,
    name: String,
    app_id: AppId,
}

/// The answer of before, in the form that is asked for: as the first, but for the secret.
pub(super) fn answer_again(
    remembered: Remembered,
    accept: Option<&HeaderValue>,
    issuer: &str,
) -> Result<Response, Problem> {
    if !prefers_text(accept) {
        return Ok(remembered.into_response());
    }
    let RememberedKey { client_id, name, app_id } =
        RememberedKey::deserialize(&remembered.body).map_err(Problem::internal)?;
    let file = CredentialsFile { client_id, name: &name, app_id, secret: None, issuer };
    Ok(remembered.in_form_of(file))
}

impl CredentialsFile<'_> {
    fn text(&self) -> String {
        let Self { client_id, name, app_id, secret, issuer } = self;
        let head = format!("Key \"{name}\" of app {app_id}\n\nclient_id:     {client_id}\n");
        let Some(secret) = secret else {
            return format!(
                "{head}client_secret: it was shown once, in the first answer to this request, and cannot be recovered.\n\
                 \n\
                 If it was lost, replace the key.\n"
            );
        };
        let (secret, issuer) = (secret.reveal(), issuer.trim_end_matches('/'));
        format!(
            "{head}\
             client_secret: {secret}\n\
             \n\
             The secret is shown this once and cannot be recovered. Keep this file as you keep a password.\n\
             \n\
             An access token:\n\
             \n\
             curl --user {client_id}:{secret} --data grant_type=client_credentials {issuer}/oauth2/token\n"
        )
    }
}

impl IntoResponse for CredentialsFile<'_> {
    fn into_response(self) -> Response {
        let name = format!("attachment; filename=\"mandate-{}.txt\"", self.client_id);
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
