//! What must hold after every round, read from the tables of all services.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::Service;
use contract::facts::EventClass;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::history::{Claim, History};
use crate::invariants::{NAMED, NEVER, STATE};
use crate::invariants_of_people;
use crate::log;
use crate::stage::Stage;
use crate::subscriber::Subscriber;

/// At most so many findings of one kind are told.
const TOLD: usize = 10;

/// Whether everything has come to rest: everybody is ready, everything is published, recorded,
/// received and applied.
///
/// # Errors
/// What has not.
pub async fn quiet(
    stage: &mut Stage,
    subscriber: &Subscriber,
    http: &reqwest::Client,
) -> Result<(), String> {
    stage.ready(http).await?;
    // First: what a projection still applies may become events, which are counted after it.
    let behind = lagging(&stage.pool).await.map_err(|error| error.to_string())?;
    let (mut events, mut facts, mut waiting) = (0, 0, 0);
    for service in Service::ALL {
        let schema = service.schema();
        events += count(&stage.pool, &format!("{schema}.events")).await?;
        let told = facts_of(&stage.pool, schema).await;
        facts += told.map_err(|error| error.to_string())?;
        waiting += count(&stage.pool, &format!("{schema}.outbox")).await?;
    }
    // What still ends with an archived app becomes events, too.
    // And so does every mail.
    let mails = "directory.mails WHERE sent_at IS NULL AND abandoned_at IS NULL";
    // And what time ends, with its notices and their mails.
    let ending =
        "consent_broker.grants WHERE ended_at IS NULL AND expires_at < now() + interval '1 hour'";
    let asked = ["key_issuer.mail_requests", "consent_broker.mail_requests"];
    let ends = ["key_issuer.app_endings", "consent_broker.app_endings"];
    for left in ends.into_iter().chain(asked).chain([mails, ending]) {
        waiting += count(&stage.pool, left).await?;
    }
    let recorded = count(&stage.pool, "audit.entries").await?;
    let received = subscriber.count();
    let complete = waiting == 0 && recorded == events && i64::try_from(received) == Ok(facts);
    let parts = parts_missing(&stage.pool).await.map_err(|error| error.to_string())?;
    if complete && behind.is_empty() && parts.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{events} events ({facts} facts), {waiting} in outboxes, to end with their app or to be mailed, {recorded} recorded, {received} received; behind: {behind:?}; contexts and details missing: {parts:?}"
    ))
}

/// Everything that does not hold. Asked when all is quiet.
///
/// # Errors
/// When the database fails.
pub async fn violations(
    stage: &Stage,
    subscriber: &Subscriber,
    history: &History,
) -> anyhow::Result<Vec<String>> {
    let pool = &stage.pool;
    let mut found = history.wrongs();
    found.extend(subscriber.wrongs());
    for (what, query) in NEVER.into_iter().chain(invariants_of_people::NEVER) {
        report(&mut found, what, sqlx::query_scalar(query).fetch_all(pool).await?);
    }
    for service in Service::ALL {
        producer(pool, service.schema(), &mut found).await?;
    }
    for state in &STATE {
        let what = format!("{} is not what its events say", state.name());
        report(&mut found, &what, state.compare(pool).await?);
    }
    let lagging = lagging(pool).await?;
    report(&mut found, "a projection has not applied what there is", lagging);
    bytes(pool, subscriber, &mut found).await?;
    let what = "audit does not have what is kept beside an event as its producer has it";
    report(&mut found, what, parts_missing(pool).await?);
    mails(stage, &mut found).await?;
    let log::Wrongs { tree, tiles, checkpoints } = log::wrongs(pool).await?;
    report(&mut found, "the log's tree is not that of its entries", tree);
    report(&mut found, "a tile is not that of the log's entries", tiles);
    report(&mut found, "a checkpoint is not of the log", checkpoints);
    claims(pool, history, &mut found).await?;
    names(pool, history, &mut found).await?;
    Ok(found)
}

/// Every mail that was sent has come to whom it is, under its own id, and nothing else: but for one whose sender died
/// after the server took it, and which there was nothing to tell of any more when it was to be tried again.
async fn mails(stage: &Stage, found: &mut Vec<String>) -> sqlx::Result<()> {
    let some = async |condition: &str| -> sqlx::Result<BTreeSet<(String, String)>> {
        let query = format!("SELECT id::text, recipient FROM directory.mails WHERE {condition}");
        Ok(sqlx::query_as(AssertSqlSafe(query)).fetch_all(&stage.pool).await?.into_iter().collect())
    };
    let sent = some("sent_at IS NOT NULL").await?;
    let outdated = some("abandoned_at IS NOT NULL AND last_error = 'outdated'").await?;
    let came: BTreeSet<(String, String)> = stage.mailbox.came().into_keys().collect();
    let told = |cases: Vec<&(String, String)>| {
        cases.into_iter().map(|(id, to)| format!("{id} to {to}")).collect()
    };
    report(found, "a mail was sent and did not come", told(sent.difference(&came).collect()));
    let unsent = came.difference(&sent).filter(|mail| !outdated.contains(*mail)).collect();
    report(found, "a mail came and was not sent", told(unsent));
    Ok(())
}

