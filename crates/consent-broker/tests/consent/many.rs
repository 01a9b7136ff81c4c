//! People with very many accounts: what they see, approve and revoke comes in pages and portions. The other services
//! answer a few accounts at a time here, and a few more are many.

use axum::http::StatusCode;
use chrono::Duration;
use contract::AccountId;
use contract::rpc::AccountRole;
use serde_json::{Value, json};
use stage::{Answer, eventually};

use crate::people::Person;
use crate::stage::{RETAIL, Stage};

/// All pages of a list, beginning with this one.
async fn all_pages(person: &Person, path: &str, limit: usize) -> Vec<Value> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut next = format!("{path}{separator}limit={limit}");
    let mut items = Vec::new();
    loop {
        let page = person.get(&next).await.expect(200);
        let found = page.json["items"].as_array().unwrap();
        assert!(found.len() <= limit);
        items.extend(found.clone());
        let Some(cursor) = page.json["next_cursor"].as_str() else { return items };
        assert_eq!(found.len(), limit, "only the last page is short");
        next = format!("{path}{separator}limit={limit}&cursor={cursor}");
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// New accounts, in the order of their ids: the clock stands still, and so they have another than that in which
/// they were made.
fn accounts(stage: &Stage, person: &Person, count: usize) -> Vec<AccountId> {
    let mut accounts: Vec<_> =
        (0..count).map(|_| stage.account(person, AccountRole::Admin)).collect();
    accounts.sort();
    accounts
}

fn texts(ids: &[AccountId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_page_shows_the_first_accounts_and_where_the_others_are() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let all = texts(&accounts(&stage, &holder, 230));
    let (_, token) = stage.link().await;
    let page = holder.open(&token).await.expect(200).json;
    let first = ids(page["accounts"].as_array().unwrap());
    assert_eq!(first, all[..200]);
    let path = format!("/v1/consent-requests/{token}/accounts");
    let rest =
        holder.get(&format!("{path}?cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(rest.expect(200).ids(), all[200..]);
    assert_eq!(ids(&all_pages(&holder, &path, 100).await), all);
}

#[tokio::test]
async fn accounts_are_searched_by_their_names_and_shown_as_on_the_page() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("The admin"), stage.person("The analyst"));
    let mut wanted = Vec::new();
    for number in 0..40 {
        let name = if number % 10 == 3 { "Harbour Bakery" } else { "Corner Shop" };
        let account = stage.remote.account(stage.env(), name, RETAIL);
        stage.remote.role(account, admin.id, Some(AccountRole::Admin));
        stage.remote.role(account, analyst.id, Some(AccountRole::Analyst));
        if number % 10 == 3 {
            wanted.push(account);
        }
    }
    wanted.sort();
    stage.granted(&admin, &wanted[..1]).await;
    let (_, token) = stage.link().await;
    let path = format!("/v1/consent-requests/{token}/accounts?q=bakery");
    assert_eq!(ids(&all_pages(&admin, &path, 3).await), texts(&wanted));
    let shown = all_pages(&analyst, &path, 3).await;
    let codes: Vec<_> = shown.iter().map(|account| &account["reason"]["code"]).collect();
    assert_eq!(codes[0], "already_granted");
    assert!(codes[1..].iter().all(|code| **code == json!("role_may_not_consent")), "{codes:?}");
    assert_eq!(shown[1]["reason"]["consenters"][0]["name"], "The admin");
    // Looking for accounts is not looking at the request.
    assert!(stage.events_of("consent-link.opened").await.is_empty());

    let long = |field| format!("/v1/consent-requests/{token}/accounts?{field}={}", "x".repeat(201));
    for field in ["q", "name"] {
        admin.get(&long(field)).await.refuses_fields(&[field]);
    }
    // It was called so before.
    let before = format!("/v1/consent-requests/{token}/accounts?name=bakery");
    assert_eq!(admin.get(&before).await.expect(200).ids(), texts(&wanted));
    admin.get(&format!("{before}&q=bakery")).await.refuses_fields(&["name"]);
    admin.get(&format!("{path}&cursor=x")).await.refuses_fields(&["cursor"]);
    admin.deny(&token).await.expect(200);
    admin.get(&path).await.problem(409, "link-already-used");
    let other = contract::secret::LinkToken::generate(stage.env());
    let unknown = format!("/v1/consent-requests/{}/accounts", other.reveal());
    admin.get(&unknown).await.problem(404, "consent-request-not-found");
}

#[tokio::test]
async fn a_link_says_for_how_many_accounts_it_was_used_and_lists_them_all() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let all = accounts(&stage, &holder, 30);
    stage.granted(&holder, &all[25..]).await;
    let (id, token) = stage.link().await;
    holder.approve(&token, &all).await.expect(200);
    let link = stage.developer.get(&format!("/v1/consent-links/{id}")).await.expect(200).json;
    assert_eq!((&link["granted_count"], &link["already_granted_count"]), (&json!(25), &json!(5)));
    assert_eq!(ids(link["accounts"].as_array().unwrap()), texts(&all[..20]));
    let path = format!("/v1/consent-links/{id}/accounts");
    let listed = all_pages(&stage.developer, &path, 10).await;
    assert_eq!(ids(&listed), texts(&all));
    for (place, account) in listed.iter().enumerate() {
        assert_eq!(account["already_granted"], json!(place >= 25), "{place}");
        assert_eq!(account["name"], "Corner Shop");
    }
    holder.get(&path).await.problem(404, "consent-link-not-found");
}

#[tokio::test]
async fn what_is_granted_for_many_accounts_is_seen_and_revoked_as_a_whole() {
    let stage = Stage::set().await;
    let (holder, other) = (stage.person("The admin"), stage.person("Someone else"));
    let all = accounts(&stage, &holder, 60);
    // In between are accounts of others, and of the holder without a grant.
    let others = accounts(&stage, &other, 10);
    accounts(&stage, &holder, 20);
    stage.granted(&holder, &all).await;
    stage.granted(&other, &others).await;
    assert_eq!(all_pages(&holder, "/v1/grants", 50).await.len(), 60);

    let path = format!("/v1/grants?app_id={}", stage.app);
    let answer = holder.delete(&path).await.expect(200).json;
    let revoked = answer["revoked"].as_array().unwrap();
    assert_eq!((revoked.len(), &answer["left"], &answer["more"]), (60, &json!([]), &json!(false)));
    assert_eq!(stage.events_of("consent.revoked").await.len(), 60);
    assert_eq!(stage.reached().await.len(), 10);
}

#[tokio::test]
async fn more_than_one_request_may_do_is_refused_or_goes_on_with_the_next() {
    let stage = Stage::set().await;
    let limited = stage.limited_replica(10).await;
    let (holder, viewer) = (stage.person("The admin"), stage.person("The viewer"));
    let all = accounts(&stage, &holder, 25);
    let (_, token) = stage.link().await;
    holder.at(&limited).approve(&token, &all[..11]).await.refuses_fields(&["accounts"]);
    let huge = vec![all[0]; 200];
    holder.at(&limited).approve(&token, &huge).await.problem(413, "too-large");
    holder.approve(&token, &all).await.expect(200);

    let path = format!("/v1/grants?app_id={}", stage.app);
    // What may not be revoked takes no room from what may.
    for account in &all[..20] {
        stage.remote.role(*account, viewer.id, Some(AccountRole::Viewer));
    }
    for account in &all[20..] {
        stage.remote.role(*account, viewer.id, Some(AccountRole::Admin));
    }
    let answer = viewer.at(&limited).delete(&path).await.expect(200).json;
    assert_eq!((answer["revoked"].as_array().unwrap().len(), &answer["more"]), (5, &json!(false)));
    assert_eq!(answer["left"].as_array().unwrap().len(), 20);

    let ended = |answer: &Answer| answer.json["revoked"].as_array().unwrap().len();
    for more in [true, false] {
        let answer = holder.at(&limited).delete(&path).await.expect(200);
        assert_eq!((ended(&answer), &answer.json["more"]), (10, &json!(more)));
    }
    assert!(stage.reached().await.is_empty());
    assert_eq!(holder.delete(&path).await.status, StatusCode::NOT_FOUND);
}

/// Twenty approvals that each hold a connection would leave none to others.
#[tokio::test]
async fn large_approvals_take_turns_and_leave_connections_to_others() {
    let stage = Stage::set().await;
    let (holder, other) = (stage.person("The admin"), stage.person("Someone else"));
    let all = accounts(&stage, &holder, 1_001);
    let mut requests = Vec::new();
    for _ in 0..20 {
        let admin = stage.person("Another admin");
        for account in &all {
            stage.remote.role(*account, admin.id, Some(AccountRole::Admin));
        }
        requests.push((admin, stage.link().await.1));
    }
    let stuck = undecided(&stage, all[0]).await;
    let approvals = requests.iter().map(|(admin, token)| admin.approve(token, &all));
    let meanwhile = async {
        waiting(&stage, 2).await;
        let (_, token) = stage.link().await;
        other.open(&token).await.expect(200);
        stuck.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(approvals), meanwhile);
    assert!(
        answers.iter().all(|answer| answer.status == StatusCode::OK),
        "{:?}",
        answers[0].status
    );
    assert_eq!(stage.events_of("consent.granted").await.len(), 1_001);
}

/// A consent that is neither made nor given up until the transaction ends: whoever approves for its account waits.
async fn undecided(
    stage: &Stage,
    account: AccountId,
) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut transaction = stage.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO consent_broker.grants (id, app_id, organization_id, account_id, link_id, service, domains,
                                            granted_by, role, granted_at, version)
         SELECT gen_random_uuid(), app_id, organization_id, $1, id, 'retail_media', '[]', created_by, 'admin',
                created_at, 1
         FROM consent_broker.links LIMIT 1",
    )
    .bind(account.uuid())
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction
}

