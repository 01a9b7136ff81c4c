//! Who is served which part of the log, in which form, and for how long it may be kept.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use std::io::Read as _;
use std::path::Path;

use contract::facts::{ConsentEndReason, ConsentRevoked};
use contract::rpc::MemberRole;
use contract::{AccountId, Envelope, EventId, GrantId, PersonId, Provenance, Service};
use flate2::read::GzDecoder;
use stage::{Answer, Client, Method, eventually};
use support::log::{ORIGIN, anybody, checkpoint, key, publish, settings};
use support::{Events, Replica, World};
use translog::{Checkpoint, Hash, ProofFile, Signer, bundle};

/// Audit with so many events in a signed log, open or closed.
async fn serving(count: usize, public_log: bool) -> (World, Replica, tempfile::TempDir) {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let settings = audit::Settings { public_log, ..settings(folder.path()) };
    let audit = world.start(settings).await.unwrap();
    publish(&world, &Events::default(), count).await;
    let recorded = i64::try_from(count).unwrap();
    world.until_recorded(recorded).await;
    let operator = audit.client(&world.people.operator(&world.env));
    let key = key(&operator).await;
    checkpoint(&operator, &key, count as u64).await;
    (world, audit, folder)
}

async fn asked(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    client.request(method, path).headers(headers).send().await
}

async fn read(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    asked(client, Method::GET, path, headers).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bundles_are_packed_for_whoever_accepts_gzip() {
    let (world, audit, _folder) = serving(300, true).await;
    let auditor = audit.client(&world.people.auditor(&world.env));
    for (path, width) in [("tile/entries/000", 256), ("tile/entries/001.p/44", 44)] {
        let path = format!("/audit/log/{path}");
        let plain = read(&auditor, &path, &[("accept-encoding", "identity")]).await.expect(200);
        let packed = read(&auditor, &path, &[("accept-encoding", "br, gzip")]).await.expect(200);
        assert_eq!(
            (plain.header("content-encoding"), packed.header("content-encoding")),
            ("", "gzip")
        );
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body);
        assert_eq!(bundle::parse(&unpacked, width).unwrap().len(), usize::from(width));
        assert!(
            packed.body.len() * 2 < plain.body.len(),
            "{} of {}",
            packed.body.len(),
            plain.body.len()
        );
        // Caches tell one from the other, and know each again.
        assert_eq!(
            (plain.header("vary"), packed.header("vary")),
            ("accept-encoding", "accept-encoding")
        );
        assert_ne!(plain.header("etag"), packed.header("etag"));
        for (accepted, known) in
            [("identity", plain.header("etag")), ("gzip", packed.header("etag"))]
        {
            for other in ["identity", "gzip"] {
                let headers = [("accept-encoding", other), ("if-none-match", known)];
                let again = read(&auditor, &path, &headers).await;
                let expected = if accepted == other { 304 } else { 200 };
                assert_eq!(again.status, expected, "{known} for who accepts {other}");
                assert_eq!(again.header("vary"), "accept-encoding");
                assert_eq!(again.body.is_empty(), expected == 304);
            }
        }
    }
    // What cannot be packed is not.
    let hashes = read(&auditor, "/audit/log/tile/0/000", &[("accept-encoding", "gzip")]).await;
    assert_eq!((hashes.header("content-encoding"), hashes.body.len()), ("", 256 * 32));
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_served_says_for_how_long_it_may_be_kept() {
    let (world, audit, _folder) = serving(300, true).await;
    let operator = audit.client(&world.people.operator(&world.env));
    for (path, kept) in [
        ("checkpoint", "public, max-age=1"),
        ("key", "public, max-age=300"),
        ("tile/0/000", "public, max-age=31536000, immutable"),
        ("tile/0/001.p/44", "public, max-age=60"),
        ("tile/0/000.p/7", "public, max-age=60"),
        ("tile/1/000.p/1", "public, max-age=60"),
        ("tile/entries/000", "private, max-age=31536000, immutable"),
        ("tile/entries/001.p/44", "private, max-age=60"),
    ] {
        let path = format!("/audit/log/{path}");
        let first = operator.get(&path).await.expect(200);
        assert_eq!(first.header("cache-control"), kept, "{path}");
        let again = read(&operator, &path, &[("if-none-match", first.header("etag"))]).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("cache-control"), kept, "{path}");
        assert_eq!(again.header("etag"), first.header("etag"), "{path}");
        let head = asked(&operator, Method::HEAD, &path, &[]).await.expect(200);
        assert_eq!(head.body.len(), 0, "{path}");
        for header in ["etag", "cache-control", "content-type"] {
            assert_eq!(head.header(header), first.header(header), "{path}");
        }
        assert_eq!(head.header("content-length"), first.body.len().to_string(), "{path}");
    }
    // What is not there yet is nothing to remember, full or partial.
    for path in ["tile/0/001", "tile/0/001.p/45", "tile/entries/001", "tile/entries/001.p/45"] {
        let path = format!("/audit/log/{path}");
        let none = operator.get(&path).await;
        none.problem(404, "not-found");
        assert_eq!(none.header("cache-control"), "no-store", "{path}");
        assert_eq!(asked(&operator, Method::HEAD, &path, &[]).await.status, 404);
    }
    // Another checkpoint is another one.
    let before = operator.get("/audit/log/checkpoint").await.expect(200);
    publish(&world, &Events::default(), 1).await;
    eventually("another checkpoint", async || {
        let known = [("if-none-match", before.header("etag"))];
        read(&operator, "/audit/log/checkpoint", &known).await.status == 200
    })
    .await;
    audit.stop().await;
}

