//! The use of a link: once, whoever comes first. Everything that follows from it is one transaction.
//!
//! The link's row is locked before anything is decided, so of any number of uses at the same time
//! the first goes on and the others wait, find the link used, and are told when. The guard of the
//! update and the triggers of the schema would each refuse a second use as well.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contract::catalogue::ConsentLifetime;
use contract::ids::{AccountId, GrantId, LinkId, PersonId};
use contract::rpc::AppView;
use eventstore::{AppendError, Unit};
use service::{Permit, Resources};

use crate::account_selection::SelectedAccount;
use crate::as_of::AsOf;
use crate::consent_text::ConsentText;
use crate::grant::{Approved, Grant};
use crate::grant_expiry::{self, GrantExpiryError};
use crate::link::{Closed, Link};
use crate::notice;
use crate::store::apps::{self, Standing};
use crate::store::{grants, links, shown_texts};

/// So many grants and events are written by one statement of the transaction. An approval of more is a large one.
pub(crate) const AT_A_TIME: usize = 1_000;

/// An approval of a request, all of which was found to be allowed.
#[derive(Debug)]
pub(crate) struct Approval<'a> {
    /// The link.
    pub(crate) link_id: LinkId,
    /// The app that asks.
    pub(crate) app: &'a AppView,
    /// The catalogue's service.
    pub(crate) service: &'a str,
    /// Who approves.
    pub(crate) by: PersonId,
    /// What they were shown.
    pub(crate) text: &'a ConsentText,
    /// For how long.
    pub(crate) lifetime: ConsentLifetime,
    /// So many days before the end whoever approves is told of it.
    pub(crate) notice_days: &'a [u16],
    /// For which accounts, sorted by their ids.
    pub(crate) accounts: Vec<ApprovedAccount>,
}

/// An account that is to consent.
#[derive(Debug)]
pub(crate) struct ApprovedAccount {
    /// The account and the role on it that allows the person to consent.
    pub(crate) selected: SelectedAccount,
    /// The account's name.
    pub(crate) name: String,
    /// The permit to consent for it.
    pub(crate) permit: Permit,
}

/// What came of an approval.
#[derive(Debug, Clone)]
pub(crate) struct Redeemed {
    /// When the link was used.
    pub(crate) at: DateTime<Utc>,
    /// From when the new grants count no more; none if they do not end by themselves.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// The accounts that consent because of it.
    pub(crate) granted: Vec<(GrantId, AccountId)>,
    /// The grants that were there already, and stay as they are.
    pub(crate) already_granted: Vec<Grant>,
}

/// Why a link was not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedemptionError {
    /// It cannot be used.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// Its app was archived: the link ends with it.
    #[error("the app was archived")]
    AppEnded,
    /// Not all is known of its app.
    #[error("not all is known of the app at the moment")]
    AppUnknown,
    /// A consent that was in the way was revoked at the same moment; trying again helps.
    #[error("the consents of these accounts have just changed")]
    ConsentsChanged,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<GrantExpiryError> for RedemptionError {
    fn from(error: GrantExpiryError) -> Self {
        match error {
            GrantExpiryError::Database(error) => Self::Database(error),
            GrantExpiryError::Append(error) => Self::Append(error),
        }
    }
}