/// Waits until so many wait for a lock.
async fn waiting(stage: &Stage, count: i64) {
    eventually("they wait", async || {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&stage.pool)
        .await
        .unwrap();
        waiting == count
    })
    .await;
}

#[tokio::test]
async fn nobody_makes_two_large_approvals_at_once() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let all = accounts(&stage, &holder, 1_001);
    let ((_, first), (_, second)) = (stage.link().await, stage.link().await);
    let stuck = undecided(&stage, all[0]).await;
    let meanwhile = async {
        waiting(&stage, 1).await;
        holder.approve(&second, &all).await.problem(503, "busy");
        // A small one is nobody's turn.
        let (_, small) = stage.link().await;
        holder.approve(&small, &all[1_000..]).await.expect(200);
        stuck.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(holder.approve(&first, &all), meanwhile);
    answer.expect(200);
    // The link that was not used still can be.
    holder.approve(&second, &all).await.expect(200);
}

/// Replicas have clocks of their own.
#[tokio::test]
async fn a_clock_that_is_behind_the_one_that_granted_revokes_all_the_same() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let all = accounts(&stage, &holder, 3);
    let (_, made_ahead) = stage.link().await;
    let grants = stage.granted(&holder, &all).await;
    stage.clock.advance(Duration::minutes(-1));
    holder.delete(&format!("/v1/grants/{}", grants[0])).await.expect(204);
    let path = format!("/v1/grants?app_id={}", stage.app);
    assert_eq!(holder.delete(&path).await.expect(200).json["revoked"].as_array().unwrap().len(), 2);
    holder.open(&made_ahead).await.expect(200);
    holder.approve(&made_ahead, &all).await.expect(200);
}
