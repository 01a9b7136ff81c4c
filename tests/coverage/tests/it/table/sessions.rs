//! Sessions.

use super::{Entry, changes_nothing, entry, everybody, leaves, refused};
use crate::call::Call;
use crate::cast::{Cast, MOST_SESSIONS, PASSWORD, Who};

/// A new session for this caller to end: their own; somebody else's, for the operator.
async fn session(cast: &Cast, who: Who) -> String {
    match who {
        Who::Operator => cast.operator.person("Forgetful").await.session().await.0,
        person => cast.person(person).session().await.0,
    }
}

pub(super) fn entries() -> Vec<Entry> {
    vec![
        entry("listSessions", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("createSession", everybody, |cast, _| {
            Box::pin(async move {
                let (id, email) = cast.with_password().await;
                let caller = cast.anonymous.with_password(&email, PASSWORD);
                let leaves = &["sign-in.accepted", "session.created"];
                Call::plain().leaves(leaves).by(caller, format!("user/{id}"))
            })
        })
        .with(leaves(
            "beyond as many as one can have",
            Who::Stranger,
            &["sign-in.accepted", "session.ended", "session.created"],
            |cast, _| {
                Box::pin(async move {
                    let (id, email) = cast.with_password().await;
                    let caller = cast.anonymous.with_password(&email, PASSWORD);
                    for _ in 0..MOST_SESSIONS {
                        caller.act("/v1/sessions").await.expect(201);
                    }
                    Call::plain().by(caller, format!("user/{id}"))
                })
            },
        ))
        .with(refused(
            "by a wrong password",
            Who::Stranger,
            401,
            &["sign-in.refused"],
            |cast, _| {
                Box::pin(async move {
                    let (_, email) = cast.with_password().await;
                    let caller = cast.anonymous.with_password(&email, "a wrong horse");
                    Call::plain().by(caller, "anonymous")
                })
            },
        )),
        // By somebody new: nobody else of the cast is to have too many.
        entry("getSession", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Looking").await;
                let (id, this) = person.session().await;
                Call::plain().path("id", id).by((*this).clone(), person.actor())
            })
        })
        .with(refused("somebody else's", Who::Foreigner, 404, &[], |cast, _| {
            Box::pin(async move {
                let (id, _) = cast.operator.person("Looked At").await.session().await;
                Call::plain().path("id", id)
            })
        }))
        .with(changes_nothing(
            "somebody else's, by an operator",
            Who::Operator,
            |cast, _| {
                Box::pin(async move {
                    let (id, _) = cast.operator.person("Looked At").await.session().await;
                    Call::plain().path("id", id)
                })
            },
        )),
        // By somebody new, so that nobody ends what others are about to.
        entry("endOtherSessions", everybody, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Careful").await;
                person.session().await;
                let (_, this) = person.session().await;
                let call = Call::plain().leaves(&["session.ended"]);
                call.by((*this).clone(), person.actor())
            })
        })
        .with(changes_nothing("without another", Who::Stranger, |cast, _| {
            Box::pin(async move {
                let person = cast.operator.person("Careful").await;
                let (_, this) = person.session().await;
                Call::plain().by((*this).clone(), person.actor())
            })
        })),
        entry("endSession", everybody, |cast, who| {
            Box::pin(async move { Call::plain().path("id", session(cast, who).await) })
        })
        .with(refused("somebody else's", Who::Foreigner, 404, &[], |cast, _| {
            Box::pin(async move { Call::plain().path("id", session(cast, Who::Owner).await) })
        }))
        .with(changes_nothing("twice", Who::Owner, |cast, who| {
            Box::pin(async move {
                let id = session(cast, who).await;
                cast.client(who).delete(&format!("/v1/sessions/{id}")).await.expect(204);
                Call::plain().path("id", id)
            })
        })),
    ]
}
