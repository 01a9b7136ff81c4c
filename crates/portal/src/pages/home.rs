//! Where somebody comes to who asks for no page in particular.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use crate::api::people;
use crate::failed::Failed;
use crate::portal::Portal;
use crate::respond::see_other;
use crate::signed_in::SignedIn;

/// `GET /`: members of an organization come to its apps, account owners to their consents.
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) if me.memberships.is_empty() => see_other("/consents"),
        Ok(_) => see_other("/apps"),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}
