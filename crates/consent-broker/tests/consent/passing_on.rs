//! Passing a request on to somebody who may consent.

use axum::http::StatusCode;
use chrono::Duration;
use consent_broker::Settings;
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::{AccountRole, AddLinkToken, AppState, UsableLink};
use contract::secret::LinkToken;
use contract::{AccountId, PassOnId};
use futures::future::join_all;
use serde_json::json;
use service::{CallContext, RpcError};

use crate::people::Person;
use crate::stage::{Stage, settings};

/// A stage with somebody who may consent for an account, and somebody who may not.
struct Passing {
    stage: Stage,
    admin: Person,
    viewer: Person,
    account: AccountId,
    id: String,
    token: String,
}

impl Passing {
    async fn set() -> Self {
        Self::with(settings()).await
    }

    async fn with(settings: Settings) -> Self {
        let stage = Stage::with(settings).await;
        let (admin, viewer) = (stage.person("The admin"), stage.person("The viewer"));
        let account = stage.account(&admin, AccountRole::Admin);
        stage.remote.role(account, viewer.id, Some(AccountRole::Viewer));
        let (id, token) = stage.link().await;
        Self { stage, admin, viewer, account, id, token }
    }

    async fn pass_on(&self) -> stage::Answer {
        self.viewer.pass_on(&self.token, self.account, self.admin.id).await
    }

    /// Adds a token as the directory does before it sends the mail: what the broker answers, and the token.
    async fn add_token(&self, pass_on_id: &str) -> (Option<UsableLink>, LinkToken) {
        let token = LinkToken::generate(self.stage.env());
        (self.add(pass_on_id, &token).await.unwrap(), token)
    }

    async fn add(&self, pass_on: &str, token: &LinkToken) -> Result<Option<UsableLink>, RpcError> {
        let question = AddLinkToken {
            link_id: self.id.parse().unwrap(),
            pass_on_id: pass_on.parse().unwrap(),
            token_sha256: hex::encode(token.hash().0),
        };
        let context = CallContext::new(self.stage.env());
        self.stage.resources.rpc.call(context, &question).await
    }
}

#[tokio::test]
async fn a_request_is_passed_on_with_an_event_that_names_no_account() {
    let passing = Passing::set().await;
    let answer = passing.pass_on().await.expect(202);
    let [event] = passing.stage.events_of("consent-link.passed-on").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent-link/{}", passing.id));
    assert_eq!(
        json!(event.data),
        json!({
            "link_id": passing.id, "app_id": passing.stage.app, "pass_on_id": answer.json["pass_on_id"],
            "from_person_id": passing.viewer.id, "to_person_id": passing.admin.id,
        }),
    );
    assert_eq!(event.authority.as_str(), "account:viewer");
    // Its makers see how often, and it is neither opened nor used by it.
    let link = passing.stage.developer.get(&format!("/v1/consent-links/{}", passing.id)).await;
    assert_eq!((&link.json["passed_on_count"], link.field("state")), (&json!(1), "pending".into()));
    passing.admin.open(&passing.token).await.expect(200);
    passing.admin.approve(&passing.token, &[passing.account]).await.expect(200);
}

#[tokio::test]
async fn only_who_sees_the_account_passes_on_and_only_to_who_may_consent() {
    let passing = Passing::set().await;
    let Passing { stage, admin, viewer, account, token, .. } = &passing;
    let stranger = stage.person("A stranger");
    let own = stage.account(&stranger, AccountRole::Admin);
    let analyst = stage.person("The analyst");
    stage.remote.role(*account, analyst.id, Some(AccountRole::Analyst));

    // Of an account that they do not see nobody learns anything: an unknown one is answered the same.
    let hidden = stranger.pass_on(token, *account, admin.id).await;
    let unknown = stranger.pass_on(token, stage.env().new_id(), admin.id).await;
    hidden.refuses_fields(&["account_id"]);
    assert_eq!(hidden.json, unknown.json);
    for nobody in [analyst.id, stranger.id, viewer.id, stage.env().new_id()] {
        viewer.pass_on(token, *account, nobody).await.problem(422, "not-a-consenter");
    }
    admin.pass_on(token, *account, admin.id).await.problem(422, "role-may-consent");
    stranger.pass_on(token, own, admin.id).await.problem(422, "role-may-consent");
    let elsewhere = stage.remote.account(stage.env(), "Elsewhere", "marketing_solutions");
    stage.remote.role(elsewhere, viewer.id, Some(AccountRole::Viewer));
    stage.remote.role(elsewhere, admin.id, Some(AccountRole::Admin));
    viewer.pass_on(token, elsewhere, admin.id).await.refuses_fields(&["account_id"]);
    let path = format!("/v1/consent-requests/{token}/pass-on");
    viewer.post(&path, json!({ "account_id": account })).await.expect(422);

    stage.remote.app_state(stage.app, AppState::Suspended);
    passing.pass_on().await.problem(409, "app-not-active");
    stage.remote.app_state(stage.app, AppState::Active);
    stage.granted(admin, &[*account]).await;
    passing.pass_on().await.problem(409, "already-granted");
    assert!(stage.events_of("consent-link.passed-on").await.is_empty());
}

