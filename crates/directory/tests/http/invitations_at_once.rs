//! Who comes at the same time: an invitation is accepted by one, or revoked.

use futures::future::{join, join_all};
use uuid::Uuid;

use crate::invited::newcomer;
use crate::stage::{Person, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_who_accept_at_once_one_does() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, "new@example.com").await;
    let mut people: Vec<Person> = Vec::new();
    for number in 0..10 {
        people.push(stage.person(&format!("person-{number}")).await);
    }
    let accepting = (0..200).map(|number| invited.accept(&people[number % people.len()]));
    let (answers, events) = stage.events_of(join_all(accepting)).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(accepted, 1);
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status.as_u16())));
    for once in ["invitation.accepted", "membership.granted"] {
        assert_eq!(events.iter().filter(|event| *event == once).count(), 1, "{events:?}");
    }
    let members = owner.get(&format!("{organization}/members")).await.expect(200);
    assert_eq!(members.json["items"].as_array().unwrap().len(), 2);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_say_they_are_the_invited_one_is_registered() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, "new@example.com").await;
    let accepting = (0..40).map(|_| invited.accept_as(&stage, newcomer()));
    let (answers, events) = stage.events_of(join_all(accepting)).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    // The others come too late, are asked to sign in, or wait too long for their turn.
    assert!(statuses.iter().all(|status| [200, 401, 409, 503].contains(status)), "{statuses:?}");
    let registered = events.iter().filter(|event| *event == "person.registered").count();
    assert_eq!(registered, 1, "{events:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_that_is_accepted_and_revoked_at_once_is_one_of_them() {
    let stage = Stage::set().await;
    let (owner, person) = (stage.person("owner").await, stage.person("person").await);
    for number in 0..3 {
        let organization = owner.organization().await;
        let email = format!("new{number}@example.com");
        let invited = stage.invite(&owner, &organization, &email).await;
        let id: Uuid = invited.id.parse().unwrap();
        let path = invited.path();
        let at_once = join(invited.accept(&person), owner.delete(&path));
        let (accepted, revoked) = stage.meeting("invitations", id, 2, Box::pin(at_once)).await;
        let both = (accepted.status.as_u16(), revoked.status.as_u16());
        assert!([(200, 409), (410, 204)].contains(&both), "{both:?}");
        let members = owner.get(&format!("{organization}/members")).await.expect(200);
        let members = members.json["items"].as_array().unwrap().len();
        assert_eq!(members, if both.0 == 200 { 2 } else { 1 });
    }
    stage.close().await;
}