/// The mails that came again since it was asked last. Only the death of who sends them explains that, or of the
/// database meanwhile.
///
/// The mails that came before are kept in `before`.
pub(crate) fn mails_again(
    before: &mut BTreeMap<(String, String), usize>,
    now: BTreeMap<(String, String), usize>,
) -> Vec<String> {
    let times = |mail| before.get(mail).copied().unwrap_or(1);
    let again = now.iter().filter(|(mail, count)| **count > times(*mail));
    let mut found = Vec::new();
    report(
        &mut found,
        "a mail came again, and nobody had died",
        again.map(|((id, to), count)| format!("{id} to {to}: {count} times")).collect(),
    );
    *before = now;
    found
}

fn report(found: &mut Vec<String>, what: &str, cases: Vec<String>) {
    let more = cases.len().saturating_sub(TOLD);
    found.extend(cases.into_iter().take(TOLD).map(|case| format!("{what}: {case}")));
    if more > 0 {
        found.push(format!("{what}: {more} more"));
    }
}

async fn count(pool: &PgPool, table: &str) -> Result<i64, String> {
    let query = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(query))
        .fetch_one(pool)
        .await
        .map_err(|error| format!("{table}: {error}"))
}

/// What is kept beside an event, and in which tables: the producer's, and audit's.
const PARTS: [(&str, &str, &str); 2] =
    [("context", "contexts", "entry_contexts"), ("details", "details", "entry_details")];

/// Contexts and details that audit does not have, or not as their producer has them.
async fn parts_missing(pool: &PgPool) -> sqlx::Result<Vec<String>> {
    let mut missing = Vec::new();
    for (part, kept, recorded) in PARTS {
        let of_one = |service: Service| {
            let schema = service.schema();
            format!(
                "SELECT c.event_id, c.salt, c.{part} AS part, v.type, v.seq
                 FROM {schema}.{kept} c JOIN {schema}.events v ON v.id = c.event_id"
            )
        };
        let all = Service::ALL.map(of_one).join(" UNION ALL ");
        let query = format!(
            "SELECT '{part} of ' || c.type || ' ' || c.event_id || ' (row ' || c.seq || ')'
                    || CASE WHEN e.event_id IS NULL THEN '' ELSE ': another' END
             FROM ({all}) AS c LEFT JOIN audit.{recorded} e USING (event_id)
             WHERE (e.salt, e.{part}) IS DISTINCT FROM (c.salt, c.part) LIMIT {TOLD}"
        );
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await?;
        missing.extend(found);
    }
    Ok(missing)
}

/// Projections that have not come to the end of a stream that they follow. Whether they follow a
/// stream is told by their having followed another of its kind.
async fn lagging(pool: &PgPool) -> sqlx::Result<Vec<String>> {
    let heads = |service: Service| {
        format!(
            "SELECT stream_kind, stream_id, max(version) AS version FROM {}.events GROUP BY 1, 2",
            service.schema()
        )
    };
    let heads = Service::ALL.map(heads).join(" UNION ALL ");
    let mut behind = Vec::new();
    for service in Service::ALL {
        let schema = service.schema();
        let query = format!(
            "WITH heads AS ({heads}), follows AS (
                 SELECT DISTINCT consumer, stream_kind
                 FROM {schema}.consumer_positions JOIN heads USING (stream_id))
             SELECT f.consumer || ' ' || h.stream_id || ': ' || coalesce(p.version, 0) || ' of ' || h.version
             FROM follows f JOIN heads h USING (stream_kind)
             LEFT JOIN {schema}.consumer_positions p ON p.consumer = f.consumer AND p.stream_id = h.stream_id
             WHERE p.version IS DISTINCT FROM h.version LIMIT {TOLD}"
        );
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await?;
        behind.extend(found);
    }
    Ok(behind)
}

/// A producer's own tables.
async fn producer(pool: &PgPool, schema: &str, found: &mut Vec<String>) -> sqlx::Result<()> {
    let query = format!(
        "SELECT stream_id::text FROM {schema}.events GROUP BY stream_id
         HAVING min(version) <> 1 OR max(version) <> count(*) OR count(DISTINCT version) <> count(*)"
    );
    let gaps = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await?;
    report(found, &format!("the versions of a stream of {schema} are not 1, 2, 3 …"), gaps);
    let query = format!("SELECT id::text FROM {schema}.events GROUP BY id HAVING count(*) > 1");
    let doubled = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await?;
    report(found, &format!("an event id of {schema} is there twice"), doubled);
    Ok(())
}

