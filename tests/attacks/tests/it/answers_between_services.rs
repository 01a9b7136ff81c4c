//! Answers that grow with a customer: one NATS message carries each, and what is larger nobody gets.
//!
//! Which questions there are, the running system says: one that is not asked here fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use async_nats::service::NATS_SERVICE_ERROR;
use async_nats::{ConnectOptions, HeaderMap};
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::{
    AccountRole, AccountRolesOf, AddLinkToken, AskedIds, AuthenticateApp, CountConsents,
    CountGrants, EndLeaked, EventDigest, FindConsenter, GetApp, GetOrganization, HeldAccounts,
    LeakedToken, MOST_IDS, ManifestListOf, MatchingAccounts, MembershipsIn, NameAccounts, NameApps,
    NameOrganizations, NamePeople, PlacesOf, RepeatEvents, RequestMails, StreamEvents, StreamHeads,
    UnknownEvents, VisibleAccounts, WriteManifests, subject,
};
use contract::secret::{BearerKind, SecretHash};
use contract::{
    AccountId, AppId, CorrelationId, EventId, KeyId, LinkId, OrganizationId, PassOnId, PersonId,
    Service, Version,
};
use journeys::people::{Organization, Person, RETAIL_MEDIA};
use journeys::system::System;
use local_servers::testing::NATS_USER;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use stage::Method;
use uuid::Uuid;

/// What NATS carries by default.
const LARGEST: usize = 1024 * 1024;

/// Rows of everything, behind every question. Names are as long as they may be, of the characters that take most
/// bytes, where they are asked for.
const ROWS: [&str; 9] = [
    "INSERT INTO directory.people (id, email, name, operator, version, created_at)
     SELECT gen_random_uuid(), n || '@many.example', repeat('😀', CASE WHEN n <= 600 THEN 200 ELSE 1 END), false, 1, now()
     FROM generate_series(1, 100000) AS n",
    "INSERT INTO directory.accounts (id, name, external_id, kind, service, version, created_at)
     SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
            repeat('😀', CASE WHEN n <= 1000 THEN 200 ELSE 1 END),
            lpad(n::text, CASE WHEN n <= 1000 THEN 200 ELSE 6 END, '😀'), 'advertiser', 'retail_media', 1, now()
     FROM generate_series(1, 100000) AS n",
    // Others can make somebody a member of anything.
    "INSERT INTO directory.organizations (id, name, kind, contact_email, country, version, created_at)
     SELECT ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'Example', 'other', 'x@many.example', 'FR', 1,
            now()
     FROM generate_series(1, 100000) AS n",
    "INSERT INTO directory.memberships (id, organization_id, person_id, role, version, created_at)
     SELECT gen_random_uuid(), id, $1, 'auditor', 1, now() FROM directory.organizations
     WHERE contact_email = 'x@many.example'",
    // The person sees all of the accounts, and may consent for none of them.
    "INSERT INTO directory.account_roles (id, account_id, person_id, role, version, created_at)
     SELECT gen_random_uuid(), id, $1, 'technical_manager', 1, now() FROM directory.accounts
     WHERE id < '00000000-0000-7000-8000-f00000000000'",
    // For one there are very many who may, for the others of the first pages more than are named.
    "INSERT INTO directory.account_roles (id, account_id, person_id, role, version, created_at)
     SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', id, 'admin', 1, now()
     FROM directory.people WHERE email LIKE '%@many.example'",
    "INSERT INTO directory.account_roles (id, account_id, person_id, role, version, created_at)
     SELECT gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, p.id, 'admin', 1, now()
     FROM generate_series(2, 600) AS n, (SELECT id FROM directory.people WHERE email LIKE '1_@many.example') AS p",
    "INSERT INTO app_registry.apps (id, organization_id, name, description, authentication_method, domains, scopes,
                                    state, created_at, updated_at, version)
     SELECT gen_random_uuid(), $1, repeat('😀', 100), repeat('😀', 255), 'client_credentials', '{}', '{}', 'draft',
            now(), now(), 1
     FROM generate_series(1, 100000)",
    // One stream of very many, and very many streams that reach very far.
    "INSERT INTO directory.events (id, stream_kind, stream_id, version, type, occurred_at, recorded_at, envelope)
     SELECT gen_random_uuid(), 'account', CASE WHEN n <= 80000 THEN $1 ELSE gen_random_uuid() END,
            CASE WHEN n <= 80000 THEN n ELSE 2147483647 END, 'mandate.account.created.v1', now(),
            now() - interval '1 hour', convert_to(repeat('\"', CASE WHEN n <= 300 THEN 8000 ELSE 2 END), 'UTF8')
     FROM generate_series(1, 100000) AS n",
];