#[tokio::test]
async fn who_may_not_consent_any_more_is_not_asked() {
    let passing = Passing::set().await;
    passing.stage.remote.role(passing.account, passing.admin.id, Some(AccountRole::Analyst));
    passing.pass_on().await.problem(422, "not-a-consenter");
    passing.stage.remote.role(passing.account, passing.admin.id, None);
    passing.pass_on().await.problem(422, "not-a-consenter");
}

#[tokio::test]
async fn a_closed_link_is_not_passed_on() {
    let passing = Passing::set().await;
    passing.admin.deny(&passing.token).await.expect(200);
    passing.pass_on().await.problem(409, "link-already-used");
    assert_eq!(passing.stage.refusals().await, ["link_already_used"]);
    let (id, token) = passing.stage.link().await;
    passing.stage.developer.delete(&format!("/v1/consent-links/{id}")).await.expect(204);
    let refused = passing.viewer.pass_on(&token, passing.account, passing.admin.id).await;
    refused.problem(410, "link-revoked");
    let (_, token) = passing.stage.link().await;
    passing.stage.clock.advance(Duration::days(30));
    let refused = passing.viewer.pass_on(&token, passing.account, passing.admin.id).await;
    refused.problem(410, "link-expired");
    let unknown = LinkToken::generate(passing.stage.env());
    let refused = passing.viewer.pass_on(unknown.reveal(), passing.account, passing.admin.id).await;
    refused.problem(404, "consent-request-not-found");
}

