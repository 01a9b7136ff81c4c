//! Who is signed in: by the session's cookie, for whom pages are made.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;
use contract::secret::SessionToken;

use crate::browser::Browser;
use crate::failed::Failed;
use crate::portal::Portal;

/// The token of the session's cookie, and the browser that brought it. Whether the session still lives, the API says.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) browser: Browser,
    pub(crate) token: SessionToken,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn
where
    Arc<Portal>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let portal = Arc::<Portal>::from_ref(state);
        let browser = Browser::of(parts, &portal.environment)?;
        match portal.cookie.token(&parts.headers) {
            Some(token) => Ok(Self { browser, token }),
            None => Err(Failed::signed_out(&portal, &browser, &parts.method)),
        }
    }
}
