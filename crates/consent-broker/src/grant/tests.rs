//! What a grant can come to.

use chrono::Duration;
use contract::environment::Environment;
use contract::facts::{ConsentEndReason, ConsentGranted};
use proptest::prelude::*;

use super::*;

const MONTH: ConsentLifetime = ConsentLifetime::Days(30);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

fn granted_for(lifetime: ConsentLifetime) -> (Grant, ConsentGranted) {
    let environment = Environment::system();
    let approved = Approved {
        link_id: environment.new_id(),
        app_id: environment.new_id(),
        organization_id: environment.new_id(),
        service: "retail_media",
        domains: &[],
        lifetime,
        by: environment.new_id(),
        at: now(),
    };
    approved.grant(environment.new_id(), environment.new_id(), AccountRole::Admin)
}

fn after(days: i64) -> DateTime<Utc> {
    now() + Duration::days(days)
}

fn renewal(at: DateTime<Utc>) -> Renewal {
    Renewal { at, by: Environment::system().new_id(), role: AccountRole::TechnicalManager }
}

#[test]
fn a_grant_begins_with_an_event_that_names_its_link_and_its_end() {
    let (grant, fact) = granted_for(MONTH);
    assert_eq!((grant.version, grant.state_name(now())), (Version::FIRST, GrantStateName::Live));
    assert_eq!((fact.grant_id, fact.link_id), (grant.id, grant.link_id));
    assert_eq!(fact.expires_at, Some(after(30)));
    assert_eq!(granted_for(ConsentLifetime::UNLIMITED).1.expires_at, None);
}

#[test]
fn a_grant_is_revoked_once() {
    let (grant, _) = granted_for(MONTH);
    let (revoked, fact) = grant.revoke(Revocation::app_archived(now())).unwrap();
    assert_eq!(fact.reason, ConsentEndReason::AppArchived);
    assert_eq!(
        (revoked.version, revoked.state_name(now())),
        (Version::FIRST.next(), GrantStateName::Revoked)
    );
    assert_eq!(revoked.revoke(Revocation::requested(grant.granted_by, now())), None);
    assert_eq!(revoked.expire(after(31)), None);
    // It stays what it was when its time would have run out.
    assert_eq!(revoked.state_name(after(31)), GrantStateName::Revoked);
}

#[test]
fn a_grant_never_ends_before_it_began_whatever_the_clocks_say() {
    let (grant, _) = granted_for(MONTH);
    let early = Revocation::app_archived(now() - Duration::seconds(1));
    assert_eq!(grant.revoke(early).unwrap().0.ended_at(now()), Some(now()));
}

#[test]
fn from_its_expiry_on_a_grant_counts_no_more_whether_or_not_that_is_recorded() {
    let (grant, _) = granted_for(MONTH);
    let before = after(30) - Duration::microseconds(1);
    assert_eq!((grant.is_live(before), grant.expire(before)), (true, None));
    assert!(!grant.is_live(after(30)));
    assert_eq!(grant.state_name(after(30)), GrantStateName::Expired);
    assert_eq!(grant.revoke(Revocation::app_archived(after(30))), None);

    let (expired, fact) = grant.expire(after(31)).unwrap();
    assert_eq!((fact.expired_at, expired.ended_at(now())), (after(30), Some(after(30))));
    assert_eq!(expired.expire(after(31)), None);
    assert_eq!(granted_for(ConsentLifetime::UNLIMITED).0.expire(after(10_000)), None);
}

