//! Operators find an account among very many by a part of its name or external id.

use serde_json::{Value, json};
use stage::Client;

use crate::stage::Stage;

/// How many accounts there are beside those that are looked for.
const MANY: i64 = 6_000;

/// Shops with numbers, and the statistics of them.
async fn fill(stage: &Stage) {
    sqlx::query(
        "INSERT INTO directory.accounts (id, name, kind, service, external_id, version, created_at)
         SELECT gen_random_uuid(), 'Shop ' || n, 'advertiser', 'retail_media', 'EXT-' || n, 1, now()
         FROM generate_series(1, $1) AS n",
    )
    .bind(MANY)
    .execute(&stage.resources.pool)
    .await
    .unwrap();
    sqlx::query("ANALYZE directory.accounts").execute(&stage.superuser().await).await.unwrap();
}

async fn make(stage: &Stage, name: &str, service: &str, external_id: Option<&str>) -> String {
    let body =
        json!({"name": name, "kind": "advertiser", "service": service, "external_id": external_id});
    stage.operator.post("/v1/accounts", body).await.expect(201).field("id")
}

/// The names on all pages of a search.
async fn found(client: &Client, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/accounts?{query}{cursor}")).await.expect(200).json;
        let items: &Vec<Value> = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return names,
        }
    }
}

#[tokio::test]
async fn an_account_is_found_among_thousands_by_any_part_of_its_name_or_external_id() {
    let stage = Stage::set().await;
    fill(&stage).await;
    make(&stage, "Café Müller", "retail_media", Some("crm/0815")).await;
    make(&stage, "Cafeteria", "marketing_solutions", None).await;
    make(&stage, "倉庫", "retail_media", None).await;
    let operator = &*stage.operator;
    for (q, names) in [
        ("cafe", &["Cafeteria", "Café Müller"][..]),
        ("M%C3%9CLLER", &["Café Müller"]),
        ("/08", &["Café Müller"]),
        ("%C3%A9%20mu", &["Café Müller"]),
        ("%E5%80%89", &["倉庫"]),
        ("5999", &["Shop 5999"]),
        ("EXT-4711", &["Shop 4711"]),
        // All its parts are there, and it is not.
        ("afeteriacafe", &[]),
        ("nowhere", &[]),
        // It ends one and begins the other.
        ("rcrm", &[]),
    ] {
        let mut found = found(operator, &format!("q={q}")).await;
        found.sort_unstable();
        assert_eq!(found, names, "{q}");
    }
    assert_eq!(found(operator, "q=cafe&service=marketing_solutions").await, ["Cafeteria"]);
    // In pages, each once.
    let mut all = found(operator, "q=shop%205&limit=100").await;
    assert_eq!(all.len(), 1_111);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 1_111);
    stage.close().await;
}

#[tokio::test]
async fn others_search_the_accounts_on_which_they_hold_a_role() {
    let stage = Stage::set().await;
    let holder = stage.person("holder").await;
    let mine = make(&stage, "Café Müller", "retail_media", Some("A-1")).await;
    make(&stage, "Café Meier", "retail_media", Some("A-2")).await;
    let role = format!("/v1/accounts/{mine}/roles/{}", holder.id);
    stage.operator.put(&role, json!({"role": "viewer"})).await.expect(200);
    for (q, names) in [("cafe", &["Café Müller"][..]), ("a-1", &["Café Müller"]), ("meier", &[])]
    {
        assert_eq!(found(&holder, &format!("q={q}")).await, names, "{q}");
    }
    for wrong in ["q=", "q=%20", "q=%00", &format!("q={}", "a".repeat(201))] {
        holder.get(&format!("/v1/accounts?{wrong}")).await.refuses_fields(&["q"]);
    }
    stage.close().await;
}
