//! One app that asks for tokens without end, at every replica.

use futures::future::join_all;
use journeys::people::RETAIL_MEDIA;
use journeys::system::System;
use stage::Client;

const LIMIT: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_gets_no_more_tokens_at_three_replicas_than_at_one() {
    let mut system = System::configured(&format!("[limits]\ntokens_per_app = {LIMIT}\n")).await;
    let organization = system.operator().organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let other = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let other = organization.developer.key(&other).await;
    let mut replicas = vec![system.anonymous()];
    // Three, so that what each of them would allow by itself is more than two minutes allow.
    for _ in 0..2 {
        replicas.push(Client::anonymous(system.replica().await));
    }
    let answers = join_all((0..240).map(|number| key.ask(&replicas[number % 3]))).await;
    let issued = answers.iter().filter(|answer| answer.status == 200).count();
    // Twice as many, if a minute ended meanwhile.
    assert!((LIMIT - 8..=2 * LIMIT).contains(&issued), "{issued}");
    let limited = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(limited.json["error"], "slow_down");
    assert_eq!(limited.header("ratelimit-policy"), format!("\"app\";q={LIMIT};w=60"));
    assert!((1..=60).contains(&limited.header("retry-after").parse::<u64>().unwrap()));
    for replica in &replicas {
        other.ask(replica).await.expect(200);
    }
    system.stop().await;
}
