//! What the calls left, held against the audit log.
//!
//! The answer's `x-request-id` is the `correlationid` of all that follows from a call. So when the
//! log is complete up to the last call, the events of a correlation are all that its call left.

use std::collections::BTreeMap;

use journeys::events::{self, Event};
use serde_json::json;
use stage::{Answer, eventually};

use crate::cast::{Cast, Who};
use crate::table;

/// What a call must have left.
#[derive(Debug)]
pub(crate) struct Left {
    /// The call.
    pub(crate) what: String,
    /// The `correlationid` of its events.
    pub(crate) correlation: String,
    /// Its own events.
    pub(crate) kinds: Vec<String>,
    /// Those of services, because of it.
    pub(crate) follows: Vec<String>,
    /// Of which of these there is one for each of something.
    pub(crate) several: Vec<String>,
    /// Who made it.
    pub(crate) actor: String,
    /// On whose behalf.
    pub(crate) organization: Option<String>,
    /// Why they were allowed, where that is known beforehand.
    pub(crate) authority: Option<String>,
    /// What its `access.refused` says, if it leaves one.
    pub(crate) refusal: Option<Refusal>,
}

/// What `access.refused` says.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What was attempted.
    pub(crate) operation: String,
    /// On what.
    pub(crate) target: String,
    /// Why it was not done.
    pub(crate) reason: String,
}

impl Left {
    /// Its own events.
    pub(crate) fn own_kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(String::as_str)
    }

    /// Those of services.
    pub(crate) fn following_kinds(&self) -> impl Iterator<Item = &str> {
        self.follows.iter().map(String::as_str)
    }

    fn faults(&self, events: &[Event]) -> Vec<String> {
        let (following, own): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| event.attribute("actor").starts_with("system/"));
        let mut faults = Vec::new();
        let mut compare = |kind: &str, found: String, wanted: String| {
            if found != wanted {
                let what = &self.what;
                faults.push(format!("{what}: {kind} {found} instead of {wanted}"));
            }
        };
        compare("left", sorted(kinds(&own)), sorted(self.own_kinds()));
        let follows = sorted(self.following_kinds());
        let mut followed: Vec<&str> = kinds(&following).collect();
        followed.sort_unstable();
        followed.dedup_by(|one, other| one == other && self.several.iter().any(|kind| kind == one));
        compare("is followed by", sorted(followed.into_iter()), follows);
        for event in &own {
            let kind = event.kind();
            let says = |name: &str| format!("{kind} has {name}");
            let actor = event.attribute("actor").to_owned();
            compare(&says("actor"), actor, self.actor.clone());
            if let Some(authority) = &self.authority {
                let found = event.attribute("authority").to_owned();
                compare(&says("authority"), found, authority.clone());
            }
            if let (Some(refusal), "access.refused") = (&self.refusal, kind) {
                for (name, wanted) in [
                    ("operation", &refusal.operation),
                    ("target", &refusal.target),
                    ("reason", &refusal.reason),
                ] {
                    let found = event.fact(name).as_str().unwrap_or_default().to_owned();
                    compare(&says(name), found, wanted.clone());
                }
            }
        }
        for event in own.iter().chain(&following) {
            let found = event.event["organization"].as_str().map(str::to_owned);
            // Who somebody is belongs to nobody, whatever they become in an organization.
            let of_nobody =
                ["person.", "session."].iter().any(|kind| event.kind().starts_with(kind));
            let wanted = self.organization.as_ref().filter(|_| !of_nobody);
            let (found, wanted) = (format!("{:?}", found.as_ref()), format!("{wanted:?}"));
            compare(&format!("{} has organization", event.kind()), found, wanted);
        }
        // What follows, follows from something that the call itself did.
        let ids: Vec<&str> = own.iter().map(|event| event.attribute("id")).collect();
        for event in &following {
            let cause = event.event["causationid"].as_str().unwrap_or_default();
            if !ids.contains(&cause) {
                let kind = event.kind();
                faults.push(format!("{}: {kind} follows from nothing of it", self.what));
            }
        }
        faults
    }
}

fn kinds<'a>(events: &'a [&Event]) -> impl Iterator<Item = &'a str> {
    events.iter().map(|event| event.kind())
}

fn sorted<'a>(kinds: impl Iterator<Item = &'a str>) -> String {
    let mut kinds: Vec<&str> = kinds.collect();
    kinds.sort_unstable();
    format!("{kinds:?}")
}

/// Everything that the calls left and should not have, or should have left and did not.
pub(crate) async fn faults(cast: &Cast, mut left: Vec<Left>) -> Vec<String> {
    let ends = end_marks(cast).await;
    // Each service's events come in their order: behind its mark there is nothing left to come,
    // but what others make of what they hear.
    let wait_for = left
        .iter()
        .filter(|left| !left.follows.is_empty())
        .map(|left| (left, left.kinds.len() + left.follows.len()))
        .chain(ends.iter().map(|left| (left, 1)))
        .map(|(left, wanted)| (left.what.clone(), left.correlation.clone(), wanted))
        .collect::<Vec<_>>();
    left.extend(ends);
    let events = eventually("the end of the log", async || {
        let events = by_correlation(cast).await;
        let missing: Vec<&str> = wait_for
            .iter()
            .filter(|(_, call, wanted)| events.get(call).map_or(0, Vec::len) < *wanted)
            .map(|(what, ..)| what.as_str())
            .collect();
        if missing.is_empty() {
            Ok(events)
        } else {
            Err(format!("events of {missing:?} are missing"))
        }
    })
    .await;
    let none = Vec::new();
    left.iter()
        .flat_map(|left| left.faults(events.get(&left.correlation).unwrap_or(&none)))
        .collect()
}

async fn by_correlation(cast: &Cast) -> BTreeMap<String, Vec<Event>> {
    let mut by_correlation: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events::all(&cast.operator, "").await {
        let correlation = event.attribute("correlationid").to_owned();
        by_correlation.entry(correlation).or_default().push(event);
    }
    by_correlation
}

/// A refusal in each service that records what people do.
async fn end_marks(cast: &Cast) -> Vec<Left> {
    let auditor = &cast.organization.auditor;
    let (organization, app) = (&cast.organization.id, &cast.app.id);
    let draft = journeys::people::draft(&cast.organization, "retail_media");
    let key = json!({ "name": "none" });
    let path = format!("/v1/organizations/{organization}/members");
    let member = json!({ "person_id": cast.person_id(Who::Stranger), "role": "auditor" });
    let (at_organization, at_app) = (format!("organization/{organization}"), format!("app/{app}"));
    let answers: [(Answer, &str, &String); 4] = [
        (auditor.post(&path, member).await, "member.add", &at_organization),
        (auditor.post("/v1/apps", draft).await, "app.create", &at_organization),
        (auditor.post(&format!("/v1/apps/{app}/keys"), key).await, "key.create", &at_app),
        (
            auditor.post(&format!("/v1/apps/{app}/consent-links"), json!({})).await,
            "consent-link.create",
            &at_app,
        ),
    ];
    answers
        .into_iter()
        .map(|(answer, operation, target)| Left {
            what: "the end".to_owned(),
            correlation: answer.expect(403).header("x-request-id").to_owned(),
            kinds: vec!["access.refused".to_owned()],
            follows: Vec::new(),
            several: Vec::new(),
            actor: auditor.actor(),
            organization: Some(organization.clone()),
            authority: None,
            refusal: Some(Refusal {
                operation: operation.to_owned(),
                target: target.clone(),
                reason: table::ROLE.to_owned(),
            }),
        })
        .collect()
}
