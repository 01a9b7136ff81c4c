//! The checks themselves: what they are to find, they find.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use faults::check::violations;
use faults::fault::Fault;
use faults::history::Claim;
use faults::mail::Mailbox;
use faults::programs::Programs;
use faults::round::{Plan, Run};
use faults::stage::Shape;
use sqlx::Executor;
use stage::eventually;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

/// What is done to the tables behind the services' back, and what is then found.
const SABOTAGE: [(&str, &str); 29] = [
    (
        // All of them: of some the asker had no answer. First, since only some cases of a check are told.
        "UPDATE directory.domain_requests SET reason = '-'",
        "what was asked for once is not there once: reason-",
    ),
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
        "UPDATE audit.tiles SET hashes = set_byte(hashes, 33, get_byte(hashes, 33) # 1) WHERE level = 0 AND index = 0",
        "a tile is not that of the log's entries: 0/0",
    ),
    (
        "UPDATE audit.checkpoints SET root = sha256('another') WHERE size = (SELECT max(size) FROM audit.checkpoints)",
        "a checkpoint is not of the log",
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
        "DELETE FROM app_registry.events WHERE type = 'mandate.app.activated.v1'
         AND stream_id = (SELECT id FROM app_registry.apps WHERE state = 'active' AND version = 2 LIMIT 1)",
        "app_registry.apps is not what its events say",
    ),
    (
        "DELETE FROM key_issuer.keys WHERE key_id = (SELECT key_id FROM key_issuer.keys LIMIT 1)",
        "key_issuer.keys is not what its events say",
    ),
    (
        "UPDATE app_registry.apps SET name = (SELECT min(name) FROM app_registry.apps)",
        "what was asked for once is not there once: app-",
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
        // One that an event of the directory asks for.
        "DELETE FROM directory.mails WHERE id = (
             SELECT max(m.id::text)::uuid FROM directory.mails m JOIN directory.events e ON e.id = m.event_id)",
        "an event that asks for a mail has not one mail",
    ),
    (
        "UPDATE directory.mails SET recipient = 'else-' || recipient
         WHERE id = (SELECT min(id::text)::uuid FROM directory.mails WHERE sent_at IS NOT NULL)",
        "a mail was sent and did not come",
    ),
    (
        "UPDATE directory.invitations SET sendings = sendings + 1 WHERE id =
             (SELECT id FROM directory.invitations LIMIT 1)",
        "an invitation was not sent as often as its events say",
    ),
    (
        "UPDATE directory.events SET type = 'mandate.invitation.revoked.v1' WHERE type = 'mandate.invitation.created.v1'
           AND stream_id = (SELECT id FROM directory.invitations WHERE state = 'accepted' LIMIT 1)",
        "an invitation ended more than once",
    ),
    (
        "UPDATE directory.memberships SET role = 'owner' WHERE person_id =
             (SELECT ended_by FROM directory.invitations WHERE state = 'accepted' AND account_id IS NULL LIMIT 1)",
        "an invitation was accepted, and its person is not what it is to",
    ),
    (
        "UPDATE directory.invitations SET state = 'revoked' WHERE id =
             (SELECT id FROM directory.invitations WHERE state = 'accepted' AND account_id IS NULL LIMIT 1)",
        "somebody became by an invitation what they did not accept",
    ),
    (
        "UPDATE directory.invitations SET version = version + 1 WHERE id =
             (SELECT id FROM directory.invitations WHERE state = 'accepted' LIMIT 1)",
        "directory.invitations is not what its events say",
    ),
    (
        "DELETE FROM directory.events WHERE type = 'mandate.sign-in.accepted.v1' AND seq =
             (SELECT max(seq) FROM directory.events WHERE type = 'mandate.sign-in.accepted.v1'
                AND convert_from(envelope, 'UTF8')::jsonb -> 'data' ->> 'method' = 'openid_connect')",
        "a session was opened at a provider without a sign-in",
    ),
    (
        "UPDATE directory.sessions SET identity_provider_id = NULL WHERE identity_provider_id IS NOT NULL",
        "a sign-in at a provider did not open one session",
    ),
    (
        "INSERT INTO directory.identities (issuer, subject, person_id, identity_provider_id, created_at)
         SELECT issuer, 'else', person_id, identity_provider_id, created_at FROM directory.identities LIMIT 1",
        "somebody is known at providers otherwise than their events say",
    ),
    (
        "UPDATE directory.organizations SET enabled_domains = '{}' WHERE cardinality(enabled_domains) > 0",
        "a request for a domain was granted without the domain",
    ),
    (
        "UPDATE directory.events SET type = 'mandate.session.ended.v1' WHERE type = 'mandate.session.created.v1'
           AND stream_id = (SELECT id FROM directory.sessions WHERE ended_at IS NOT NULL LIMIT 1)",
        "what happens once happened more than once: session ",
    ),
    (
        "UPDATE directory.events SET type = 'mandate.sign-in.refused.v1', envelope =
             convert_to(jsonb_set(convert_from(envelope, 'UTF8')::jsonb, '{data}',
                        '{\"identity_provider_id\": \"-\", \"reason\": \"wrong_nonce\"}')::text, 'UTF8')
         WHERE seq = (SELECT max(seq) FROM directory.events WHERE type = 'mandate.session.created.v1')",
        "a sign-in at a provider was refused for what nobody did",
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
    an_auditor_is_told(&mut run).await;
    // Some of it the services would mend.
    for number in 0..run.stage.replicas() {
        run.stage.kill_process(number).unwrap();
    }

    let Run { stage, subscriber, history, .. } = &run;
    let mut before = violations(stage, subscriber, history).await.unwrap();
    for (sabotage, expected) in SABOTAGE {
        let is_there = before.iter().any(|finding| finding.starts_with(expected));
        assert!(!is_there, "{expected}: it is found anyway: {before:#?}");
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
        before = found;
    }
    let again = Claim { once: false, ..Claim::once("invitation.sent-again", Uuid::nil()) };
    history.claim([Claim::once("app.created", Uuid::nil()), again]);
    let found = violations(stage, subscriber, history).await.unwrap();
    for event in ["app.created", "invitation.sent-again"] {
        let expected =
            format!("an acknowledged command is not in the audit index once: {event} 00000000");
        assert!(found.iter().any(|finding| finding.starts_with(&expected)), "{found:#?}");
    }
    mails_that_come_again(&mut run).await;
}

