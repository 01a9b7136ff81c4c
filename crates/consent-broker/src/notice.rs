//! Notices that a consent will end: which is due, and when the next one is. Pure; time is handed in.
//!
//! A notice is due so many days before the end, and what was due while the service was away is not made up for: only
//! the one that is nearest to the end is sent. One whose moment came before the grant or its renewal is none: whoever
//! approves for five days has just read that it ends in five.

use chrono::{DateTime, Duration, Utc};

use crate::grant::Grant;

/// When a grant is to be told of again, for one that counts since `since` and ends at `expires_at`; none if not before
/// its end.
pub(crate) fn next(
    expires_at: Option<DateTime<Utc>>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    notice_days: &[u16],
) -> Option<DateTime<Utc>> {
    let moments = moments(expires_at?, since, notice_days);
    moments.map(|(_, at)| at).filter(|at| *at > now).min()
}

/// The notice that is due for a grant at this moment: so many days before its end. None for one that has ended.
pub(crate) fn due(grant: &Grant, now: DateTime<Utc>, notice_days: &[u16]) -> Option<u16> {
    let expires_at = grant.expires_at.filter(|_| grant.is_live(now))?;
    let moments = moments(expires_at, grant.counts_since(), notice_days);
    moments.filter(|(_, at)| *at <= now).map(|(days, _)| days).min()
}

/// The moments of all notices, with their days.
fn moments(
    expires_at: DateTime<Utc>,
    since: DateTime<Utc>,
    notice_days: &[u16],
) -> impl Iterator<Item = (u16, DateTime<Utc>)> {
    let moment = move |days: u16| (days, expires_at - Duration::days(days.into()));
    notice_days.iter().copied().map(moment).filter(move |(_, at)| *at > since)
}

#[cfg(test)]
mod tests {
    use contract::catalogue::ConsentLifetime;
    use contract::environment::Environment;
    use contract::rpc::AccountRole;

    use super::*;
    use crate::grant::{Approved, Renewal};
    use crate::revocation::Revocation;

    const DAYS: [u16; 3] = [30, 7, 1];

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_750_000_000, 0).unwrap()
    }

    fn after(days: i64) -> DateTime<Utc> {
        noon() + Duration::days(days)
    }

    fn granted_for(lifetime: ConsentLifetime) -> Grant {
        let environment = Environment::system();
        let approved = Approved {
            link_id: environment.new_id(),
            app_id: environment.new_id(),
            organization_id: environment.new_id(),
            service: "retail_media",
            domains: &[],
            lifetime,
            by: environment.new_id(),
            at: noon(),
        };
        approved.grant(environment.new_id(), environment.new_id(), AccountRole::Admin).0
    }

    fn next_of(grant: &Grant, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        next(grant.expires_at, grant.counts_since(), now, &DAYS)
    }

    #[test]
    fn notices_are_due_30_7_and_1_days_before_the_end() {
        let grant = granted_for(ConsentLifetime::Days(365));
        assert_eq!(
            (due(&grant, after(334), &DAYS), next_of(&grant, noon())),
            (None, Some(after(335)))
        );
        for (day, days, then) in [(335, 30, Some(358)), (358, 7, Some(364)), (364, 1, None)] {
            assert_eq!(due(&grant, after(day), &DAYS), Some(days));
            assert_eq!(next_of(&grant, after(day)), then.map(after));
        }
        assert_eq!(due(&grant, after(365), &DAYS), None, "it has ended");
    }

    #[test]
    fn of_several_that_are_due_only_the_nearest_to_the_end_is_sent() {
        let grant = granted_for(ConsentLifetime::Days(365));
        assert_eq!(due(&grant, after(360), &DAYS), Some(7));
        assert_eq!(due(&grant, after(364), &DAYS), Some(1));
    }

    #[test]
    fn whoever_has_just_approved_for_few_days_is_not_told_at_once() {
        let grant = granted_for(ConsentLifetime::Days(5));
        assert_eq!((due(&grant, after(3), &DAYS), next_of(&grant, noon())), (None, Some(after(4))));
        assert_eq!(due(&grant, after(4), &DAYS), Some(1));
        let month = granted_for(ConsentLifetime::Days(30));
        assert_eq!((due(&month, noon(), &DAYS), next_of(&month, noon())), (None, Some(after(23))));
        let day = granted_for(ConsentLifetime::Days(1));
        assert_eq!((due(&day, noon(), &DAYS), next_of(&day, noon())), (None, None));
    }

    #[test]
    fn a_renewal_begins_anew_and_an_end_has_no_notice() {
        let grant = granted_for(ConsentLifetime::Days(30));
        let renewal = Renewal { at: after(25), by: grant.granted_by, role: AccountRole::Admin };
        let (renewed, _) = grant.renew(renewal, ConsentLifetime::Days(30)).unwrap().unwrap();
        assert_eq!(due(&renewed, after(26), &DAYS), None);
        assert_eq!(next_of(&renewed, after(25)), Some(after(48)));
        let (revoked, _) = grant.revoke(Revocation::app_archived(after(1))).unwrap();
        assert_eq!(due(&revoked, after(29), &DAYS), None);
        let endless = granted_for(ConsentLifetime::UNLIMITED);
        assert_eq!((due(&endless, after(29), &DAYS), next_of(&endless, noon())), (None, None));
    }
}