/// Uses the link to approve.
pub(crate) async fn approve(
    resources: &Resources,
    permit: &Permit,
    approval: Approval<'_>,
) -> Result<Redeemed, RedemptionError> {
    let Approval { link_id, app, service, by, text, lifetime, notice_days, accounts } = approval;
    let mut unit = permit.begin();
    let (link, at) = lock(&mut unit, resources, link_id).await?;
    let as_of = AsOf::at(at, resources);
    let approved = Approved {
        link_id,
        app_id: app.id,
        organization_id: link.organization_id,
        service,
        domains: &app.domains,
        lifetime,
        by,
        at,
    };
    let wanted: Vec<_> = accounts
        .into_iter()
        .map(|account| {
            let SelectedAccount { account_id, role } = account.selected;
            (account, approved.grant(resources.env.new_id(), account_id, role))
        })
        .collect();
    let notice_due_at = notice::next(approved.expires_at(), at, at, notice_days);
    let shown = text.shown();
    shown_texts::keep(unit.connection().await?, &shown).await?;
    let (mut granted, mut present, mut already_granted) = (Vec::new(), Vec::new(), Vec::new());
    for some in wanted.chunks(AT_A_TIME) {
        let some: Vec<&Grant> = some.iter().map(|(_, (grant, _))| grant).collect();
        // What has ended is in nobody's way, whether or not the sweeper has been there.
        let accounts: Vec<AccountId> = some.iter().map(|grant| grant.account_id).collect();
        grant_expiry::end_past_on(&mut unit, resources, app.id, &accounts, at).await?;
        let connection = unit.connection().await?;
        let inserted =
            grants::insert_missing(connection, approved, &some, &shown.sha256, notice_due_at)
                .await?;
        let inserted: BTreeSet<GrantId> = inserted.into_iter().collect();
        let (new, earlier): (Vec<&Grant>, Vec<&Grant>) =
            some.into_iter().partition(|grant| inserted.contains(&grant.id));
        let earlier: Vec<AccountId> = earlier.into_iter().map(|grant| grant.account_id).collect();
        let live = grants::live_on(&mut *connection, app.id, &earlier, as_of).await?;
        if live.len() != earlier.len() {
            return Err(RedemptionError::ConsentsChanged);
        }
        granted.extend(new);
        present.extend(earlier);
        already_granted.extend(live);
    }

    let (link, fact) = link.redeem(by, &granted, &present, at)?;
    let accounts: Vec<AccountId> = granted.iter().map(|grant| grant.account_id).collect();
    links::save_redeemed(unit.connection().await?, &link, &accounts, &present).await?;
    unit.record(link_id.uuid(), link.version, &fact)?;
    let granted: Vec<_> = granted.into_iter().map(|grant| (grant.id, grant.account_id)).collect();
    let new: BTreeSet<GrantId> = granted.iter().map(|(grant, _)| *grant).collect();
    let of_new = wanted.iter().filter(|(_, (grant, _))| new.contains(&grant.id));
    for (number, (account, (grant, fact))) in of_new.enumerate() {
        // Under the permit of the role on this account, in the same unit.
        let provenance = account.permit.provenance();
        let details = text.details(&account.name);
        let (stream, version) = (grant.id.uuid(), grant.version);
        let event = resources.events.prepare_with(provenance, stream, version, fact, &details);
        unit.add(event.map_err(AppendError::from)?);
        if number % AT_A_TIME == AT_A_TIME - 1 {
            unit.write_recorded().await?;
        }
    }
    unit.commit().await?;
    Ok(Redeemed { at, expires_at: approved.expires_at(), granted, already_granted })
}

/// Uses the link to deny: when.
pub(crate) async fn deny(
    resources: &Resources,
    permit: &Permit,
    link_id: LinkId,
    by: PersonId,
) -> Result<DateTime<Utc>, RedemptionError> {
    let mut unit = permit.begin();
    let (link, at) = lock(&mut unit, resources, link_id).await?;
    let (link, fact) = link.deny(by, at)?;
    links::save(unit.connection().await?, &link).await?;
    unit.record(link_id.uuid(), link.version, &fact)?;
    unit.commit().await?;
    Ok(at)
}

/// Waits for the link, and looks at it and at the clock only then.
pub(crate) async fn lock(
    unit: &mut Unit<'_>,
    resources: &Resources,
    id: LinkId,
) -> Result<(Link, DateTime<Utc>), RedemptionError> {
    // Links are never deleted, so one that was found is found again.
    let link = links::lock(unit.connection().await?, id).await?.ok_or(sqlx::Error::RowNotFound)?;
    let now = resources.env.now();
    link.usable(now)?;
    // The app registry's answer may be older than its events.
    match apps::standing(unit.connection().await?, link.app_id).await? {
        Standing::Open => Ok((link, now)),
        Standing::Ended => Err(RedemptionError::AppEnded),
        Standing::Unknown => Err(RedemptionError::AppUnknown),
    }
}