#[test]
fn a_renewal_lasts_as_long_as_was_granted_and_no_longer_than_the_catalogue_says() {
    let (grant, _) = granted_for(MONTH);
    let by = renewal(after(10));
    let (renewed, fact) = grant.renew(by, ConsentLifetime::Days(365)).unwrap().unwrap();
    assert_eq!(fact.expires_at, after(40));
    assert_eq!((renewed.expires_at, renewed.lifetime), (Some(after(40)), MONTH));
    assert_eq!((renewed.renewal, renewed.answerable()), (Some(by), by.by));
    assert!(renewed.is_live(after(35)));
    let (unlimited, _) = grant.renew(by, ConsentLifetime::UNLIMITED).unwrap().unwrap();
    assert_eq!(unlimited.expires_at, Some(after(40)));
    let (shorter, _) = grant.renew(by, ConsentLifetime::Days(25)).unwrap().unwrap();
    assert_eq!(shorter.expires_at, Some(after(35)));
    // Never nearer than it was.
    assert_eq!(grant.renew(by, ConsentLifetime::Days(20)), Ok(None));
    assert_eq!(grant.renew(by, ConsentLifetime::Days(1)), Ok(None));
}

#[test]
fn only_a_live_grant_that_ends_is_renewed() {
    let (grant, _) = granted_for(MONTH);
    let at = after(30);
    assert_eq!(grant.renew(renewal(at), MONTH), Err(NotRenewable::Ended { at }));
    let (expired, _) = grant.expire(at).unwrap();
    assert_eq!(expired.renew(renewal(after(1)), MONTH), Err(NotRenewable::Ended { at }));
    let (revoked, _) = grant.revoke(Revocation::app_archived(after(2))).unwrap();
    assert_eq!(revoked.renew(renewal(after(3)), MONTH), Err(NotRenewable::Ended { at: after(2) }));
    let (endless, _) = granted_for(ConsentLifetime::UNLIMITED);
    assert_eq!(endless.renew(renewal(after(3)), MONTH), Err(NotRenewable::DoesNotEnd));
}

#[test]
fn a_grant_of_before_is_given_the_expiry_that_counts_already() {
    let (grant, _) = granted_for(MONTH);
    assert_eq!(grant.set_expiry(), None);
    let old = Grant { awaits_expiry: true, ..grant };
    assert!(!old.is_live(after(30)));
    assert_eq!(old.expire(after(30)), None, "first its expiry, then its end");
    let (given, fact) = old.set_expiry().unwrap();
    assert_eq!((fact.expires_at, given.version), (Some(after(30)), old.version.next()));
    assert!(given.expire(after(30)).is_some() && given.set_expiry().is_none());
    let (renewed, _) = old.renew(renewal(after(1)), MONTH).unwrap().unwrap();
    assert!(!renewed.awaits_expiry && renewed.set_expiry().is_none());
}

proptest! {
    /// Whatever is done at whatever time: a renewal moves the end forward, by no more than was granted from the
    /// moment of the renewal, and what has ended stays as it is.
    #[test]
    fn a_grant_ends_once_and_never_outlives_what_was_granted(
        days in 1_u16..400,
        steps in prop::collection::vec((0_u8..4, 0_i64..60, 0_u16..500), 0..12),
    ) {
        let lifetime = ConsentLifetime::Days(days);
        let (mut grant, _) = granted_for(lifetime);
        let mut at = now();
        for (command, later, catalogue) in steps {
            at += Duration::days(later);
            let catalogue = match catalogue { 0 => ConsentLifetime::UNLIMITED, days => ConsentLifetime::Days(days) };
            let next = match command {
                0 => grant.revoke(Revocation::app_archived(at)).map(|(next, _)| next),
                1 => grant.expire(at).map(|(next, _)| next),
                _ => grant.renew(renewal(at), catalogue).ok().flatten().map(|(next, _)| next),
            };
            let Some(next) = next else { continue };
            prop_assert!(grant.end.is_none());
            prop_assert!(next.expires_at >= grant.expires_at);
            prop_assert!(next.expires_at <= lifetime.end(at) || next.expires_at == grant.expires_at);
            prop_assert!(next.ended_at(at).is_none_or(|end| Some(end) <= next.expires_at));
            prop_assert_eq!((next.version, next.lifetime), (grant.version.next(), lifetime));
            grant = next;
        }
    }
}
