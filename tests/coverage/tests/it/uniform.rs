//! What every operation has in common, whatever it is about: it refuses parameters that it does not have, what it made
//! can be read where its answer says, and a repetition is answered as the first time.

use serde_json::Value;
use stage::{Answer, Client};

/// What is not as it has to be of an answer to an unknown parameter.
pub(crate) fn fault_of_misspelt(answer: &Answer) -> Option<String> {
    let errors = answer.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    (answer.status != 422 || named != [MISSPELT])
        .then(|| format!("{}, which names {named:?}: {}", answer.status, answer.text()))
}

/// A parameter that nothing has.
pub(crate) const MISSPELT: &str = "misspelt";

/// What is not as it has to be of an answer that says where what was made is.
pub(crate) async fn fault_of_location(answer: &Answer, caller: &Client) -> Option<String> {
    let location = answer.header("location");
    if location.is_empty() {
        return None;
    }
    // Who signs in, or proves a password, reads with what they got.
    let own = answer.json["token"]
        .as_str()
        .filter(|token| token.starts_with("mandate_ses_") || token.starts_with("mandate_pat_"));
    let reader = own.map_or_else(|| caller.clone(), |token| caller.with_token(token));
    let read = reader.get(location).await;
    (read.status != 200).then(|| format!("{location} is {}: {}", read.status, read.text()))
}

/// The names under which secrets are shown once, and what has them in it.
const SHOWN_ONCE: [&str; 3] = ["client_secret", "token", "url"];

/// What differs of an answer that was repeated.
pub(crate) fn differences(first: &Answer, again: &Answer) -> Vec<String> {
    let mut differences = Vec::new();
    if again.status != first.status {
        differences.push(format!("{} instead of {}: {}", again.status, first.status, again.text()));
    }
    if again.header("idempotent-replayed") != "true" {
        differences.push("it does not say that it is repeated".to_owned());
    }
    for header in ["location", "etag", "content-type", "cache-control"] {
        let (first, again) = (first.header(header), again.header(header));
        if first != again {
            differences.push(format!("{header} is `{again}` instead of `{first}`"));
        }
    }
    let mut expected = first.json.clone();
    for name in SHOWN_ONCE {
        if let Some(secret) = expected.get_mut(name) {
            *secret = Value::Null;
        }
    }
    if again.json != expected {
        differences.push(format!("{} instead of {expected}", again.json));
    }
    differences
}
