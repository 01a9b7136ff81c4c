//! Accounts and roles from a CSV file.

use journeys::events;
use journeys::people::Operator;
use journeys::system::shared;
use serde_json::{Value, json};
use stage::{Answer, Method};

const HEADER: &str = "account_name,kind,service,external_id,email,role";

async fn import(operator: &Operator, query: &str, file: &str) -> Answer {
    let request = operator.request(Method::POST, &format!("/v1/accounts/import{query}"));
    request.header("content-type", "text/csv").body(file.to_owned()).send().await
}

/// Outcomes by line.
fn outcomes(report: &Value) -> Vec<(i64, &str)> {
    let lines = report["lines"].as_array().unwrap();
    lines
        .iter()
        .map(|line| (line["line"].as_i64().unwrap(), line["outcome"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_dry_run_tells_what_a_run_would_do_and_does_nothing() {
    let operator = shared().await.operator();
    let person = operator.person("Shopkeeper").await;
    let file = format!(
        "{HEADER}\nCorner Shop,advertiser,retail_media,import-1,{email},admin\n\"Shop, large\",publisher,marketing_solutions,import-2,,\n",
        email = person.email
    );
    let dry = import(&operator, "?dry_run=true", &file).await.expect(200).json;
    assert_eq!(
        (&dry["dry_run"], &dry["applied"], &dry["created"]),
        (&json!(true), &json!(false), &json!(2))
    );
    assert_eq!(outcomes(&dry), [(2, "created"), (3, "created")]);
    assert_eq!(person.get("/v1/accounts").await.expect(200).json["items"], json!([]));

    let real = import(&operator, "", &file).await.expect(200).json;
    assert_eq!((&real["dry_run"], &real["applied"]), (&json!(false), &json!(true)));
    assert_eq!(outcomes(&real), outcomes(&dry));
    let account = person.get("/v1/accounts").await.expect(200).json["items"][0].clone();
    assert_eq!(
        (&account["name"], &account["external_id"]),
        (&json!("Corner Shop"), &json!("import-1"))
    );

    // Again: nothing is left to do. Then with changes: only these.
    let again = import(&operator, "", &file).await.expect(200).json;
    assert_eq!(outcomes(&again), [(2, "unchanged"), (3, "unchanged")]);
    let changed =
        import(&operator, "", &file.replace("admin\n", "viewer\n")).await.expect(200).json;
    assert_eq!(outcomes(&changed), [(2, "updated"), (3, "unchanged")]);

    let query = format!("account_id={}", account["id"].as_str().unwrap());
    let kinds = ["account.created", "account-role.granted", "account-role.changed"];
    let found = events::found(&operator, &query, &kinds).await;
    assert_eq!(found.iter().map(events::Event::kind).collect::<Vec<_>>(), kinds);
}

#[tokio::test]
async fn one_wrong_line_keeps_the_whole_file_out_and_every_wrong_line_is_named() {
    let operator = shared().await.operator();
    let person = operator.person("Shopkeeper").await;
    let email = &person.email;
    let file = format!(
        "{HEADER}\n\
         Good,advertiser,retail_media,import-3,{email},admin\n\
         ,advertiser,retail_media,import-4,,\n\
         Shop,shop,retail_media,import-5,,\n\
         Shop,advertiser,laundry,import-6,,\n\
         Shop,advertiser,retail_media,import-7,nobody@people.example,admin\n\
         Shop,advertiser,retail_media,import-8,{email},owner\n\
         Shop,advertiser,retail_media,import-9,{email},\n\
         Shop,advertiser,retail_media\n"
    );
    for (query, dry_run) in [("?dry_run=true", true), ("", false)] {
        let refused = import(&operator, query, &file).await;
        let refused = if dry_run { refused } else { refused.expect(422) };
        let answer = refused.json;
        let report = answer.get("report").unwrap_or(&answer);
        assert_eq!((&report["applied"], &report["errors"]), (&json!(false), &json!(7)), "{report}");
        let wrong: Vec<(i64, &str)> = report["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["outcome"] == "error")
            .map(|line| (line["line"].as_i64().unwrap(), line["field"].as_str().unwrap()))
            .collect();
        assert_eq!(
            wrong,
            [
                (3, "account_name"),
                (4, "kind"),
                (5, "service"),
                (6, "email"),
                (7, "role"),
                (8, "role"),
                (9, "line")
            ]
        );
    }
    assert_eq!(person.get("/v1/accounts").await.expect(200).json["items"], json!([]));
}

#[tokio::test]
async fn what_is_no_such_file_is_refused_as_a_whole() {
    let operator = shared().await.operator();
    for file in ["", HEADER, "name,kind\nShop,advertiser\n", "\u{0}"] {
        import(&operator, "", file).await.problem(422, "unreadable-file");
    }
    operator.post("/v1/accounts/import", json!({})).await.problem(415, "unsupported-media-type");
    let large = format!("{HEADER}\n{}", "x".repeat(3 * 1024 * 1024));
    import(&operator, "", &large).await.problem(413, "too-large");
}
