//! A log from before it had a tree.

use contract::envelope::{Commitments, EventHeader};
use contract::facts::AppSuspended;
use contract::{AppId, Envelope, Environment, Provenance, Service, Version};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// So many events of the app registry, as they came before the log had a tree.
pub(super) async fn record_without_tree(database: &mut PgConnection, count: i64) {
    let environment = Environment::system();
    let mut envelopes = Vec::new();
    for _ in 0..count {
        let app_id: AppId = environment.new_id();
        let header = EventHeader {
            id: environment.new_id(),
            stream: app_id.uuid(),
            version: Version::FIRST,
            time: environment.now(),
            source: Service::AppRegistry,
        };
        let provenance = Provenance::system(Service::AppRegistry, None, environment.new_id());
        let fact = AppSuspended { app_id };
        envelopes.push((
            header.id.uuid(),
            app_id.uuid(),
            Envelope::of(&header, &provenance, Commitments::default(), &fact)
                .unwrap()
                .canonical()
                .unwrap(),
        ));
    }
    let ids: Vec<Uuid> = envelopes.iter().map(|(id, ..)| *id).collect();
    let streams: Vec<Uuid> = envelopes.iter().map(|(_, stream, _)| *stream).collect();
    let bytes: Vec<Vec<u8>> = envelopes.into_iter().map(|(.., bytes)| bytes).collect();
    let mut change = database.begin().await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica")
        .execute(&mut *change)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO audit.entries (position, event_id, stream_kind, stream_id, version, type, source, actor,
             correlation_id, occurred_at, recorded_at, envelope, bulk)
         SELECT size + n, id, 'app', stream, 1, 'mandate.app.suspended.v1', 'app-registry', 'system/app-registry',
             id, now(), now(), envelope, false
         FROM audit.head, UNNEST($1::uuid[], $2::uuid[], $3::bytea[]) WITH ORDINALITY AS e (id, stream, envelope, n)",
    )
    .bind(ids)
    .bind(streams)
    .bind(bytes)
    .execute(&mut *change)
    .await
    .unwrap();
    let without = "UPDATE audit.head SET size = (SELECT max(position) FROM audit.entries), tree_size = 0, root = sha256('');
        DELETE FROM audit.tiles; DELETE FROM audit.checkpoints;
        UPDATE audit.confirmed SET position = (SELECT max(position) FROM audit.entries)";
    sqlx::raw_sql(without).execute(&mut *change).await.unwrap();
    change.commit().await.unwrap();
}
