//! The import of accounts and roles from CSV.

use axum::http::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

const SHOP: &str = "Shop,advertiser,retail_media,A-1,admin@example.com,admin\n";

fn counts(report: &Value) -> [u64; 4] {
    ["created", "updated", "unchanged", "errors"].map(|outcome| report[outcome].as_u64().unwrap())
}

#[tokio::test]
async fn a_dry_run_tells_and_applies_nothing() {
    let stage = Stage::set().await;
    stage.person("admin").await;
    let (answer, events) = stage.events_of(stage.operator.import("?dry_run=true", SHOP)).await;
    let report = answer.expect(200).json;
    assert_eq!((counts(&report), &report["applied"]), ([1, 0, 0, 0], &json!(false)));
    assert_eq!(events.len(), 0);
    assert_eq!(stage.operator.get("/v1/accounts").await.expect(200).json["items"], json!([]));
    stage.close().await;
}

#[tokio::test]
async fn the_same_file_can_be_imported_again() {
    let stage = Stage::set().await;
    let admin = stage.person("admin").await;
    let (answer, events) = stage.events_of(stage.operator.import("", SHOP)).await;
    let report = answer.expect(200).json;
    assert_eq!((counts(&report), &report["applied"]), ([1, 0, 0, 0], &json!(true)));
    assert_eq!(events, ["account.created", "account-role.granted"]);
    assert_eq!(admin.get("/v1/accounts").await.expect(200).json["items"][0]["name"], "Shop");

    let (answer, events) = stage.events_of(stage.operator.import("?dry_run=false", SHOP)).await;
    assert_eq!(counts(&answer.expect(200).json), [0, 0, 1, 0]);
    assert_eq!(events.len(), 0);

    let changed = "Big Shop,advertiser,retail_media,A-1,admin@example.com,viewer\r\n";
    let (answer, events) = stage.events_of(stage.operator.import("", changed)).await;
    assert_eq!(counts(&answer.expect(200).json), [0, 1, 0, 0]);
    assert_eq!(events, ["account.edited", "account-role.changed"]);
    stage.close().await;
}

#[tokio::test]
async fn a_spreadsheets_file_is_read_as_it_is_and_another_is_refused_with_its_cause() {
    let stage = Stage::set().await;
    let wrong = "Store,shop,retail_media,A-2,,\r";
    let file = format!("\r,,,,,,,\rShop,advertiser,retail_media,A-1,,,,\r{wrong}");
    let refused = stage.operator.import("", &file).await;
    refused.problem(422, "import-refused");
    let lines = refused.json["report"]["lines"].as_array().unwrap();
    let numbers: Vec<_> = lines.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [4, 5]);
    let good = file.replace(wrong, "");
    let report = stage.operator.import("", &good).await.expect(200).json;
    assert_eq!(counts(&report), [1, 0, 0, 0]);

    let header = "account_name;kind;service;external_id;email;role\n";
    for (bytes, cause) in [
        (header.as_bytes().to_vec(), "semicolons"),
        (header.encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16"),
        ([&header.replace(';', ",").into_bytes()[..], b"\nMarch\xe9"].concat(), "line 3"),
    ] {
        let request = stage.operator.request(Method::POST, "/v1/accounts/import");
        let refused = request.header("content-type", "text/csv").body(bytes).send().await;
        refused.problem(422, "unreadable-file");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains(cause), "{detail}");
    }
    stage.close().await;
}

#[tokio::test]
async fn one_wrong_line_keeps_the_whole_file_out() {
    let stage = Stage::set().await;
    stage.person("admin").await;
    let file = format!(
        "{SHOP}Store,advertiser,retail_media,A-2,nobody@example.com,admin\nStore,shop,retail_media,A-3,,\n"
    );
    let (answer, events) = stage.events_of(stage.operator.import("", &file)).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    answer.problem(422, "import-refused");
    let report = &answer.json["report"];
    assert_eq!((counts(report), &report["applied"]), ([1, 0, 0, 2], &json!(false)));
    assert_eq!(
        (&report["lines"][1]["line"], &report["lines"][1]["field"]),
        (&json!(3), &json!("email"))
    );
    assert_eq!(report["lines"][2]["field"], "kind");
    assert_eq!(events.len(), 0);
    assert_eq!(stage.operator.get("/v1/accounts").await.expect(200).json["items"], json!([]));
    stage.close().await;
}

#[tokio::test]
async fn other_files_types_sizes_and_people_are_refused() {
    let stage = Stage::set().await;
    let admin = stage.person("admin").await;
    admin.import("", SHOP).await.problem(403, "role-not-allowed");
    let send = async |kind: &str, body: String| {
        let request = stage.operator.request(Method::POST, "/v1/accounts/import");
        request.header("content-type", kind).body(body).send().await
    };
    send("application/json", "{}".into()).await.expect(415);
    send("text/csv", "name\nx\n".into()).await.problem(422, "unreadable-file");
    send("text/csv", "x".repeat(5000)).await.problem(413, "too-large");
    stage.operator.import("?dry_run=perhaps", SHOP).await.refuses_fields(&["dry_run"]);
    stage.close().await;
}

#[tokio::test]
async fn imports_at_the_same_time_make_an_account_once() {
    let stage = Stage::set().await;
    stage.person("admin").await;
    let imports = futures::future::join_all((0..8).map(|_| stage.operator.import("", SHOP))).await;
    assert!(imports.iter().all(|answer| answer.status == 200));
    assert_eq!(imports.iter().filter(|answer| answer.json["created"] == 1).count(), 1);
    stage.close().await;
}
