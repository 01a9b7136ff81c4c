//! Whose objects a migration touches: one of the event tables these only, a service's its own only.
//!
//! The two sets of a schema have no order between them: on one database a new migration of the event
//! tables runs before a service's, on another after it. If one could change what the other made, the two
//! databases would not be the same.

use std::collections::BTreeMap;

use contract::Service;
use local_servers::testing;
use sqlx::{Connection, Executor, PgConnection};

use crate::{Login, prepare, run, sets};

/// The relations, functions, types and schemas of a database, each with its definition: a table's has its columns,
/// constraints, indexes, triggers, rules and privileges in it. Not looked at: row policies, extended statistics,
/// default privileges and memberships of roles, of which no migration has any.
type Objects = BTreeMap<String, String>;

const OBJECTS: &str = r"
    WITH object AS (
        SELECT 'pg_class'::regclass AS class, c.oid, c.relnamespace AS schema, concat_ws(E'\n',
            c.relkind, c.relacl::text, c.reloptions::text, c.relrowsecurity, c.relforcerowsecurity,
            (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                         a.attidentity, a.attgenerated, a.attstorage, a.attacl::text,
                                         pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY a.attnum)
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
             WHERE a.attrelid = c.oid AND a.attnum > 0),
            (SELECT string_agg(pg_get_constraintdef(oid), E'\n' ORDER BY oid) FROM pg_constraint WHERE conrelid = c.oid),
            (SELECT string_agg(pg_get_indexdef(indexrelid), E'\n' ORDER BY indexrelid) FROM pg_index WHERE indrelid = c.oid),
            (SELECT string_agg(tgenabled::text || pg_get_triggerdef(oid), E'\n' ORDER BY oid) FROM pg_trigger WHERE tgrelid = c.oid),
            (SELECT string_agg(pg_get_ruledef(oid), E'\n' ORDER BY oid) FROM pg_rewrite WHERE ev_class = c.oid),
            (SELECT s::text FROM pg_sequence s WHERE s.seqrelid = c.oid)) AS definition
        FROM pg_class c
        UNION ALL
        SELECT 'pg_proc'::regclass, oid, pronamespace, concat_ws(E'\n', pg_get_functiondef(oid), proacl::text)
        FROM pg_proc WHERE prokind IN ('f', 'p')
        UNION ALL
        SELECT 'pg_type'::regclass, oid, typnamespace, typacl::text FROM pg_type
        UNION ALL
        SELECT 'pg_namespace'::regclass, oid, oid, nspacl::text FROM pg_namespace
    )
    SELECT identified.type || ' ' || identified.identity, coalesce(object.definition, '')
    FROM object, pg_identify_object(object.class, object.oid, 0) AS identified
    WHERE object.schema::regnamespace::text NOT IN ('pg_catalog', 'pg_toast', 'information_schema')";

async fn objects(connection: &mut PgConnection) -> Objects {
    let rows: Vec<(String, String)> = sqlx::query_as(OBJECTS).fetch_all(connection).await.unwrap();
    rows.into_iter().collect()
}

/// Which of these are there no more, or otherwise than before.
fn touched(before: &Objects, after: &Objects) -> Vec<String> {
    let same = |name: &String, definition: &String| after.get(name) == Some(definition);
    let touched = before.iter().filter(|(name, definition)| !same(name, definition));
    touched.map(|(name, _)| name.clone()).collect()
}

#[tokio::test]
async fn no_set_of_migrations_touches_what_another_made_whichever_runs_first() {
    for order in [[0, 1], [1, 0]] {
        let database = testing::postgres().await.database_from(None).await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        for service in Service::ALL {
            prepare(&mut connection, &Login { service, password: None }).await.unwrap();
            for set in order {
                let before = objects(&mut connection).await;
                run(&mut connection, service, sets(service)[set]).await.unwrap();
                let after = objects(&mut connection).await;
                let touched = touched(&before, &after);
                assert!(touched.is_empty(), "{service}, {:?}: {touched:?}", sets(service)[set].1);
                assert!(after.len() > before.len() + 3, "{service} has tables of its own");
                let schema = format!("{}.", service.schema());
                let elsewhere =
                    |name: &&String| !before.contains_key(*name) && !name.contains(&schema);
                let elsewhere: Vec<_> = after.keys().filter(elsewhere).collect();
                assert!(elsewhere.is_empty(), "{service} made {elsewhere:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_touches_the_event_tables_is_noticed() {
    let database = testing::postgres().await.database_from(None).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let service = Service::Directory;
    prepare(&mut connection, &Login { service, password: None }).await.unwrap();
    run(&mut connection, service, sets(service)[0]).await.unwrap();
    let before = objects(&mut connection).await;
    assert_eq!(touched(&before, &objects(&mut connection).await), [""; 0]);
    for (statement, of) in [
        (
            "CREATE OR REPLACE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "function directory.refuse_gap()",
        ),
        ("ALTER TABLE events ADD COLUMN more text", "table directory.events"),
        ("ALTER TABLE events ALTER COLUMN organization SET NOT NULL", "table directory.events"),
        ("ALTER TABLE events DISABLE TRIGGER events_dense", "table directory.events"),
        ("CREATE INDEX more ON outbox (first_seq)", "table directory.outbox"),
        ("CREATE TABLE more (seq bigint REFERENCES events)", "table directory.events"),
        ("GRANT UPDATE ON details TO mandate_directory", "table directory.details"),
        ("DROP TABLE contexts", "table directory.contexts"),
    ] {
        let mut transaction = connection.begin().await.unwrap();
        transaction.execute(statement).await.unwrap();
        let touched = touched(&before, &objects(&mut transaction).await);
        assert!(touched.iter().any(|name| name == of), "{statement}: {touched:?}");
        transaction.rollback().await.unwrap();
    }
}
