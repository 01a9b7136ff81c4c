//! Consents as tables, by app or by account.

use chrono::{DateTime, TimeDelta, Utc};
use contract::catalogue::Level;
use contract::ids::{AppId, GrantId};

use crate::api::catalogue::Catalogue;
use crate::api::consents::{Consent, ConsentOperation};
use crate::api::people::Me;
use crate::layout::Frame;
use crate::parts::pattern::Pattern;
use crate::times::Time;

/// One that ends within so many days is told above all others.
const SOON_DAYS: i64 = 30;

/// Consents that belong together.
pub(super) struct Group {
    /// Names the section, for its heading.
    pub(super) key: String,
    pub(super) title: String,
    pub(super) sub: String,
    pub(super) picture: Option<Pattern>,
    /// What the app can see, and what it can change.
    pub(super) sees: Vec<String>,
    pub(super) changes: Vec<String>,
    /// The app, if all of its consents can be revoked at once.
    pub(super) app: Option<AppId>,
    pub(super) rows: Vec<Row>,
}

/// One consent.
pub(super) struct Row {
    pub(super) id: GrantId,
    pub(super) name: String,
    pub(super) by: String,
    pub(super) on: Time,
    pub(super) ends: Option<Time>,
    /// In how many days, if that is soon.
    pub(super) ends_in: Option<i64>,
    pub(super) last_used: Option<Time>,
    pub(super) may_renew: bool,
    pub(super) may_revoke: bool,
}

/// The consent that ends first, if that is soon.
pub(super) struct Soon {
    pub(super) id: GrantId,
    pub(super) app: String,
    pub(super) account: String,
    pub(super) at: Time,
    pub(super) may_renew: bool,
}

/// The name of the app, or its id where that is all that is known.
fn app_name(consent: &Consent) -> String {
    consent.app.name.clone().unwrap_or_else(|| consent.app.id.to_string())
}

fn account_name(consent: &Consent) -> String {
    consent.account.name.clone().unwrap_or_else(|| consent.account.id.to_string())
}

fn days_left(consent: &Consent, now: DateTime<Utc>) -> Option<i64> {
    let left = consent.expires_at? - now;
    // To the nearest: six days and 23 hours are seven to whoever counts them.
    (left <= TimeDelta::days(SOON_DAYS)).then(|| (left + TimeDelta::hours(12)).num_days())
}

impl Row {
    fn of(frame: &Frame<'_>, me: &Me, now: DateTime<Utc>, consent: &Consent, name: String) -> Self {
        let by = match &consent.granted_by {
            Some(by) if by.person_id == me.id => frame.t.consents_you(),
            Some(by) => by.name.clone().unwrap_or_else(|| frame.t.consents_somebody()),
            None => frame.t.consents_somebody(),
        };
        Self {
            id: consent.id,
            name,
            by,
            on: frame.time(consent.granted_at),
            ends: consent.expires_at.map(|at| frame.time(at)),
            ends_in: days_left(consent, now),
            last_used: consent.last_used_at.map(|at| frame.time(at)),
            may_renew: consent.allowed.contains(&ConsentOperation::Renew),
            may_revoke: consent.allowed.contains(&ConsentOperation::Revoke),
        }
    }
}

/// Groups in the order in which their newest consents come.
fn grouped(
    consents: &[Consent],
    key: impl Fn(&Consent) -> String,
    mut open: impl FnMut(&Consent) -> Group,
    mut row: impl FnMut(&Consent) -> Row,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for consent in consents {
        let key = key(consent);
        let at = groups.iter().position(|group| group.key == key).unwrap_or_else(|| {
            groups.push(Group { key, ..open(consent) });
            groups.len() - 1
        });
        groups[at].rows.push(row(consent));
    }
    groups
}

/// A group an app.
pub(super) fn by_app(
    frame: &Frame<'_>,
    me: &Me,
    now: DateTime<Utc>,
    consents: &[Consent],
    catalogue: &Catalogue,
) -> Vec<Group> {
    let words = |consent: &Consent, wanted: Level| -> Vec<String> {
        let service = catalogue.services.get(&consent.account.service);
        let domains = consent.domains.iter().filter(|domain| domain.level == wanted);
        let title = |name: &String| {
            let domain = service.and_then(|service| service.domains.get(name));
            domain.map_or_else(|| name.clone(), |domain| domain.title.clone())
        };
        domains.map(|domain| title(&domain.domain)).collect()
    };
    let open = |consent: &Consent| Group {
        key: String::new(),
        title: app_name(consent),
        sub: of_organization(consent),
        picture: Some(Pattern::of(&consent.app.id.to_string())),
        sees: words(consent, Level::Read),
        changes: words(consent, Level::Manage),
        app: Some(consent.app.id),
        rows: Vec::new(),
    };
    let mut groups = grouped(
        consents,
        |consent| consent.app.id.to_string(),
        open,
        |consent| Row::of(frame, me, now, consent, account_name(consent)),
    );
    for group in &mut groups {
        if !group.rows.iter().any(|row| row.may_revoke) {
            group.app = None;
        }
    }
    groups
}

/// A group an account.
pub(super) fn by_account(
    frame: &Frame<'_>,
    me: &Me,
    now: DateTime<Utc>,
    consents: &[Consent],
) -> Vec<Group> {
    let open = |consent: &Consent| Group {
        key: String::new(),
        title: account_name(consent),
        sub: String::new(),
        picture: None,
        sees: Vec::new(),
        changes: Vec::new(),
        app: None,
        rows: Vec::new(),
    };
    grouped(
        consents,
        |consent| consent.account.id.to_string(),
        open,
        |consent| Row::of(frame, me, now, consent, app_name(consent)),
    )
}

/// Whose app it is, and where that organization can be reached.
fn of_organization(consent: &Consent) -> String {
    let parts = [&consent.app.organization_name, &consent.app.contact_email];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ")
}

/// The one that ends first.
pub(super) fn soonest(frame: &Frame<'_>, now: DateTime<Utc>, consents: &[Consent]) -> Option<Soon> {
    let soon = consents.iter().filter(|consent| days_left(consent, now).is_some());
    let first = soon.min_by_key(|consent| consent.expires_at)?;
    Some(Soon {
        id: first.id,
        app: app_name(first),
        account: account_name(first),
        at: frame.time(first.expires_at?),
        may_renew: first.allowed.contains(&ConsentOperation::Renew),
    })
}
