//! What can be read along with an app, by `with`.

use contract::facts::{AppActivated, AppCreated};
use contract::rpc::{AskedIds, AuthenticationMethod, EventPlace, PlacesOf};
use contract::{EventId, Fact};
use eventstore::producer;
use serde::Serialize;
use service::{Attempt, Fault, FaultCode, Problem};
use utoipa::ToSchema;

use super::redirect_uris::RedirectUriBody;
use super::view::AppBody;
use crate::AppRegistry;
use crate::app::App;
use crate::store::redirect_uris;

const REDIRECT_URIS: &str = "redirect_uris";
const RECORD: &str = "record";

/// What is asked for beside the app.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct With {
    redirect_uris: bool,
    record: bool,
}

impl With {
    /// Reads `with`: names, with commas between them.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let mut with = Self::default();
        for name in text.into_iter().flat_map(|text| text.split(',')).map(str::trim) {
            match name {
                REDIRECT_URIS => with.redirect_uris = true,
                RECORD => with.record = true,
                _ => {
                    let message = "can name `redirect_uris` and `record`";
                    let fault = Fault::new(FaultCode::NotOneOf, message);
                    let fault = fault.with("expected", vec![REDIRECT_URIS, RECORD]);
                    return Err(Problem::invalid_field("with", fault));
                }
            }
        }
        Ok(with)
    }
}

/// An app with what was asked for beside it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppWith {
    #[serde(flatten)]
    pub(super) app: AppBody,
    #[serde(flatten)]
    pub(super) extras: Extras,
}

/// What was asked for by `with`.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = AppExtras)]
pub(super) struct Extras {
    /// With `redirect_uris`: where its authorization codes may be sent, in the order in which they were added; none of
    /// an app that authenticates by client credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uris: Option<Vec<RedirectUriBody>>,
    /// With `record`: where in the log it was activated, or of a draft, where it was made. It is left out while the log
    /// cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<EventPlace>,
}

impl Extras {
    /// Of this app.
    pub(super) async fn of(
        registry: &AppRegistry,
        attempt: &Attempt,
        app: &App,
        with: With,
    ) -> Result<Self, Problem> {
        let mut extras = Self::default();
        if with.redirect_uris {
            let by_code = app.authentication_method == AuthenticationMethod::AuthorizationCode;
            let registered = if by_code {
                redirect_uris::of_app(&registry.resources.pool, app.id).await?
            } else {
                Vec::new()
            };
            extras.redirect_uris = Some(registered.into_iter().map(Into::into).collect());
        }
        if with.record {
            extras.record = record(registry, attempt, app).await?;
        }
        Ok(extras)
    }
}

async fn record(
    registry: &AppRegistry,
    attempt: &Attempt,
    app: &App,
) -> Result<Option<EventPlace>, Problem> {
    let types = match app.activated_at {
        Some(_) => AppActivated::TYPE,
        None => AppCreated::TYPE,
    };
    let event = producer::last_event_of(&registry.resources.pool, app.id.uuid(), &[types]).await?;
    let Some(event) = event else { return Ok(None) };
    Ok(place_of(registry, attempt, event).await)
}

/// An app is to be had while the log is not.
async fn place_of(registry: &AppRegistry, attempt: &Attempt, event: EventId) -> Option<EventPlace> {
    let question = PlacesOf { event_ids: AskedIds::one(event) };
    let places = registry.resources.rpc.call(&attempt.facts, &question).await.ok()?;
    places.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_along_is_named_and_nothing_else() {
        let with = |text| With::parse(text).unwrap();
        assert_eq!(with(None), With::default());
        assert_eq!(with(Some("record")), With { record: true, redirect_uris: false });
        assert_eq!(with(Some("redirect_uris, record")), With { record: true, redirect_uris: true });
        for wrong in ["", "records", "record,,redirect_uris"] {
            let problem = With::parse(Some(wrong)).unwrap_err();
            assert_eq!(problem.errors()[0].field, "with", "{wrong}");
            assert_eq!(problem.errors()[0].fault.code, FaultCode::NotOneOf);
        }
    }
}