/// What the questions are about.
struct Filled {
    person: PersonId,
    token_sha256: String,
    organization: OrganizationId,
    organizations: Vec<OrganizationId>,
    accounts: Vec<AccountId>,
    people: Vec<PersonId>,
    apps: Vec<AppId>,
    app: AppId,
    access_token: String,
    stream: Uuid,
}

/// The last version that a stream can reach.
fn last() -> Version {
    Version::new(i32::MAX.into()).unwrap()
}

/// The questions of an operation: each with the whole of what may be asked at a time.
#[expect(clippy::too_many_lines, reason = "a question a line")]
fn questions(operation: &str, filled: &Filled) -> Vec<Value> {
    let person_id = filled.person;
    let account_ids = AskedIds::try_from(filled.accounts.clone()).unwrap();
    match operation {
        "authenticate" => vec![json!({ "token_sha256": filled.token_sha256, "kind": "api_token" })],
        "get-organization" => {
            vec![json!(GetOrganization { organization_id: filled.organization })]
        }
        "visible-accounts" => {
            let all = VisibleAccounts {
                person_id,
                service: RETAIL_MEDIA.to_owned(),
                consent_roles: vec![AccountRole::Admin, AccountRole::BusinessManager],
                q: None,
                after: None,
                limit: u16::MAX,
            };
            let nothing = VisibleAccounts { q: Some("nothing".to_owned()), ..all.clone() };
            vec![json!(all), json!(nothing)]
        }
        "matching-accounts" => {
            let service = RETAIL_MEDIA.to_owned();
            let all = MatchingAccounts { person_id, service, q: None, after: None };
            let nothing = MatchingAccounts { q: Some("nothing".to_owned()), ..all.clone() };
            vec![json!(all), json!(nothing)]
        }
        "find-consenter" => {
            let consent_roles = vec![AccountRole::Admin];
            let account_id = filled.accounts[0];
            vec![json!(FindConsenter { person_id, account_id, consent_roles })]
        }
        // Of a link that is not there: its answer is a time.
        "add-link-token" => vec![json!(AddLinkToken {
            link_id: LinkId::from_uuid(Uuid::nil()),
            pass_on_id: PassOnId::from_uuid(Uuid::nil()),
            token_sha256: hex::encode([0; 32]),
        })],
        "count-consents" => vec![json!(CountConsents { app_id: filled.app })],
        "count-grants" => {
            let app_ids = AskedIds::try_from(filled.apps.clone()).unwrap();
            vec![json!(CountGrants { app_ids })]
        }
        "held-accounts" => vec![json!(HeldAccounts { person_id, after: None })],
        "memberships-in" => {
            let organization_ids = filled.organizations.clone().try_into().unwrap();
            vec![json!(MembershipsIn { person_id, identity_provider_id: None, organization_ids })]
        }
        "account-roles-of" => vec![json!(AccountRolesOf { person_id, account_ids })],
        "name-accounts" => vec![json!(NameAccounts { account_ids })],
        "name-organizations" => {
            let organization_ids = filled.organizations.clone().try_into().unwrap();
            vec![json!(NameOrganizations { organization_ids })]
        }
        "name-people" => {
            let person_ids = AskedIds::try_from(filled.people.clone()).unwrap();
            vec![json!(NamePeople { person_ids })]
        }
        // Its answer is a number.
        "request-mails" => {
            let asked = |number: usize| RequestedMail {
                event_id: EventId::from_uuid(Uuid::from_u128(number as u128)),
                organization_id: Some(filled.organization),
                correlation_id: CorrelationId::from_uuid(Uuid::nil()),
                mail: MailRequest::KeyLeaked {
                    key_id: KeyId::from_uuid(Uuid::nil()),
                    app_id: filled.app,
                },
                recipient: MailRecipient::Contact(filled.organization),
            };
            vec![json!(RequestMails { mails: (0..RequestMails::MOST).map(asked).collect() })]
        }
        "end-leaked" => {
            let token =
                |_| LeakedToken { kind: BearerKind::ApiToken, token_sha256: hex::encode([0; 32]) };
            vec![json!(EndLeaked { tokens: (0..EndLeaked::MOST).map(token).collect() })]
        }
        "get-app" => {
            vec![json!(GetApp { app_id: filled.app }), json!(GetApp { app_id: filled.apps[0] })]
        }
        "name-apps" => {
            let app_ids = AskedIds::try_from(filled.apps.clone()).unwrap();
            vec![json!(NameApps { app_ids })]
        }
        "authenticate-app" => {
            vec![json!(AuthenticateApp { access_token: filled.access_token.clone() })]
        }
        "places-of" => {
            let events = filled.accounts.iter().map(|id| EventId::from_uuid(id.uuid()));
            let event_ids = AskedIds::try_from(events.collect::<Vec<_>>()).unwrap();
            vec![json!(PlacesOf { event_ids })]
        }
        "stream-events" => {
            let stream_id = filled.stream;
            vec![json!(StreamEvents { stream_id, from: Version::FIRST, to: last() })]
        }
        // Its answer is a number. Of another stream: what fills this one is no event that audit could take.
        "repeat-events" => {
            let stream_id = person_id.uuid();
            vec![json!(RepeatEvents { stream_id, from: Version::FIRST, to: last() })]
        }
        // None of them is there: the answer is all of them.
        "unknown-events" => {
            let event = |_| EventDigest {
                stream_id: Uuid::nil(),
                version: last(),
                sha256: hex::encode([0; 32]),
            };
            let events = (0..UnknownEvents::EVENTS_AT_ONCE).map(event).collect();
            vec![json!(UnknownEvents { events })]
        }
        "stream-heads" => {
            let first = StreamHeads { limit: i64::MAX, ..StreamHeads::default() };
            vec![json!(first), json!(StreamHeads { after_seq: 80_000, ..first })]
        }
        "write-manifests" => vec![json!(WriteManifests {})],
        // Each lists as many streams as one can.
        "manifest-list" => {
            let of = |number| json!(ManifestListOf { version: Version::new(number).unwrap() });
            (1..=10).map(of).collect()
        }
        other => panic!("`{other}` is a question that nobody asks here"),
    }
}