/// Every event is in the audit index and with the subscriber, with the bytes of its producer; and
/// nothing else is.
async fn bytes(
    pool: &PgPool,
    subscriber: &Subscriber,
    found: &mut Vec<String>,
) -> anyhow::Result<()> {
    let recorded: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("SELECT event_id, envelope FROM audit.entries").fetch_all(pool).await?;
    let mut recorded: HashMap<Uuid, Vec<u8>> = recorded.into_iter().collect();
    let (mut lost, mut changed, mut unseen, mut total) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let records = records();
    for service in Service::ALL {
        let query = format!("SELECT id, type, envelope FROM {}.events", service.schema());
        let events: Vec<(Uuid, String, Vec<u8>)> =
            sqlx::query_as(AssertSqlSafe(query)).fetch_all(pool).await?;
        for (id, kind, envelope) in events {
            match recorded.remove(&id) {
                None => lost.push(format!("{kind} {id}")),
                Some(bytes) if bytes != envelope => changed.push(format!("{kind} {id}")),
                Some(_) => {}
            }
            let fact = !records.contains(&kind.as_str());
            total += usize::from(fact);
            match subscriber.event(id) {
                None if !fact => {}
                None => unseen.push(format!("{kind} {id}")),
                Some(bytes) if bytes != envelope => changed.push(format!("{kind} {id}")),
                Some(_) => {}
            }
        }
    }
    let invented = recorded.into_keys().map(|id| id.to_string()).collect();
    report(found, "an event is not in the audit index", lost);
    report(found, "an event of the audit index has no producer", invented);
    report(found, "an event has other bytes than its producer's", changed);
    report(found, "a fact did not come to the subscriber", unseen);
    if subscriber.count() != total {
        found.push(format!("{total} facts, and the subscriber has {}", subscriber.count()));
    }
    Ok(())
}

/// The types of events that subscribers do not get.
fn records() -> Vec<&'static str> {
    let all = contract::facts::all().into_iter();
    all.filter(|event| event.class == EventClass::Record).map(|event| event.name).collect()
}

/// How many facts a service has recorded.
async fn facts_of(pool: &PgPool, schema: &str) -> sqlx::Result<i64> {
    let query = format!("SELECT count(*) FROM {schema}.events WHERE type <> ALL ($1)");
    sqlx::query_scalar(AssertSqlSafe(query)).bind(records()).fetch_one(pool).await
}

/// Every acknowledged command is in the audit index exactly once; those that leave an event each time that they are
/// repeated, as often as they were acknowledged at least.
async fn claims(pool: &PgPool, history: &History, found: &mut Vec<String>) -> sqlx::Result<()> {
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "SELECT stream_id, type, count(*) FROM audit.entries GROUP BY stream_id, type",
    )
    .fetch_all(pool)
    .await?;
    let counted: HashMap<(Uuid, String), i64> =
        rows.into_iter().map(|(stream, kind, count)| ((stream, kind), count)).collect();
    let mut wrong = Vec::new();
    let mut claimed: BTreeMap<Claim, i64> = BTreeMap::new();
    for claim in history.claims() {
        *claimed.entry(claim).or_default() += 1;
    }
    for (claim, least) in claimed {
        let Claim { event, stream, once } = claim;
        let count = counted.get(&(stream, format!("mandate.{event}.v1"))).copied().unwrap_or(0);
        let missing = if once { count != 1 } else { count < least };
        if missing {
            wrong.push(format!("{event} {stream}: {count} times"));
        }
    }
    report(found, "an acknowledged command is not in the audit index once", wrong);
    Ok(())
}

/// What was asked for once, however often it was repeated, is there once: and at all, if it was
/// acknowledged.
async fn names(pool: &PgPool, history: &History, found: &mut Vec<String>) -> sqlx::Result<()> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for query in NAMED {
        let names: Vec<Option<String>> = sqlx::query_scalar(query).fetch_all(pool).await?;
        for name in names.into_iter().flatten() {
            *counted.entry(name).or_default() += 1;
        }
    }
    let mut wrong = Vec::new();
    for (name, acknowledged) in history.names() {
        let count = counted.get(&name).copied().unwrap_or(0);
        if count > 1 || (acknowledged && count == 0) {
            wrong.push(format!("{name}: {count} times"));
        }
    }
    report(found, "what was asked for once is not there once", wrong);
    Ok(())
}