#[tokio::test]
async fn the_same_person_is_asked_again_after_a_pause_and_a_link_passed_on_so_often() {
    let limits = Settings { max_passings_per_link: 2, ..settings() };
    let passing = Passing::with(limits).await;
    passing.pass_on().await.expect(202);
    passing.stage.clock.advance(Duration::minutes(59));
    let refused = passing.pass_on().await;
    refused.problem(409, "passed-on-just-now");
    assert_eq!(refused.header("retry-after"), "60");
    // Nor by somebody else.
    let other = passing.stage.person("Another viewer");
    passing.stage.remote.role(passing.account, other.id, Some(AccountRole::Viewer));
    let refused = other.pass_on(&passing.token, passing.account, passing.admin.id).await;
    refused.problem(409, "passed-on-just-now");
    passing.stage.clock.advance(Duration::minutes(1));
    passing.pass_on().await.expect(202);

    let second = passing.stage.person("A second admin");
    passing.stage.remote.role(passing.account, second.id, Some(AccountRole::Admin));
    let refused = passing.viewer.pass_on(&passing.token, passing.account, second.id).await;
    refused.problem(409, "passed-on-too-often");
    assert_eq!(passing.stage.events_of("consent-link.passed-on").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_passings_on_to_one_person_at_once_one_is_made() {
    let passing = Passing::set().await;
    let other = passing.stage.replica().await;
    let there = passing.viewer.at(&other);
    let answers = join_all((0..60).map(|place| {
        let by = if place % 2 == 0 { &passing.viewer } else { &there };
        by.pass_on(&passing.token, passing.account, passing.admin.id)
    }))
    .await;
    let (made, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == StatusCode::ACCEPTED);
    assert_eq!(made.len(), 1);
    for answer in refused {
        answer.problem(409, "passed-on-just-now");
    }
    assert_eq!(passing.stage.events_of("consent-link.passed-on").await.len(), 1);
}

/// The directory makes a token for each try at the mail, and tells its hash before it sends. A process that dies in
/// between leaves a token that nobody has, and the next try makes another.
#[tokio::test]
async fn each_try_at_the_mail_has_a_token_that_leads_to_the_link() {
    let passing = Passing::set().await;
    let pass_on_id = passing.pass_on().await.expect(202).field("pass_on_id");
    let (usable, lost) = passing.add_token(&pass_on_id).await;
    let url_prefix = "https://consent.example.com/consent/".to_owned();
    assert_eq!(usable, Some(UsableLink { url_prefix }));
    // Its answer was lost: it is asked again.
    assert_eq!(passing.add(&pass_on_id, &lost).await.unwrap(), usable);
    let (_, mailed) = passing.add_token(&pass_on_id).await;

    let page = passing.admin.open(mailed.reveal()).await.expect(200);
    assert_eq!(page.field("link_id"), passing.id);
    passing.admin.approve(mailed.reveal(), &[passing.account]).await.expect(200);
    for token in [passing.token.as_str(), lost.reveal(), mailed.reveal()] {
        passing.admin.open(token).await.problem(409, "link-already-used");
        passing.viewer.deny(token).await.problem(409, "link-already-used");
    }
    // There is nothing to mail any more.
    assert_eq!(passing.add_token(&pass_on_id).await.0, None);
    assert_eq!(passing.stage.events_of("consent-link.redeemed").await.len(), 1);
}

#[tokio::test]
async fn a_token_leads_to_a_link_only_if_that_was_passed_on_so() {
    let passing = Passing::set().await;
    let unknown: PassOnId = passing.stage.env().new_id();
    let (usable, token) = passing.add_token(&unknown.to_string()).await;
    assert_eq!(usable, None);
    passing.admin.open(token.reveal()).await.problem(404, "consent-request-not-found");
    let pass_on_id = passing.pass_on().await.expect(202).field("pass_on_id");
    let (other, _) = passing.stage.link().await;
    let elsewhere = Passing { id: other, ..passing };
    assert_eq!(elsewhere.add_token(&pass_on_id).await.0, None);
    let malformed = AddLinkToken {
        link_id: elsewhere.id.parse().unwrap(),
        pass_on_id: pass_on_id.parse().unwrap(),
        token_sha256: "none".to_owned(),
    };
    let context = CallContext::new(elsewhere.stage.env());
    let refused = elsewhere.stage.resources.rpc.call(context, &malformed).await;
    assert!(matches!(refused, Err(RpcError::Refused { code: 400, .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_first_uses_the_link_with_whichever_token() {
    let passing = Passing::set().await;
    let pass_on_id = passing.pass_on().await.expect(202).field("pass_on_id");
    let mut tokens = vec![passing.token.clone()];
    for _ in 0..3 {
        tokens.push(passing.add_token(&pass_on_id).await.1.reveal().to_owned());
    }
    let answers = join_all((0..200).map(|place| {
        let (token, account) = (&tokens[place % tokens.len()], passing.account);
        let admin = &passing.admin;
        async move {
            if place % 3 == 0 {
                admin.deny(token).await
            } else {
                admin.approve(token, &[account]).await
            }
        }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    let used = passing.stage.events_of("consent-link.redeemed").await.len()
        + passing.stage.events_of("consent-link.denied").await.len();
    assert_eq!(used, 1);
}

#[tokio::test]
async fn the_database_counts_passings_on_one_by_one_and_keeps_them() {
    let passing = Passing::set().await;
    passing.pass_on().await.expect(202);
    for (statement, why) in [
        (
            "UPDATE consent_broker.links SET passed_on = passed_on + 2, version = version + 1",
            "changes nothing else",
        ),
        (
            "UPDATE consent_broker.links SET passed_on = passed_on - 1, version = version + 1",
            "changes nothing else",
        ),
        ("UPDATE consent_broker.links SET passed_on = passed_on + 1", "is one event"),
        (
            "UPDATE consent_broker.links SET passed_on = passed_on + 1, version = version + 1, label = 'x'",
            "changes nothing else",
        ),
        ("DELETE FROM consent_broker.passings", "nothing is removed"),
        ("TRUNCATE consent_broker.link_tokens", "nothing is removed"),
    ] {
        let refused = sqlx::query(statement).execute(&passing.stage.pool).await.unwrap_err();
        let message = refused.as_database_error().unwrap().message().to_owned();
        assert!(message.contains(why), "{statement}: {message}");
    }
    passing.admin.deny(&passing.token).await.expect(200);
    let statement =
        "UPDATE consent_broker.links SET passed_on = passed_on + 1, version = version + 1";
    let refused = sqlx::query(statement).execute(&passing.stage.pool).await.unwrap_err();
    assert!(refused.to_string().contains("stays so"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_is_asked_for_with_the_event_and_handed_over_once_the_directory_is_there() {
    let passing = Passing::set().await;
    let answer = passing.pass_on().await.expect(202);
    passing.pass_on().await.problem(409, "passed-on-just-now");
    let asked = stage::eventually("the directory has it", async || {
        let asked = passing.stage.remote.known().mails.clone();
        if asked.is_empty() { Err("nothing".to_owned()) } else { Ok(asked) }
    })
    .await;
    let [event] = passing.stage.events_of("consent-link.passed-on").await.try_into().unwrap();
    let expected = RequestedMail {
        event_id: event.id,
        organization_id: Some(passing.stage.organization),
        correlation_id: event.correlationid,
        mail: MailRequest::ConsentPassedOn {
            link_id: passing.id.parse().unwrap(),
            pass_on_id: answer.field("pass_on_id").parse().unwrap(),
            app_id: passing.stage.app,
            by: passing.viewer.id,
        },
        recipient: MailRecipient::Person(passing.admin.id),
    };
    assert_eq!(asked, [expected]);
}