async fn ids<T: std::str::FromStr<Err: std::fmt::Debug>>(pool: &PgPool, query: &str) -> Vec<T> {
    let query = format!("{query} LIMIT {MOST_IDS}");
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0).parse().unwrap()).collect()
}

async fn fill(system: &System, organization: &Organization, person: &Person) -> Filled {
    let operator = system.operator();
    let app = organization.developer.active_app(organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let token = person.authorization().unwrap().trim_start_matches("Bearer ").to_owned();
    let pool = PgPool::connect(&system.servers.database.url).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    // Not one by one, as the triggers would have it.
    sqlx::query("SET session_replication_role = replica").execute(&mut *connection).await.unwrap();
    let (person_id, organization_id): (PersonId, OrganizationId) =
        (person.id.parse().unwrap(), organization.id.parse().unwrap());
    let stream = Uuid::from_u128(1);
    for insert in ROWS {
        let mut query = sqlx::query(insert);
        if insert.contains("$1") {
            query = query.bind(match insert {
                _ if insert.contains("app_registry") => organization_id.uuid(),
                _ if insert.contains("directory.events") => stream,
                _ => person_id.uuid(),
            });
        }
        query.execute(&mut *connection).await.unwrap();
    }
    sqlx::query("ANALYZE directory.accounts, directory.account_roles, directory.people")
        .execute(&mut *connection)
        .await
        .unwrap();
    Filled {
        person: person_id,
        token_sha256: hex::encode(SecretHash::of(&token).0),
        organization: organization_id,
        organizations: ids(
            &pool,
            "SELECT organization_id::text FROM directory.memberships WHERE role = 'auditor' ORDER BY 1",
        )
        .await,
        accounts: ids(&pool, "SELECT id::text FROM directory.accounts ORDER BY id").await,
        people: ids(&pool, "SELECT id::text FROM directory.people ORDER BY length(name) DESC")
            .await,
        apps: ids(&pool, "SELECT id::text FROM app_registry.apps WHERE state = 'draft'").await,
        app: app.id.parse().unwrap(),
        access_token: key.token(&operator).await,
        stream,
    }
}

/// The operations of each service, as they answer on the NATS services protocol.
async fn operations(client: &async_nats::Client) -> BTreeMap<Service, BTreeSet<String>> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    client.publish_with_reply("$SRV.INFO", inbox, "".into()).await.unwrap();
    let mut operations: BTreeMap<Service, BTreeSet<String>> = BTreeMap::new();
    while operations.len() < Service::ALL.len() {
        let answer = futures::StreamExt::next(&mut answers);
        let answer = tokio::time::timeout(Duration::from_secs(30), answer).await.unwrap().unwrap();
        let info: Value = serde_json::from_slice(&answer.payload).unwrap();
        let service = info["name"].as_str().unwrap().parse().unwrap();
        let endpoints = info["endpoints"].as_array().unwrap();
        let names = endpoints.iter().map(|endpoint| endpoint["name"].as_str().unwrap().to_owned());
        operations.insert(service, names.collect());
    }
    operations
}

