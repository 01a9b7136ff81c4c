//! The checks themselves: what they are to find, they find.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use faults::check::violations;
use faults::fault::Fault;
use faults::history::Claim;
use faults::programs::Programs;
use faults::round::{Plan, Run};
use faults::stage::Shape;
use sqlx::Executor;
use uuid::Uuid;

/// What is done to the tables behind the services' back, and what is then found.
const SABOTAGE: [(&str, &str); 14] = [
    (
        "DELETE FROM audit.entry_details
         WHERE event_id = (SELECT min(event_id::text)::uuid FROM audit.entry_details)",
        "audit does not have what is kept beside an event as its producer has it: details of",
    ),
    (
        "UPDATE audit.entry_contexts SET context = context || ' '::bytea
         WHERE event_id = (SELECT min(event_id::text)::uuid FROM audit.entry_contexts)",
        "audit does not have what is kept beside an event as its producer has it: context of",
    ),
    (
        "DELETE FROM audit.entries WHERE position = (SELECT max(position) FROM audit.entries)",
        "an event is not in the audit index",
    ),
    (
        "UPDATE audit.entries SET envelope = envelope || ' '::bytea WHERE position = 7",
        "an event has other bytes than its producer's",
    ),
    (
        "UPDATE audit.entries SET version = version + 1 WHERE position = 9",
        "the versions of a stream are not 1, 2, 3 … in the audit index",
    ),
    (
        "DELETE FROM app_registry.events WHERE type = 'mandate.app.activated.v1'
         AND stream_id = (SELECT id FROM app_registry.apps WHERE state = 'active' AND version = 2 LIMIT 1)",
        "app_registry.apps is not what its events say",
    ),
    (
        "DELETE FROM key_issuer.keys WHERE key_id = (SELECT key_id FROM key_issuer.keys LIMIT 1)",
        "key_issuer.keys is not what its events say",
    ),
    (
        "UPDATE key_issuer.apps SET version = 1
         WHERE app_id = (SELECT id FROM app_registry.apps WHERE version > 1 AND activated_at IS NOT NULL LIMIT 1)",
        "the key issuer knows another app than the app registry",
    ),
    (
        "UPDATE consent_broker.consumer_positions SET version = version - 1
         WHERE stream_id = (SELECT stream_id FROM consent_broker.consumer_positions LIMIT 1)",
        "a projection has not applied what there is",
    ),
    (
        "UPDATE app_registry.apps SET name = (SELECT min(name) FROM app_registry.apps)",
        "what was asked for once is not there once",
    ),
    (
        "UPDATE directory.mails SET sent_at = NULL
         WHERE id = (SELECT min(id::text)::uuid FROM directory.mails WHERE sent_at IS NOT NULL)",
        "a mail has not ended as its events say",
    ),
    (
        "UPDATE consent_broker.grants SET granted_at = now() - interval '2 days', expires_at = now() - interval '1 day'
         WHERE id = (SELECT id FROM consent_broker.grants WHERE ended_at IS NULL AND expires_at > now() LIMIT 1)",
        "a consent has outlived its end",
    ),
    (
        "UPDATE consent_broker.events SET type = 'mandate.consent.expired.v1'
         WHERE stream_id = (SELECT stream_id FROM consent_broker.events
                            WHERE type = 'mandate.consent.renewed.v1' LIMIT 1)",
        "a consent expired more than once",
    ),
    (
        "DELETE FROM directory.mails WHERE id = (SELECT max(id::text)::uuid FROM directory.mails)",
        "an event that asks for a mail has not one mail",
    ),
];

#[tokio::test]
async fn the_checks_find_what_is_lost_doubled_or_changed() {
    let faults = PathBuf::from(env!("CARGO_BIN_EXE_faults"));
    let profile = faults.parent().map(Path::to_owned).unwrap();
    let plan = Plan {
        rounds: 1,
        seed: 4,
        clients: 4,
        shape: Shape::Single,
        faults: vec![Fault::DelayNats],
        programs: Programs { mandate: profile.join("mandate"), faults },
        folder: profile.join("faults-teeth"),
    };
    let history = plan.folder.join("history.jsonl");
    let mut run = Run::begin(&plan, &history).await.unwrap();
    run.round(1, &plan.faults).await.unwrap();
    // Some of it the services would mend.
    for number in 0..run.stage.replicas() {
        run.stage.kill_process(number).unwrap();
    }

    let Run { stage, subscriber, history, .. } = &run;
    for (sabotage, expected) in SABOTAGE {
        let mut transaction = stage.pool.begin().await.unwrap();
        // The guards of the schema would refuse all of it.
        transaction.execute("SET LOCAL session_replication_role = replica").await.unwrap();
        let done = transaction.execute(sabotage).await.unwrap();
        assert!(done.rows_affected() > 0, "{sabotage}");
        transaction.commit().await.unwrap();
        let found = violations(stage, subscriber, history).await.unwrap();
        assert!(
            found.iter().any(|finding| finding.starts_with(expected)),
            "{expected}: {found:#?}"
        );
    }
    history.claim([Claim { event: "app.created", stream: Uuid::nil() }]);
    let found = violations(stage, subscriber, history).await.unwrap();
    let expected = "an acknowledged command is not in the audit index once: app.created 00000000";
    assert!(found.iter().any(|finding| finding.starts_with(expected)), "{found:#?}");
}
