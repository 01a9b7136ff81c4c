//! What is known of apps: how old it may be, and what is done where an event could not be applied.

use contract::AppId;
use sqlx::{AssertSqlSafe, Executor};
use stage::eventually;

use crate::stage::{Replica, Stage, oauth, settings};

async fn check(replica: &Replica, name: &str) -> Option<String> {
    let readiness = replica.resources.health.readiness().await;
    readiness.checks[&format!("key-issuer/{name}/key-issuer-apps")].reason.clone()
}

#[tokio::test]
async fn a_view_that_is_too_old_issues_no_token_until_it_is_compared_again() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    assert_eq!(replica.token(&key).await.status, 200);
    assert_eq!(check(&replica, "projections").await, None);

    let age = async |seconds: i32| {
        sqlx::query("UPDATE key_issuer.projection_comparisons SET compared_at = now() - make_interval(secs => $1)")
            .bind(f64::from(seconds))
            .execute(&stage.sql)
            .await
            .unwrap();
    };
    // Past a tenth of what is allowed it is told, past all of it nothing is decided.
    age(95).await;
    eventually("it is late", async || check(&replica, "projections").await).await;
    assert_eq!(replica.token(&key).await.status, 200);
    age(901).await;
    eventually("it is too old", async || replica.token(&key).await.status == 503).await;
    let refused = replica.token(&key).await;
    oauth(&refused, 503, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    // Nor is a token checked.
    let other = stage.replica().await;
    oauth(&other.token(&key).await, 503, "temporarily_unavailable");

    stage.registry.answer_producers().await;
    eventually("it is compared", async || replica.token(&key).await.status == 200).await;
    assert_eq!(check(&replica, "projections").await, None);
}

#[tokio::test]
async fn an_age_that_comparisons_cannot_keep_is_refused() {
    let stage = Stage::set().await;
    let settings = key_issuer::Settings { max_apps_age_seconds: 59, ..settings() };
    let error = stage.replica_with(settings).await.err().unwrap();
    assert!(error.to_string().contains("key_issuer.max_apps_age_seconds"), "{error}");
}

/// Has the database refuse every change of what is known of an app.
async fn poison(stage: &Stage, app: AppId) {
    let statement = format!(
        "CREATE FUNCTION key_issuer.poison() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN RAISE EXCEPTION 'poisoned by the test' USING ERRCODE = 'P0001'; END$$;
         CREATE TRIGGER poison BEFORE UPDATE ON key_issuer.apps
             FOR EACH ROW WHEN (NEW.app_id = '{}') EXECUTE FUNCTION key_issuer.poison()",
        app.uuid()
    );
    stage.sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
}

#[tokio::test]
async fn an_app_whose_event_cannot_be_applied_gets_no_token_and_the_others_go_on() {
    let (stage, replica, app) = Stage::with_app().await;
    stage.registry.answer_producers().await;
    let second_replica = stage.replica().await;
    let other = stage.registry.active_app().await;
    let (key, others_key) = (replica.key(app).await, replica.key(other).await);
    // Remembered from here on.
    for replica in [&replica, &second_replica] {
        assert_eq!(replica.token(&key).await.status, 200);
    }
    stage.until_known(app, "active").await;

    poison(&stage, app).await;
    stage.registry.suspend(app).await;
    let reason = eventually("it is told", async || check(&replica, "parked-streams").await).await;
    assert!(reason.contains(&app.uuid().to_string()) && reason.contains("poisoned"), "{reason}");
    for replica in [&replica, &second_replica] {
        oauth(&replica.token(&key).await, 503, "temporarily_unavailable");
        assert_eq!(replica.token(&others_key).await.status, 200);
    }
    // A wrong secret stays a wrong secret.
    let wrong = (key.0.clone(), others_key.1.clone());
    oauth(&replica.token(&wrong).await, 401, "invalid_client");
    stage.registry.suspend(other).await;
    stage.until_known(other, "suspended").await;
    oauth(&replica.token(&others_key).await, 401, "invalid_client");

    stage.sql.execute("DROP TRIGGER poison ON key_issuer.apps").await.unwrap();
    stage.until_known(app, "suspended").await;
    eventually("it is released", async || check(&replica, "parked-streams").await.is_none()).await;
    for replica in [&replica, &second_replica] {
        oauth(&replica.token(&key).await, 401, "invalid_client");
    }
}