#[tokio::test]
async fn no_answer_between_services_grows_with_what_is_behind_it() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let person = operator.person("Holder").await;
    let filled = fill(&system, &organization, &person).await;
    let nats = &system.servers.nats;
    let password = nats.password_of(NATS_USER).unwrap().to_owned();
    let options = ConnectOptions::with_user_and_password(NATS_USER.to_owned(), password);
    let client = options.connect(nats.url()).await.unwrap();

    let mut asked = 0;
    let mut largest: BTreeMap<String, usize> = BTreeMap::new();
    for (service, operations) in operations(&client).await {
        for operation in operations {
            for question in questions(&operation, &filled) {
                let payload = serde_json::to_vec(&question).unwrap();
                assert!(payload.len() < LARGEST, "{operation}: {} bytes", payload.len());
                let subject = subject(service, &operation);
                let answer = client.request(subject, payload.into()).await.unwrap();
                let headers = answer.headers.unwrap_or_else(HeaderMap::new);
                assert_eq!(headers.get(NATS_SERVICE_ERROR), None, "{service} {operation}");
                let length = answer.payload.len();
                assert!(length < LARGEST, "{service} {operation}: {length} bytes");
                let most = largest.entry(operation.clone()).or_default();
                *most = length.max(*most);
                asked += 1;
            }
        }
    }
    assert!(asked >= 11 + 6 * 5, "{asked}");
    // They were asked for much, and had it.
    for (operation, least) in [
        ("memberships-in", 499 * 36),
        ("visible-accounts", 300 * 1_600),
        ("matching-accounts", 10_000 * 36),
        ("held-accounts", 10_000 * 36),
        ("account-roles-of", 500 * 36),
        ("name-accounts", 500 * 800),
        ("name-people", 500 * 800),
        ("name-apps", 499 * 400),
        ("stream-events", 300_000),
        ("stream-heads", 10_000 * 36),
    ] {
        assert!(largest[operation] > least, "{operation}: {} bytes", largest[operation]);
    }
}

/// Imports accounts on which a person holds this role: at most 10,000 at a time.
async fn import(system: &System, person: &Person, accounts: std::ops::Range<u32>) {
    let mut file = "account_name,kind,service,external_id,email,role\n".to_owned();
    for number in accounts {
        let email = &person.email;
        writeln!(file, "Shop {number},advertiser,retail_media,S-{number},{email},admin").unwrap();
    }
    let operator = system.operator();
    let request = operator.request(Method::POST, "/v1/accounts/import");
    let request = request.header("content-type", "text/csv").body(file);
    request.send().await.expect(200);
}

/// The accounts that can be chosen on a link, from all pages.
async fn selectable(person: &Person, token: &str) -> Vec<String> {
    let path = format!("/v1/consent-requests/{token}/accounts?limit=200");
    let mut accounts = Vec::new();
    let mut next = path.clone();
    loop {
        let page = person.get(&next).await.expect(200);
        accounts.extend(page.ids());
        match page.json["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return accounts,
        }
    }
}

/// At 6,000 accounts nobody could consent, at 14,000 nobody could revoke: the answers were larger than NATS carries.
#[tokio::test]
async fn a_person_with_very_many_accounts_consents_and_revokes() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let reached = organization.developer.key(&app).await.app(&operator).await;
    let holder = operator.person("Holder").await;
    let revoke = format!("/v1/grants?app_id={}", app.id);
    for (new, count) in [(0..6_000, 6_000), (6_000..14_000, 14_000)] {
        import(&system, &holder, new).await;
        let link = organization.developer.link(&app).await;
        holder.open(&link).await.expect(200);
        let accounts = selectable(&holder, &link.token).await;
        assert_eq!(accounts.len(), count);
        let chosen: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let approved = holder.approve(&link, &chosen).await.expect(200).json;
        assert_eq!(approved["granted"].as_array().unwrap().len(), count);
        let used = organization.developer.get(&format!("/v1/consent-links/{}", link.id)).await;
        assert_eq!(used.expect(200).json["granted_count"], json!(count));
        assert_eq!(holder.get("/v1/grants?limit=200").await.expect(200).ids().len(), 200);
        assert_eq!(reached.get("/v1/me/accounts").await.expect(200).ids().len(), 50);

        let revoked = holder.delete(&revoke).await.expect(200).json;
        assert_eq!(revoked["revoked"].as_array().unwrap().len(), count);
        assert_eq!((&revoked["left"], &revoked["more"]), (&json!([]), &json!(false)));
        assert!(reached.get("/v1/me/accounts").await.expect(200).ids().is_empty());
    }
}
