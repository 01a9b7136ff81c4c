use futures::future::join_all;
use stage::Somebody;

use super::*;

#[tokio::test]
async fn of_200_simultaneous_completions_of_one_sign_in_one_succeeds() {
    let sso = SingleSignOn::set().await;
    let (begun, returned) = sso.returned(Somebody::with_email("ada@corp.example")).await;
    let completion = completion(&begun, &returned);
    let before = sso.stage.events().await.len();
    let answers = join_all((0..200).map(|_| sso.complete(&begun, &completion))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 403).count();
    assert_eq!((accepted, refused), (1, 199));
    let left = sso.stage.events().await.split_off(before);
    assert_eq!(left.iter().filter(|kind| *kind == "session.created").count(), 1, "{left:?}");
    assert_eq!(left.iter().filter(|kind| *kind == "sign-in.accepted").count(), 1);
    sso.stage.close().await;
}

#[tokio::test]
async fn whoever_signs_in_on_many_devices_at_once_for_the_first_time_is_one_person() {
    let sso = SingleSignOn::set().await;
    let mut returned = Vec::new();
    for _ in 0..8 {
        returned.push(sso.returned(Somebody::with_email("ada@corp.example")).await);
    }
    let before = sso.stage.events().await.len();
    let completions = returned
        .iter()
        .map(|(begun, returned)| async { sso.complete(begun, &completion(begun, returned)).await });
    let answers = join_all(completions).await;
    // Whoever loses a race more than twice is told to come again, and nothing is half done.
    assert!(answers.iter().all(|answer| [201, 503].contains(&answer.status.as_u16())));
    assert!(answers.iter().filter(|answer| answer.status == 201).count() >= 3);
    let left = sso.stage.events().await.split_off(before);
    for once in ["person.registered", "person.identity-linked", "membership.granted"] {
        assert_eq!(left.iter().filter(|kind| *kind == once).count(), 1, "{once}: {left:?}");
    }
    sso.stage.close().await;
}