/// Whoever verifies the log after a round hears of a hash that is another.
async fn an_auditor_is_told(run: &mut Run) {
    let flip = "UPDATE audit.tiles SET hashes = set_byte(hashes, 33, get_byte(hashes, 33) # 1) WHERE level = 0 AND index = 0";
    for expected in [Some("FAILED  tree"), None] {
        let mut transaction = run.stage.pool.begin().await.unwrap();
        transaction.execute("SET LOCAL session_replication_role = replica").await.unwrap();
        assert_eq!(transaction.execute(flip).await.unwrap().rows_affected(), 1);
        transaction.commit().await.unwrap();
        let told = run.verify().await.unwrap();
        match expected {
            Some(expected) => assert!(
                told.len() == run.stage.replicas() && told.iter().all(|it| it.contains(expected)),
                "{told:#?}"
            ),
            None => assert_eq!(told, [""; 0], "it was flipped back"),
        }
    }
}

/// Unless somebody died, a mail comes once.
async fn mails_that_come_again(run: &mut Run) {
    let mailbox = run.stage.mailbox.clone();
    let sent: (String, String) = sqlx::query_as(
        "SELECT id::text, recipient FROM directory.mails WHERE sent_at IS NOT NULL ORDER BY id DESC LIMIT 1",
    )
    .fetch_one(&run.stage.pool)
    .await
    .unwrap();
    assert_eq!(run.mails_again(&[Fault::DelayNats]), [""; 0]);
    hand_over(&mailbox, &sent).await;
    let again = run.mails_again(&[Fault::DelayNats]);
    let expected = format!("a mail came again, and nobody had died: {} to {}", sent.0, sent.1);
    assert!(again.iter().any(|finding| finding.starts_with(&expected)), "{again:?}");
    // And a death explains it.
    hand_over(&mailbox, &sent).await;
    assert_eq!(run.mails_again(&[Fault::KillProcess]), [""; 0]);
    assert_eq!(run.mails_again(&[Fault::DelayNats]), [""; 0], "that was told");
}

/// Hands a mail over to the mail server once more.
async fn hand_over(mailbox: &Mailbox, (id, to): &(String, String)) {
    let before = mailbox.count();
    let lines = [
        "HELO test".to_owned(),
        "MAIL FROM:<no-reply@example.com>".to_owned(),
        format!("RCPT TO:<{to}>"),
        "DATA".to_owned(),
        format!(
            "Message-ID: <{id}@example.com>\r\nFrom: no-reply@example.com\r\nTo: {to}\r\nSubject: again\r\n\
             Content-Type: multipart/alternative; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nagain\r\n\
             --b\r\nContent-Type: text/html\r\n\r\nagain\r\n--b--\r\n."
        ),
        "QUIT".to_owned(),
    ];
    let server = TcpStream::connect(("127.0.0.1", mailbox.port())).await.unwrap();
    let (reader, mut writer) = server.into_split();
    let mut answers = BufReader::new(reader).lines();
    for line in lines {
        let answer = answers.next_line().await.unwrap().unwrap();
        assert!(answer.starts_with(['2', '3']), "{answer}");
        writer.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }
    eventually("the mail comes", async || {
        if mailbox.count() > before { Ok(()) } else { Err("it has not".to_owned()) }
    })
    .await;
}
