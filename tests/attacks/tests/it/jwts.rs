//! The accounts of deploy/nats.conf made of JWTs, as `nsc` makes them: an operator signs accounts, accounts sign
//! users and what others may import of them. (JWT version 2 of nats-io/jwt.)

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use local_servers::{NatsAccount, NatsExport, NatsImport, NatsOptions, NatsUser};
use nkeys::KeyPair;
use serde_json::{Value, json};

/// The account of the streams.
const STREAMS: &str = "MANDATE";

/// What a server and its users are given.
pub(crate) struct Jwts {
    /// For the server's configuration file.
    pub(crate) configuration: String,
    /// For each user the text of its file of credentials.
    pub(crate) credentials: BTreeMap<String, String>,
}

/// An account's key, and what others may import of it.
struct Account<'o> {
    key: KeyPair,
    exports: &'o [NatsExport],
}

impl Jwts {
    /// The same accounts and users.
    pub(crate) fn of(options: &NatsOptions) -> Self {
        let operator = KeyPair::new_operator();
        let system = KeyPair::new_account();
        let mut accounts: BTreeMap<&str, Account<'_>> = BTreeMap::new();
        let streams = Account { key: KeyPair::new_account(), exports: &options.exports };
        accounts.insert(STREAMS, streams);
        for account in &options.accounts {
            let key = KeyPair::new_account();
            accounts.insert(&account.name, Account { key, exports: &account.exports });
        }

        let (none, mut preloaded) = (&Vec::new(), String::new());
        let mut preload = |key: &KeyPair, claims: Value| {
            let jwt = sign(&operator, &key.public_key(), "account", claims);
            writeln!(preloaded, "  {}: {jwt}", key.public_key()).unwrap();
        };
        preload(&system, json!({ "limits": limits(0) }));
        let mut credentials = BTreeMap::new();
        let streams = (STREAMS, &options.users, none);
        let others = options.accounts.iter();
        let others =
            others.map(|NatsAccount { name, users, imports, .. }| (&**name, users, imports));
        for (name, users, imports) in std::iter::once(streams).chain(others) {
            let Account { key, exports } = &accounts[name];
            let exports: Vec<Value> = exports.iter().map(export).collect();
            let imports: Vec<Value> =
                imports.iter().map(|wanted| import(wanted, &accounts, key)).collect();
            let stored = if name == STREAMS { -1 } else { 0 };
            let claims =
                json!({ "exports": exports, "imports": imports, "limits": limits(stored) });
            preload(key, claims);
            for user in users {
                credentials.insert(user.name.clone(), credentials_of(user, key));
            }
        }
        let jwt = sign(
            &operator,
            &operator.public_key(),
            "operator",
            json!({ "system_account": system.public_key() }),
        );
        let configuration = format!(
            "operator: {jwt}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n{preloaded}}}",
            system.public_key()
        );
        Self { configuration, credentials }
    }
}

/// A JWT about `subject`.
fn sign(issuer: &KeyPair, subject: &str, kind: &str, mut claims: Value) -> String {
    claims["type"] = json!(kind);
    claims["version"] = json!(2);
    let claims = json!({ "jti": subject, "iat": 1_700_000_000, "iss": issuer.public_key(), "sub": subject,
        "name": subject, "nats": claims });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = encode(&json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let signed = format!("{header}.{}", encode(&claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// No limits, but for what JetStream may store: `-1` is anything, 0 nothing.
fn limits(stored: i64) -> Value {
    json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "disk_storage": stored, "mem_storage": 0, "streams": -1, "consumer": -1 })
}

/// Private: nobody imports it without a token.
fn export(NatsExport { subject, many_answers }: &NatsExport) -> Value {
    let answers = if *many_answers { "Stream" } else { "Singleton" };
    json!({ "name": subject, "subject": subject, "type": "service", "token_req": true,
        "response_type": answers })
}

fn import(
    wanted: &NatsImport,
    accounts: &BTreeMap<&str, Account<'_>>,
    importer: &KeyPair,
) -> Value {
    let exporter = &accounts[wanted.account.as_deref().unwrap_or(STREAMS)];
    assert!(!exporter.exports.is_empty());
    let activation = json!({ "subject": wanted.subject, "kind": "service" });
    let token = sign(&exporter.key, &importer.public_key(), "activation", activation);
    let mut import = json!({ "name": wanted.subject, "subject": wanted.subject, "type": "service",
        "account": exporter.key.public_key(), "token": token });
    if let Some(local) = &wanted.local {
        import["local_subject"] = json!(local);
    }
    import
}

fn credentials_of(user: &NatsUser, account: &KeyPair) -> String {
    let key = KeyPair::new_user();
    let may = |subjects: &[String]| {
        if subjects.is_empty() { json!({ "deny": [">"] }) } else { json!({ "allow": subjects }) }
    };
    let mut claims = json!({ "pub": may(&user.publish), "sub": may(&user.subscribe),
        "subs": -1, "data": -1, "payload": -1 });
    if user.allow_responses {
        claims["resp"] = json!({ "max": 1, "ttl": 0 });
    }
    let jwt = sign(account, &key.public_key(), "user", claims);
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        key.seed().unwrap()
    )
}
