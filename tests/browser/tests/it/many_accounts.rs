//! A request for access in front of somebody with thousands of accounts.

use std::fmt::Write as _;

use browser::Options;
use journeys::system;
use stage::Method;

use crate::product::signed_in_at;

const ACCOUNTS: usize = 5_000;

fn name(number: usize) -> String {
    format!("Shop {number:04}")
}

/// What stands beside an account's checkbox.
fn label(number: usize) -> String {
    format!("{} many-{number:04} You: Admin", name(number))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_them_are_chosen_but_one_and_a_search_loses_nothing() {
    let operator = system::shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, "retail_media").await;
    let link = organization.developer.link(&app).await;
    let owner = operator.person("Owner of shops").await;
    let mut file = "account_name,kind,service,external_id,email,role\n".to_owned();
    for number in 1..=ACCOUNTS {
        let (name, email) = (name(number), &owner.email);
        writeln!(file, "{name},advertiser,retail_media,many-{number:04},{email},admin").unwrap();
    }
    let import = operator.request(Method::POST, "/v1/accounts/import");
    import.header("content-type", "text/csv").body(file).send().await.expect(200);

    let path = format!("/consent/{}", link.token);
    let browser = signed_in_at(&owner, &path, Options::default()).await;
    browser.says("0 chosen of 5,000. All can be chosen.").await;
    browser.fill("Search accounts by name or number", &name(4_321)).await;
    browser.click_button("Search").await;
    browser.choose(&label(4_321)).await;
    browser.fill("Search accounts by name or number", "many-0007").await;
    browser.click_button("Search").await;
    browser.says("1 chosen of 5,000.").await;
    browser.choose(&label(7)).await;
    browser.click_button("Review one account").await;
    browser.heading("Let Shelf Optimizer act on 2 of your accounts?").await;
    browser.click_button("Back").await;

    browser.says("2 chosen of 5,000.").await;
    browser.click_button("Choose all 5,000 that match, in place of the 2 chosen").await;
    browser.says("5,000 chosen of 5,000.").await;
    browser.fill("Search accounts by name or number", &name(1)).await;
    browser.click_button("Search").await;
    browser.choose(&label(1)).await;
    browser.click_button("Review 5,000 accounts").await;
    browser.click_button("Approve for 4,999 accounts").await;
    browser.says("Shelf Optimizer may act on 4,999 accounts").await;
    let path = format!("/v1/consent-links/{}", link.id);
    let outcome = organization.developer.get(&path).await.expect(200);
    assert_eq!(outcome.json["state"], "granted");
    browser.assert_quiet().await;
}