/// `mandate log continue-as-new`, after a restore: somebody kept a larger checkpoint that the database does not know.
async fn continue_as_new(world: &World, folder: &Path) -> String {
    let signer = Signer::generate(ORIGIN.parse().unwrap());
    let origin = ORIGIN.parse().unwrap();
    let lost = Checkpoint { origin, size: 400, root: Hash::of_leaf(b"lost") };
    let file = folder.join("lost");
    std::fs::write(&file, lost.sign(&signer).unwrap().to_string()).unwrap();
    let owner = world.servers.database.url.parse().unwrap();
    let settings = settings(folder);
    let continued =
        audit::continue_log_as_new(owner, world.env.clone(), &settings, Some(&file), None).await;
    continued.unwrap().verifier_key
}

/// No log is at this number, and nobody is to remember that.
async fn ended_or_never_there(client: &Client, number: u32) {
    for file in ["checkpoint", "key", "keys", "tile/0/000", "tile/entries/000"] {
        let path = format!("/audit/log/{number}/{file}");
        let none = client.get(&path).await;
        none.problem(404, "not-found");
        assert_eq!(none.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_goes_on_from_another_has_a_prefix_that_caches_have_nothing_of() {
    let (world, audit, folder) = serving(300, true).await;
    let operator = audit.client(&world.people.operator(&world.env));
    for number in 0..3 {
        ended_or_never_there(&operator, number).await;
    }
    let former = operator.get("/audit/log/tile/0/000").await.expect(200);
    audit.stop().await;
    let new = continue_as_new(&world, folder.path()).await;
    assert!(new.starts_with(&format!("{ORIGIN}/2+")), "{new}");

    let audit = world.start(settings(folder.path())).await.unwrap();
    let operator = audit.client(&world.people.operator(&world.env));
    checkpoint(&operator, &new.parse().unwrap(), 301).await;
    for (path, alone, beside_the_former) in [
        ("checkpoint", "public, max-age=1", "public, max-age=1"),
        ("key", "public, max-age=300", "public, max-age=300"),
        ("keys", "public, max-age=300", "public, max-age=300"),
        ("tile/0/000", "public, max-age=31536000, immutable", "public, max-age=60"),
        ("tile/0/001.p/45", "public, max-age=60", "public, max-age=60"),
        ("tile/entries/000", "private, max-age=31536000, immutable", "private, max-age=60"),
        ("tile/entries/001.p/45", "private, max-age=60", "private, max-age=60"),
    ] {
        let own = operator.get(&format!("/audit/log/2/{path}")).await.expect(200);
        assert_eq!(own.header("cache-control"), alone, "{path}");
        let plain = operator.get(&format!("/audit/log/{path}")).await.expect(200);
        assert_eq!(plain.header("cache-control"), beside_the_former, "{path}");
        assert_eq!((plain.header("etag"), &plain.body), (own.header("etag"), &own.body));
    }
    // Whoever has a tile of the former one learns by its tag that another is there.
    let known = [("if-none-match", former.header("etag"))];
    assert_eq!(read(&operator, "/audit/log/tile/0/000", &known).await.status, 200);
    for (path, why) in [
        ("tile/0/001", "The log does not reach so far."),
        ("key-replacement/00000000", "No key of this id was replaced."),
        ("manifests/notifier/1", "The list of this manifest is not kept here."),
        ("manifests/notifier/0", "There is no such list: a version is a number from 1."),
    ] {
        let none = operator.get(&format!("/audit/log/2/{path}")).await;
        none.problem(404, "not-found");
        assert_eq!(none.json["detail"], why, "{path}");
    }
    for number in [0, 1, 3] {
        ended_or_never_there(&operator, number).await;
    }
    audit.stop().await;
}

/// The refusals of this person's that were recorded, as operation and reason.
async fn refusals(world: &World, person: PersonId) -> Vec<(String, String)> {
    let envelopes: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT envelope FROM audit.events WHERE type = 'mandate.access.refused.v1' ORDER BY seq",
    )
    .fetch_all(&world.sql)
    .await
    .unwrap();
    let events = envelopes.iter().map(|envelope| Envelope::parse(envelope).unwrap());
    let theirs = events.filter(|event| event.actor.to_string() == format!("user/{person}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    theirs.map(|event| (text(&event.data["operation"]), text(&event.data["reason"]))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hashes_are_for_everybody_and_entries_for_who_may_read_the_whole_log() {
    let (world, audit, _folder) = serving(1, true).await;
    let owner = world.people.person(&world.env, &[(world.env.new_id(), MemberRole::Owner)]);
    let (anybody, member) = (anybody(&audit), audit.client(&owner));
    let auditor = audit.client(&world.people.auditor(&world.env));
    for path in ["checkpoint", "key", "tile/0/000.p/1"] {
        for client in [&anybody, &member, &auditor] {
            client.get(&format!("/audit/log/{path}")).await.expect(200);
        }
    }
    let entries = "/audit/log/tile/entries/000.p/1";
    anybody.get(entries).await.problem(401, "unauthenticated");
    member.get(entries).await.problem(403, "role-not-allowed");
    auditor.get(entries).await.expect(200);
    let refused = [("log.read-entries".to_owned(), "role_not_allowed".to_owned())];
    assert_eq!(refusals(&world, owner.id).await, refused);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_log_is_for_who_may_read_the_whole_of_it_and_refusals_are_events() {
    let (world, audit, _folder) = serving(1, false).await;
    let owner = world.people.person(&world.env, &[(world.env.new_id(), MemberRole::Owner)]);
    let member = audit.client(&owner);
    let auditor = audit.client(&world.people.auditor(&world.env));
    anybody(&audit).get("/audit/log/2/checkpoint").await.problem(401, "unauthenticated");
    for path in ["checkpoint", "key", "tile/0/000.p/1", "tile/entries/000.p/1"] {
        let path = format!("/audit/log/{path}");
        anybody(&audit).get(&path).await.problem(401, "unauthenticated");
        member.get(&path).await.problem(403, "role-not-allowed");
        let answer = auditor.get(&path).await.expect(200);
        assert!(answer.header("cache-control").starts_with("private, "), "{path}");
        assert_eq!(asked(&member, Method::HEAD, &path, &[]).await.status, 403, "{path}");
    }
    // Each of them: they are too few to be counted as one.
    let because = |operation: &str| (operation.to_owned(), "role_not_allowed".to_owned());
    let refused = [vec![because("log.read"); 6], vec![because("log.read-entries"); 2]].concat();
    assert_eq!(refusals(&world, owner.id).await, refused);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_of_the_whole_log_reads_every_event_and_not_from_where_it_was_caused() {
    let (world, audit, _folder) = serving(3, true).await;
    let events = Events::default().with_parts(&world.env, world.env.new_id(), 1);
    world.publish_life(&events).await;
    world.until_recorded(4).await;
    world.until_kept(1, 1).await;
    let operator = world.people.operator(&world.env);
    let auditor = world.people.auditor_of(&world.env, &operator);
    assert_eq!(audit.positions(&auditor, "/v1/events?order=asc").await, [1, 2, 3, 4]);
    let id = Envelope::parse(&events[0].event).unwrap().id;
    let path = format!("/v1/events/{id}");
    assert!(audit.get(&operator, &path).await.expect(200).json["context"].is_object());
    let seen = audit.get(&auditor, &path).await.expect(200).json;
    assert!(seen["details"].is_object() && seen.get("context").is_none(), "{seen}");
    let places = serde_json::json!({ "ids": [id] });
    let found = audit.client(&auditor).post("/v1/events/places", places).await.expect(200);
    assert_eq!(found.json["items"][0]["position"], 4);
    audit.stop().await;
}

/// Whether the proof that this person is given stands alone: the event is in it, and a checkpoint that was served.
async fn proves(world: &World, audit: &Replica, client: &Client, event: &[u8]) {
    let id: EventId = Envelope::parse(event).unwrap().id;
    let answer = client.get(&format!("/v1/events/{id}/proof")).await.expect(200);
    let file = ProofFile::parse(&answer.body).unwrap();
    assert_eq!(file.extra, event);
    let key = key(&anybody(audit)).await;
    // Of the event that the file itself has, and of nothing else.
    let covered = file.verify(Hash::of_leaf(&file.extra), &key).unwrap();
    let served: bool = sqlx::query_scalar(
        "SELECT served_at IS NOT NULL FROM audit.checkpoints WHERE size = $1 AND note = $2",
    )
    .bind(i64::try_from(covered.size).unwrap())
    .bind(file.checkpoint.to_string().into_bytes())
    .fetch_one(&world.sql)
    .await
    .unwrap();
    assert!(served, "nobody is shown a checkpoint that others are not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_read_an_event_may_have_it_proved_and_nobody_else_learns_of_it() {
    let (world, audit, _folder) = serving(2, true).await;
    world.directory().await;
    let (organization, elsewhere) = (world.env.new_id(), world.env.new_id());
    let (grant_id, account_id): (GrantId, AccountId) = (world.env.new_id(), world.env.new_id());
    let reason = ConsentEndReason::Requested;
    let revoked = ConsentRevoked { grant_id, app_id: world.env.new_id(), account_id, reason };
    let by = Provenance::system(Service::ConsentBroker, Some(organization), world.env.new_id());
    let event = Events::default().record(&world.env, grant_id.uuid(), &by, &revoked);
    world.publish(&event).await;
    world.until_recorded(3).await;
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 3).await;

    let member = |organization, role| world.people.person(&world.env, &[(organization, role)]);
    for role in [MemberRole::Owner, MemberRole::Developer, MemberRole::Auditor] {
        let member = member(organization, role);
        proves(&world, &audit, &audit.client(&member), &event).await;
    }
    let holder = world.people.person(&world.env, &[]);
    *world.people.account_holder.lock().unwrap() = Some((holder.id, account_id));
    for reader in [holder, world.people.operator(&world.env), world.people.auditor(&world.env)] {
        proves(&world, &audit, &audit.client(&reader), &event).await;
    }
    let id: EventId = Envelope::parse(&event).unwrap().id;
    for stranger in [member(elsewhere, MemberRole::Owner), world.people.person(&world.env, &[])] {
        for path in [format!("/v1/events/{id}"), format!("/v1/events/{id}/proof")] {
            let hidden = audit.get(&stranger, &path).await;
            hidden.problem(404, "event-not-found");
            // As of an event that there is not.
            let none = path.replace(&id.to_string(), &world.env.new_id::<EventId>().to_string());
            assert_eq!(audit.get(&stranger, &none).await.json, hidden.json);
        }
    }
    audit.stop().await;
}
