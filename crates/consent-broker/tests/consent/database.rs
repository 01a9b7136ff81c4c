//! What the database refuses by itself, whatever the service does.

use contract::rpc::AccountRole;
use sqlx::{AssertSqlSafe, Executor};

use crate::stage::Stage;

/// Runs a statement as the superuser, or as the service's own role: why it was refused.
async fn refused(stage: &Stage, statement: &str, as_service: bool) -> String {
    let mut transaction = stage.pool.begin().await.unwrap();
    if as_service {
        transaction.execute("SET LOCAL ROLE mandate_consent_broker").await.unwrap();
    }
    let error =
        transaction.execute(AssertSqlSafe(statement.to_owned())).await.expect_err(statement);
    error.as_database_error().unwrap().message().to_owned()
}

#[tokio::test]
async fn a_used_link_never_changes_again() {
    let stage = Stage::set().await;
    let (id, token) = stage.link().await;
    stage.person("Someone").deny(&token).await;
    for change in [
        "state = 'pending', ended_at = NULL, ended_by = NULL, version = version + 1",
        "ended_at = ended_at + interval '1 second', version = version + 1",
        "version = version + 1",
        "token_hash = sha256('other')",
    ] {
        let message =
            refused(&stage, &format!("UPDATE consent_broker.links SET {change}"), false).await;
        assert_eq!(message, format!("the link {id} is denied and stays so"), "{change}");
    }
}

#[tokio::test]
async fn an_unused_link_changes_its_state_only_forward_and_with_its_version() {
    let stage = Stage::set().await;
    let (_, token) = stage.link().await;
    stage.person("Someone").open(&token).await;
    for (change, why) in [
        (
            "state = 'pending', opened_at = NULL, opened_by = NULL, version = version + 1",
            "does not go from",
        ),
        ("state = 'denied', ended_at = now(), ended_by = created_by", "is one event"),
        (
            "state = 'expired', ended_at = expires_at, version = version + 1, token_hash = sha256('x')",
            "does not change",
        ),
        (
            "state = 'denied', ended_at = expires_at, ended_by = created_by, version = version + 1",
            "state_and_its_times",
        ),
        ("state = 'expired', ended_at = created_at, version = version + 1", "state_and_its_times"),
        (
            "state = 'granted', ended_at = created_at, ended_by = created_by, version = version + 1",
            "accounts_only",
        ),
        ("state = 'lost', ended_at = created_at, version = version + 1", "state_and_its_times"),
    ] {
        let message =
            refused(&stage, &format!("UPDATE consent_broker.links SET {change}"), false).await;
        assert!(message.contains(why), "{change}: {message}");
    }
}

#[tokio::test]
async fn a_grant_ends_once_and_never_changes_otherwise() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    let end = "ended_at = granted_at, ended_by = granted_by, end_reason = 'requested', version = version + 1";
    for (change, why) in [
        ("version = version + 1", "can only end or be renewed"),
        (&format!("{end}, domains = '[]'"), "does not change"),
        (&end.replace("version + 1", "version"), "is one event"),
        (&end.replace("'requested'", "'bored'"), "check constraint"),
    ] {
        let message =
            refused(&stage, &format!("UPDATE consent_broker.grants SET {change}"), false).await;
        assert!(message.contains(why), "{change}: {message}");
    }
    admin.delete(&format!("/v1/grants/{grant}")).await;
    let message = refused(&stage, &format!("UPDATE consent_broker.grants SET {end}"), false).await;
    assert_eq!(message, format!("the grant {grant} has ended and stays so"));
}

#[tokio::test]
async fn a_grant_ends_at_its_expiry_or_before_and_is_renewed_only_forward() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    stage.granted(&admin, &[account]).await;
    let renewed = "renewed_at = granted_at, renewed_by = granted_by, renewed_role = role, version = version + 1";
    let later = "expires_at = expires_at + interval '1 day'";
    for (change, why) in [
        // Ends.
        (
            "ended_at = expires_at, end_reason = 'expired', version = version + 1, lifetime_days = 400",
            "ends as it is",
        ),
        (
            "ended_at = expires_at - interval '1 second', end_reason = 'expired', version = version + 1",
            "ended_in_time",
        ),
        (
            "ended_at = expires_at, end_reason = 'expired', ended_by = granted_by, version = version + 1",
            "ended_by_whoever",
        ),
        (
            "ended_at = expires_at, end_reason = 'requested', ended_by = granted_by, version = version + 1",
            "ended_in_time",
        ),
        (
            &format!("ended_at = granted_at, end_reason = 'app_archived', {renewed}"),
            "ends as it is",
        ),
        // Renewals.
        (&format!("{later}, version = version + 1"), "can only end or be renewed"),
        (renewed, "only moves its expiry, and only forward"),
        (&format!("expires_at = expires_at - interval '1 day', {renewed}"), "only forward"),
        (&format!("expires_at = NULL, {renewed}"), "only forward"),
        (&format!("{later}, lifetime_days = 400, {renewed}"), "only forward"),
        (&format!("{later}, awaits_expiry_since = granted_at, {renewed}"), "only forward"),
        (&format!("{later}, domains = '[]', {renewed}"), "does not change"),
        (&format!("{later}, renewed_at = granted_at, version = version + 1"), "renewed_by_someone"),
        ("awaits_expiry_since = granted_at, version = version + 1", "can only end or be renewed"),
        ("text_sha256 = NULL", "does not change"),
    ] {
        let message =
            refused(&stage, &format!("UPDATE consent_broker.grants SET {change}"), false).await;
        assert!(message.contains(why), "{change}: {message}");
    }
    let message = refused(&stage, "UPDATE consent_broker.notices SET days = 2", true).await;
    assert_eq!(message, "permission denied for table notices");
}

#[tokio::test]
async fn nothing_is_removed_by_anyone() {
    let stage = Stage::set().await;
    stage.link().await;
    for table in ["links", "grants", "apps", "notices", "shown_texts"] {
        let statement = format!("DELETE FROM consent_broker.{table}");
        assert_eq!(
            refused(&stage, &statement, false).await,
            format!("nothing is removed from {table}")
        );
        assert_eq!(
            refused(&stage, &statement, true).await,
            format!("permission denied for table {table}")
        );
    }
    let message = refused(&stage, "TRUNCATE consent_broker.notices", false).await;
    assert_eq!(message, "nothing is removed from notices");
}

#[tokio::test]
async fn the_services_role_may_not_touch_what_never_changes() {
    let stage = Stage::set().await;
    stage.link().await;
    for change in
        ["expires_at = expires_at + interval '1 day'", "token_hash = sha256('x')", "app_id = id"]
    {
        let message =
            refused(&stage, &format!("UPDATE consent_broker.links SET {change}"), true).await;
        assert_eq!(message, "permission denied for table links");
    }
}

#[tokio::test]
async fn an_app_has_at_most_one_live_grant_of_an_account() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    stage.granted(&admin, &[account]).await;
    let copy = "INSERT INTO consent_broker.grants
        (id, app_id, organization_id, account_id, link_id, service, domains, granted_by, role, granted_at, version)
        SELECT link_id, app_id, organization_id, account_id, link_id, service, domains, granted_by, role, granted_at, 1
        FROM consent_broker.grants";
    assert!(refused(&stage, copy, true).await.contains("grants_live"));
}
