//! What may become of a link, case by case.

use contract::environment::Environment;
use contract::facts::{ConsentEndReason, grants_sha256};
use contract::rpc::AccountRole;

use super::*;
use crate::grant::Approved;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

fn link(state: LinkState) -> Link {
    let environment = Environment::system();
    Link {
        id: environment.new_id(),
        app_id: environment.new_id(),
        organization_id: environment.new_id(),
        hint: "abcd".to_owned(),
        label: None,
        created_by: environment.new_id(),
        created_at: noon(),
        expires_at: noon() + Duration::days(30),
        grant_lifetime_days: None,
        opened: None,
        passed_on: 0,
        state,
        version: Version::FIRST,
    }
}

fn denied(at: DateTime<Utc>) -> LinkState {
    LinkState::Denied { at, by: Environment::system().new_id() }
}

fn person() -> PersonId {
    Environment::system().new_id()
}

#[test]
fn a_new_link_is_pending_and_ends_after_its_lifetime() {
    let environment = Environment::system();
    let draft = LinkDraft {
        id: environment.new_id(),
        app_id: environment.new_id(),
        organization_id: environment.new_id(),
        hint: "abcd".to_owned(),
        label: Some("For the corner shop".to_owned()),
        created_by: person(),
        lifetime: Duration::days(3),
        grant_lifetime_days: Some(30),
    };
    let (link, fact) = Link::create(draft, noon());
    assert_eq!((&link.state, link.version), (&LinkState::Pending, Version::FIRST));
    assert_eq!((fact.link_id, fact.expires_at), (link.id, noon() + Duration::days(3)));
}

#[test]
fn the_first_opening_by_a_stranger_moves_a_pending_link_on() {
    let (pending, stranger) = (link(LinkState::Pending), person());
    let (next, fact) = pending.open(stranger, false, noon()).unwrap().unwrap();
    assert_eq!((&next.state, next.version), (&LinkState::Opened, Version::FIRST.next()));
    assert_eq!(next.opened, Some(Opened { at: noon(), by: stranger }));
    assert_eq!(fact.person_id, stranger);
}

#[test]
fn its_makers_look_at_a_link_without_opening_it() {
    assert_eq!(link(LinkState::Pending).open(person(), true, noon()), Ok(None));
}

#[test]
fn opening_never_uses_a_link_up() {
    let opened = link(LinkState::Opened);
    assert_eq!(opened.open(person(), false, noon()), Ok(None));
    assert_eq!(opened.usable(noon()), Ok(()));
}

#[test]
fn an_approval_uses_the_link_and_says_how_many_accounts() {
    let (opened, holder) = (link(LinkState::Opened), person());
    let approved = Approved {
        link_id: opened.id,
        app_id: opened.app_id,
        organization_id: opened.organization_id,
        service: "retail_media",
        domains: &[],
        lifetime: ConsentLifetime::Days(365),
        by: holder,
        at: noon(),
    };
    let environment = Environment::system();
    let (grant, _) = approved.grant(environment.new_id(), environment.new_id(), AccountRole::Admin);
    let earlier = vec![environment.new_id(), environment.new_id()];
    let (used, fact) = opened.redeem(holder, &[&grant], &earlier, noon()).unwrap();
    assert_eq!((fact.granted_count, fact.already_granted_count), (1, 2));
    assert_eq!(fact.grants_sha256, grants_sha256([grant.id]));
    let closed = Closed::Used { at: noon(), by: holder };
    assert_eq!(used.usable(noon()), Err(closed));
    assert_eq!(used.redeem(holder, &[], &[], noon()), Err(closed));
    assert_eq!(used.deny(person(), noon()), Err(closed));
}

#[test]
fn a_denial_uses_the_link() {
    let by = person();
    let (denied, _) = link(LinkState::Opened).deny(by, noon()).unwrap();
    assert_eq!(denied.usable(noon()), Err(Closed::Used { at: noon(), by }));
}

#[test]
fn a_link_expires_by_time_before_anyone_records_it() {
    let link = link(LinkState::Opened);
    let moment_before = link.expires_at - Duration::microseconds(1);
    assert_eq!(link.usable(moment_before), Ok(()));
    assert_eq!(link.usable(link.expires_at), Err(Closed::Expired { at: link.expires_at }));
    assert_eq!(link.state_name(link.expires_at), LinkStateName::Expired);
}

