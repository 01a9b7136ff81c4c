//! New apps, written by the statement that writes their events.

use eventstore::{EventColumns, InsertWithEvents, Sequences, insert_events};
use sqlx::PgConnection;

use super::row::texts;
use crate::app::App;

/// New drafts.
pub(crate) struct NewApps<'a>(pub(crate) Vec<&'a App>);

impl NewApps<'_> {
    fn column<T>(&self, of: impl Fn(&App) -> T) -> Vec<T> {
        self.0.iter().map(|app| of(app)).collect()
    }
}

impl InsertWithEvents for NewApps<'_> {
    async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> sqlx::Result<Sequences> {
        insert_events!(
            connection,
            events,
            r#", app AS (
            INSERT INTO app_registry.apps
                (id, organization_id, name, description, authentication_method, service, domains, scopes,
                 state, created_at, updated_at, version)
            SELECT id, organization_id, name, description, authentication_method, service,
                   string_to_array(domains, ' '), '{}', state, created_at, updated_at, version
            FROM unnest($16::uuid[], $17::uuid[], $18::text[], $19::text[], $20::text[], $21::text[],
                        $22::text[], $23::text[], $24::timestamptz[], $25::timestamptz[], $26::bigint[])
                 AS new (id, organization_id, name, description, authentication_method, service, domains,
                         state, created_at, updated_at, version)
            WHERE (SELECT yes FROM allowed)
        )"#,
            &self.column(|app| app.id.uuid()),
            &self.column(|app| app.organization_id.uuid()),
            &self.column(|app| app.name.clone()),
            &self.column(|app| app.description.clone()) as &[Option<String>],
            &self.column(|app| app.authentication_method.as_str().to_owned()),
            &self.column(|app| app.service.clone()) as &[Option<String>],
            // An array of arrays would need them all to have one length. No domain has a space.
            &self.column(|app| texts(&app.domains).join(" ")),
            &self.column(|app| app.state.as_str().to_owned()),
            &self.column(|app| app.created_at),
            &self.column(|app| app.updated_at),
            &self.column(|app| app.version.number())
        )
    }
}
