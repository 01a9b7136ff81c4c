//! One caller's attempt to do something with one app: the way that every change takes.
//!
//! First who may, on the app as it is ([`Attempt::authorize`]; questions to other services are asked
//! after it and before any lock is held). Then what comes of it, on the locked app
//! ([`Attempt::carry_out`]), so that two attempts at once are decided one after the other.

use contract::{AppId, Authority, OrganizationId, Version};
use eventstore::Unit;
use service::http::IfMatch;
use service::{Caller, Problem, RequestFacts};

use crate::app::{self, App, Command, Event};
use crate::app_image::AppImage;
use crate::policy::{self, Denied, Operation};
use crate::{Registry, store};

/// Who wants it, and from where.
pub(crate) struct Attempt<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) caller: &'a Caller,
    pub(crate) facts: &'a RequestFacts,
}

/// An attempt at an app that the caller may make.
pub(crate) struct Authorized {
    /// The app as it was when this was found out.
    pub(crate) app: App,
    authority: Authority,
}

impl Attempt<'_> {
    /// The app, if the caller may do this with it.
    pub(crate) async fn authorize(
        &self,
        id: AppId,
        operation: Operation,
    ) -> Result<Authorized, Problem> {
        let app = store::find(&self.registry.resources.pool, id).await?.ok_or_else(no_such_app)?;
        match policy::authorize(self.caller, app.organization_id, operation) {
            Ok(authority) => Ok(Authorized { app, authority }),
            Err(Denied::NoMember) => Err(no_such_app()),
            Err(Denied::Role) => {
                Err(self.refuse_role(operation, app.organization_id, &format!("app/{id}")).await)
            }
        }
    }

    /// Records that the caller's role does not suffice, and says so.
    pub(crate) async fn refuse_role(
        &self,
        operation: Operation,
        organization: OrganizationId,
        target: &str,
    ) -> Problem {
        let actor = self.caller.actor();
        let resources = &self.registry.resources;
        resources
            .refuse_access(
                self.facts,
                actor,
                Some(organization),
                operation.name(),
                target,
                "role_not_allowed",
            )
            .await;
        Problem::forbidden("role-not-allowed", "Your role does not allow this.")
    }

    /// Decides on the command and keeps what comes of it, together with the image it sets.
    pub(crate) async fn carry_out(
        &self,
        authorized: Authorized,
        if_match: IfMatch,
        command: Command<'_>,
        image: Option<&AppImage>,
    ) -> Result<App, Problem> {
        let resources = &self.registry.resources;
        let Authorized { app, authority } = authorized;
        let provenance =
            self.facts.provenance(self.caller.actor(), authority, Some(app.organization_id));
        let mut unit = resources.events.begin(&provenance);
        let mut app =
            store::lock(unit.connection().await?, app.id).await?.ok_or_else(no_such_app)?;
        if_match.check(app.version.number())?;

        let before = app.version;
        let events = app::decide(&app, command)?;
        if events.is_empty() {
            return Ok(app);
        }
        for event in &events {
            app.apply(event, resources.env.now());
            record(&mut unit, &app, event)?;
        }
        if let Some(image) = image {
            store::save_image(unit.connection().await?, &app, image).await?;
        }
        store::save(unit.connection().await?, &app, before).await?;
        unit.commit().await?;
        Ok(app)
    }
}

/// Records the event that made the app what it is now.
fn record(unit: &mut Unit<'_>, app: &App, event: &Event) -> Result<(), Problem> {
    let (stream, version): (_, Version) = (app.id.uuid(), app.version);
    match event {
        Event::Edited(fact) => unit.record(stream, version, fact)?,
        Event::ImageSet(fact, _) => unit.record(stream, version, fact)?,
        Event::Activated(fact) => unit.record(stream, version, fact)?,
        Event::Suspended(fact) => unit.record(stream, version, fact)?,
        Event::Resumed(fact) => unit.record(stream, version, fact)?,
        Event::Archived(fact) => unit.record(stream, version, fact)?,
    };
    Ok(())
}

/// The same for an app that is not there and one that the caller must not know of.
pub(crate) fn no_such_app() -> Problem {
    Problem::not_found("app-not-found", "There is no such app.")
}
