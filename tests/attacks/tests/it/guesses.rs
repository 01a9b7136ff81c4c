//! Guessing a password, as many at a time as one likes.

use futures::future::join_all;
use journeys::people::PASSWORD;
use journeys::system::System;
use serde_json::json;
use stage::{Answer, Client, Method, eventually};

/// Everybody comes through a proxy, so that a test can come from anywhere. The limits are the usual ones.
const SETTINGS: &str = "[limits]\n[http]\ntrusted_proxies = [\"127.0.0.1\"]\n";

async fn sign_in(anyone: &Client, email: &str, password: &str, address: &str) -> Answer {
    anyone
        .with_password(email, password)
        .request(Method::POST, "/v1/api-tokens")
        .header("x-forwarded-for", address)
        .json(json!({ "name": "here" }))
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_guesses_at_once_are_a_handful_and_the_right_password_gets_in() {
    let system = System::configured(SETTINGS).await;
    let person = system.operator().person("Guest").await;
    let anyone = system.anonymous();
    let home = "198.51.100.7";
    sign_in(&anyone, &person.email, PASSWORD, home).await.expect(201);

    let guess = async |number: usize| {
        let address = format!("203.0.{}.7", number % 250);
        sign_in(&anyone, &person.email, "a wrong password", &address).await
    };
    let right = sign_in(&anyone, &person.email, PASSWORD, home);
    let (guesses, right) = tokio::join!(join_all((0..500).map(guess)), right);
    // Not held up: what it could wait for is that passwords are looked at, and few are.
    right.expect(201);
    let looked_at = guesses.iter().filter(|answer| answer.status == 401).count();
    // Five are free; then one after a second, one after two more, after four … however slow the machine is.
    assert!((5..=10).contains(&looked_at), "{looked_at} of 500");
    let locked = guesses.iter().find(|answer| answer.status == 429).unwrap();
    locked.problem(429, "too-many-requests");
    assert!(locked.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(locked.text().contains("may come after 20"), "{}", locked.text());

    // Whoever goes on has to wait longer each time, here until it is long enough for what is asked next.
    eventually("a lockout of four seconds and more", async || {
        let answer = guess(0).await;
        answer.status == 429 && answer.header("retry-after").parse::<u64>().unwrap() >= 4
    })
    .await;
    // Elsewhere the right password has to wait as well: nobody knows whose it is before it was looked at.
    let elsewhere = sign_in(&anyone, &person.email, PASSWORD, "203.0.113.7").await;
    elsewhere.problem(429, "too-many-requests");
    // And what they did so far goes on.
    person.get("/v1/people/me").await.expect(200);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_network_tries_no_password_for_everybody() {
    let system = System::configured(SETTINGS).await;
    let anyone = system.anonymous();
    let guess = async |number: usize| {
        let email = format!("{number}@people.example");
        sign_in(&anyone, &email, "Winter2026!", &format!("203.0.113.{}", number % 250)).await
    };
    let guesses = join_all((0..100).map(guess)).await;
    let looked_at = guesses.iter().filter(|answer| answer.status == 401).count();
    assert!((30..=35).contains(&looked_at), "{looked_at} of 100");
    system.stop().await;
}
