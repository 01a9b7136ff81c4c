//! The load of those who sign in at their organization's identity provider.

use reqwest::Method;
use serde_json::{Value, json};
use stage::Somebody;

use crate::cast::{Cast, Developer};
use crate::client::{As, Body, Client, Command, End, shown_once};

/// So many of an organization sign in again and again; all others once.
const REGULAR: usize = 4;

/// Somebody signs in there: somebody new, or one of the regulars; and signs out again, or not.
pub(crate) async fn journey(client: &mut Client, cast: &Cast) -> Result<(), End> {
    let Some(developer) = client.random.pick(&cast.developers).cloned() else { return Ok(()) };
    let name = if client.random.once_in(2) {
        client.new_name("visitor")
    } else {
        format!("regular-{}", client.random.below(REGULAR))
    };
    let (id, completion) = begin(client, cast, &developer, &name).await?;
    let path = format!("/v1/sign-ins/{id}/complete");
    let answer = if client.random.once_in(4) {
        let both = [completion.clone(), completion];
        client.race(&format!("the sign-in {id}"), &path, None, both).await?.answer
    } else {
        let command = Command {
            body: Body::Json(completion),
            done_before: &[403],
            ..Command::bare("sign-in.accepted", As::Nobody, Method::POST, &path)
        };
        // It is used up before the provider is asked: of an attempt without an answer it is not known whether
        // anybody was signed in. And a replica whose clock is behind believes no provider; no other reason may
        // be recorded.
        client.try_run(command, None, &[403]).await?.ok_or(End::Lost)?
    };
    client.claim("sign-in.accepted", &id)?;
    let session = client.claim_field("session.created", &answer, "id")?;
    let token = shown_once(&answer, "token")?;
    let by = As::Token(&token);
    client.run(Command::bare("me", by, Method::GET, "/v1/people/me"), None).await?;
    if client.random.once_in(2) {
        let path = format!("/v1/sessions/{session}");
        client.act("session.ended", by, Method::DELETE, &path, &[401], &session).await?;
        client.refused(Command::bare("me", by, Method::GET, "/v1/people/me"), 401).await?;
    }
    Ok(())
}

/// Begins a sign-in, and comes back from the provider: the sign-in, and with what it is completed.
async fn begin(
    client: &mut Client,
    cast: &Cast,
    developer: &Developer,
    name: &str,
) -> Result<(String, Value), End> {
    let email = format!("{name}@{}", developer.domain);
    let command = Command {
        body: Body::Json(json!({ "email": email })),
        ..Command::bare("sign-in.begun", As::Nobody, Method::POST, "/v1/sign-ins")
    };
    let begun = client.run(command, None).await?.unwrap_or_default();
    let field = |name: &str| begun[name].as_str().unwrap_or_default().to_owned();
    let whoever = Somebody::with_email(&email);
    let returned = cast.provider.sign_in(&field("authorization_url"), whoever).await;
    let completion = json!({
        "state": returned.state, "code": returned.code, "iss": returned.iss,
        "binding": field("binding"),
    });
    Ok((field("sign_in_id"), completion))
}