#[test]
fn a_used_link_says_when_it_was_used_even_after_its_expiry() {
    let by = person();
    let used = link(LinkState::Denied { at: noon(), by });
    let later = noon() + Duration::days(365);
    assert_eq!(used.usable(later), Err(Closed::Used { at: noon(), by }));
    assert_eq!(
        used.usable(later).unwrap_err().to_string(),
        "the link was used at 2025-06-15T15:06:40Z"
    );
}

#[test]
fn revoking_twice_changes_nothing_the_second_time() {
    let (revoked, fact) = link(LinkState::Opened).revoke(person(), noon()).unwrap().unwrap();
    assert_eq!(fact.reason, ConsentEndReason::Requested);
    assert_eq!(revoked.revoke(person(), noon()), Ok(None));
    assert_eq!(revoked.end_with_app(noon()), None);
}

#[test]
fn a_used_or_expired_link_cannot_be_revoked() {
    let by = person();
    let used = link(LinkState::Denied { at: noon(), by });
    assert_eq!(used.revoke(person(), noon()), Err(Closed::Used { at: noon(), by }));
    let expired = link(LinkState::Expired { recorded_at: noon() });
    assert_eq!(expired.revoke(person(), noon()), Err(Closed::Expired { at: expired.expires_at }));
}

#[test]
fn the_end_of_an_app_ends_what_is_unused_and_leaves_what_was_used() {
    let (revoked, fact) = link(LinkState::Pending).end_with_app(noon()).unwrap();
    assert_eq!(revoked.state, LinkState::Revoked(Revocation::app_archived(noon())));
    assert_eq!(fact.reason, ConsentEndReason::AppArchived);
    assert_eq!(link(denied(noon())).end_with_app(noon()), None);
}

#[test]
fn an_expiry_is_recorded_once_and_not_before_its_time() {
    let pending = link(LinkState::Pending);
    assert_eq!(pending.expire(pending.expires_at - Duration::microseconds(1)), None);
    let (expired, _) = pending.expire(pending.expires_at).unwrap();
    assert_eq!(expired.expire(pending.expires_at), None);
}

#[test]
fn a_link_lives_a_day_at_least_and_no_longer_than_allowed() {
    assert_eq!(lifetime(None, 30), Ok(Duration::days(30)));
    assert_eq!(lifetime(Some(1), 30), Ok(Duration::days(1)));
    for days in [0, -1, 31, i64::MAX] {
        assert!(lifetime(Some(days), 30).is_err(), "{days}");
    }
}

#[test]
fn a_link_is_passed_on_so_often_and_to_the_same_person_after_a_pause() {
    let (opened, environment) = (link(LinkState::Opened), Environment::system());
    let passing = || PassOn { id: environment.new_id(), from: person(), to: person() };
    let limits = (2, Duration::hours(1));
    let first = passing();
    let (once, fact) = opened.pass_on(first, None, limits, noon()).unwrap();
    assert_eq!((once.passed_on, &once.state), (1, &LinkState::Opened));
    assert_eq!(once.version, opened.version.next());
    assert_eq!((fact.from_person_id, fact.to_person_id), (first.from, first.to));

    let soon = noon() + Duration::minutes(59);
    let again_at = noon() + Duration::hours(1);
    let refused = once.pass_on(first, Some(noon()), limits, soon);
    assert_eq!(refused, Err(NotPassedOn::JustNow { again_at }));
    let (twice, _) = once.pass_on(first, Some(noon()), limits, again_at).unwrap();
    assert_eq!(twice.pass_on(passing(), None, limits, soon), Err(NotPassedOn::TooOften(2)));
    let by = person();
    let used = link(LinkState::Denied { at: noon(), by });
    let closed = Closed::Used { at: noon(), by };
    assert_eq!(used.pass_on(first, None, limits, noon()), Err(NotPassedOn::Closed(closed)));
}

#[test]
fn a_link_can_ask_for_less_than_the_catalogue_gives_and_never_for_more() {
    let (year, never) = (ConsentLifetime::Days(365), ConsentLifetime::UNLIMITED);
    assert_eq!(grant_lifetime(None, year), Ok(None));
    assert_eq!(grant_lifetime(Some(30), year), Ok(Some(30)));
    assert_eq!(grant_lifetime(Some(365), year), Ok(Some(365)));
    assert_eq!(grant_lifetime(Some(3_650), never), Ok(Some(3_650)));
    for days in [i64::MIN, -1, 0, 366, 70_000] {
        let error = grant_lifetime(Some(days), year).unwrap_err().to_string();
        assert_eq!(error, "a consent for this service lasts for 1 to 365 days");
    }
    assert!(grant_lifetime(Some(3_651), never).is_err());
}
