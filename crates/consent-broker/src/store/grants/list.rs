//! Lists of grants.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::ids::{AccountId, AppId, GrantId, OrganizationId};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Row, all};
use crate::as_of::AsOf;
use crate::grant::{Grant, GrantStateName};

/// Whose grants a caller sees: those on accounts they hold a role on, those of their organizations'
/// apps, or all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    /// All of them: an operator.
    pub(crate) everything: bool,
    /// The accounts.
    pub(crate) accounts: Vec<AccountId>,
    /// The organizations.
    pub(crate) organizations: Vec<OrganizationId>,
}

/// Which grants are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filter {
    /// Of this app.
    pub(crate) app_id: Option<AppId>,
    /// On this account.
    pub(crate) account_id: Option<AccountId>,
    /// Of the apps of this organization.
    pub(crate) organization_id: Option<OrganizationId>,
    /// In this state.
    pub(crate) state: Option<GrantStateName>,
}

/// The grants in sight, newest first, after `before`.
///
/// They are read along the indexes of those apps, accounts and organizations that can have any, those of each state by
/// themselves, and no further than the page reaches: a page costs the same however many grants others
/// have, and however many are in another state.
pub(crate) async fn list(
    pool: &PgPool,
    sight: &Sight,
    filter: Filter,
    before: Option<GrantId>,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Grant>, sqlx::Error> {
    let before = before.map_or(Uuid::max(), GrantId::uuid);
    let mut rows = match Ways::to(sight, filter) {
        None => newest(pool, filter.state, before, limit, as_of).await?,
        Some(ways) => along(pool, ways, sight, filter, before, limit, as_of).await?,
    };
    if filter.state == Some(GrantStateName::Expired) {
        rows.extend(past(pool, sight, filter, before, limit, as_of).await?);
    }
    rows.sort_by_key(|row| Reverse(row.id));
    rows.dedup_by_key(|row| row.id);
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    all(rows, as_of)
}

/// The moment at which what is asked for must be live, whatever is recorded of it.
fn live_at(state: Option<GrantStateName>, as_of: AsOf<'_>) -> Option<DateTime<Utc>> {
    (state == Some(GrantStateName::Live)).then_some(as_of.now)
}

/// All grants.
async fn newest(
    pool: &PgPool,
    state: Option<GrantStateName>,
    before: Uuid,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Row>, sqlx::Error> {
    let Some(state) = state else {
        return select_grants!("WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit)
            .fetch_all(pool)
            .await;
    };
    select_grants!(
        "WHERE consent_broker.grant_state(end_reason) = $1 AND id < $2
           AND ($4::timestamptz IS NULL
                OR consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $5) > $4)
         ORDER BY id DESC LIMIT $3",
        state.as_str(),
        before,
        limit,
        live_at(Some(state), as_of),
        Json(as_of.lifetimes()) as _,
    )
    .fetch_all(pool)
    .await
}

/// Those that time has ended, and whose end is not recorded yet: the sweeper leaves few of them. But for those of
/// before whose expiry is not recorded either.
async fn past(
    pool: &PgPool,
    sight: &Sight,
    filter: Filter,
    before: Uuid,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Row>, sqlx::Error> {
    let accounts: Vec<Uuid> = sight.accounts.iter().map(|id| id.uuid()).collect();
    let organizations: Vec<Uuid> = sight.organizations.iter().map(|id| id.uuid()).collect();
    select_grants!(
        "WHERE id = ANY(ARRAY(
             SELECT past.id FROM (
                 SELECT id, app_id, account_id, organization_id FROM consent_broker.grants
                 WHERE ended_at IS NULL AND expires_at <= $1 OFFSET 0) AS past
             WHERE past.id < $2
               AND ($3 OR past.account_id = ANY($4) OR past.organization_id = ANY($5))
               AND ($6::uuid IS NULL OR past.app_id = $6)
               AND ($7::uuid IS NULL OR past.account_id = $7)
               AND ($8::uuid IS NULL OR past.organization_id = $8)
             ORDER BY past.id DESC LIMIT $9))",
        as_of.now,
        before,
        sight.everything,
        &accounts,
        &organizations,
        filter.app_id.map(AppId::uuid),
        filter.account_id.map(AccountId::uuid),
        filter.organization_id.map(OrganizationId::uuid),
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Those on these ways.
async fn along(
    pool: &PgPool,
    mut ways: Ways,
    sight: &Sight,
    filter: Filter,
    before: Uuid,
    limit: i64,
    as_of: AsOf<'_>,
) -> Result<Vec<Row>, sqlx::Error> {
    let states: Vec<String> = match filter.state {
        Some(state) => vec![state.as_str().to_owned()],
        None => GrantStateName::ALL.map(|state| state.as_str().to_owned()).to_vec(),
    };
    let accounts: Vec<Uuid> = sight.accounts.iter().map(|id| id.uuid()).collect();
    let organizations: Vec<Uuid> = sight.organizations.iter().map(|id| id.uuid()).collect();
    if !sight.everything && !ways.apps.is_empty() {
        // An app of others may have any number of grants that are not in sight.
        ways.apps = apps_of(pool, &ways.apps, &organizations).await?;
    }
    macro_rules! along {
        ($column:literal, $ids:expr, in_sight: $in_sight:expr, $by_state:literal, $state:literal $(, $argument:expr)*) => {
            sqlx::query_as!(
                Row,
                r#"SELECT g.id AS "id!", g.app_id AS "app_id!", g.organization_id AS "organization_id!",
                          g.account_id AS "account_id!", g.link_id AS "link_id!", g.service AS "service!",
                          g.domains AS "domains!: Json<Vec<DomainLevel>>", g.granted_by AS "granted_by!",
                          g.role AS "role!", g.granted_at AS "granted_at!", g.expires_at, g.lifetime_days,
                          g.awaits_expiry_since, g.renewed_at, g.renewed_by, g.renewed_role, g.ended_at, g.ended_by,
                          g.end_reason, g.version AS "version!"
                   FROM unnest($1::uuid[]) AS way (id) "# + $by_state + r#" CROSS JOIN LATERAL (
                       SELECT * FROM consent_broker.grants
                       WHERE "# + $column + r#" = way.id "# + $state + r#" AND id < $2
                         AND ($3 OR account_id = ANY($4) OR organization_id = ANY($5))
                         AND ($6::uuid IS NULL OR app_id = $6)
                         AND ($7::uuid IS NULL OR organization_id = $7)
                       ORDER BY id DESC LIMIT $8
                   ) AS g
                   ORDER BY g.id DESC LIMIT $8"#,
                $ids,
                before,
                $in_sight,
                &accounts,
                &organizations,
                filter.app_id.map(AppId::uuid),
                filter.organization_id.map(OrganizationId::uuid),
                limit,
                $($argument,)*
            )
            .fetch_all(pool)
        };
        ($column:literal, $ids:expr, in_sight: $in_sight:expr, by_state) => {
            along!(
                $column,
                $ids,
                in_sight: $in_sight,
                "CROSS JOIN unnest($9::text[]) AS state (name)",
                "AND consent_broker.grant_state(end_reason) = state.name
                 AND ($10::timestamptz IS NULL
                      OR consent_broker.grant_expiry(expires_at, awaits_expiry_since, service, $11) > $10)",
                &states,
                live_at(filter.state, as_of),
                Json(as_of.lifetimes()) as _
            )
        };
    }
    let mut rows = Vec::new();
    if !ways.apps.is_empty() {
        rows.extend(along!("app_id", &ways.apps, in_sight: true, by_state).await?);
    }
    if !ways.accounts.is_empty() {
        // An account that was asked for is perhaps not the caller's; all others on the way are. They can be very
        // many, and are not looked for in a list of them once more.
        let own = sight.everything || filter.account_id.is_none();
        rows.extend(match filter.state {
            // Nor is each of them looked at once a state where once will do.
            None => along!("account_id", &ways.accounts, in_sight: own, "", "").await?,
            Some(_) => along!("account_id", &ways.accounts, in_sight: own, by_state).await?,
        });
    }
    if !ways.organizations.is_empty() {
        let along = along!("organization_id", &ways.organizations, in_sight: true, by_state);
        rows.extend(along.await?);
    }
    Ok(rows)
}

/// Those of these apps that are of one of these organizations, as far as they ever had links.
async fn apps_of(
    pool: &PgPool,
    apps: &[Uuid],
    organizations: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM consent_broker.apps WHERE id = ANY($1) AND organization_id = ANY($2)",
        apps,
        organizations,
    )
    .fetch_all(pool)
    .await
}

/// What leads to all grants that are asked for and may be seen, and to as few others as possible.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ways {
    apps: Vec<Uuid>,
    accounts: Vec<Uuid>,
    organizations: Vec<Uuid>,
}

impl Ways {
    /// Nothing if all grants are asked for.
    fn to(sight: &Sight, filter: Filter) -> Option<Self> {
        let mut ways = Self::default();
        if let Some(account) = filter.account_id {
            ways.accounts = vec![account.uuid()];
            return Some(ways);
        }
        if !sight.everything {
            ways.accounts = sight.accounts.iter().map(|id| id.uuid()).collect();
        }
        let sees = |organization| sight.everything || sight.organizations.contains(&organization);
        match (filter.app_id, filter.organization_id) {
            (Some(app), _) if sight.everything || !sight.organizations.is_empty() => {
                ways.apps = vec![app.uuid()];
            }
            (None, Some(organization)) if sees(organization) => {
                ways.organizations = vec![organization.uuid()];
            }
            (None, None) if sight.everything => return None,
            (None, None) => {
                ways.organizations = sight.organizations.iter().map(|id| id.uuid()).collect();
            }
            // Only their own accounts can have what they see.
            (Some(_), _) | (None, Some(_)) => {}
        }
        Some(ways)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> Uuid {
        Uuid::from_u128(number.into())
    }

    /// All ways of choosing from these: none of them, one, or both.
    fn choices() -> [Vec<Uuid>; 4] {
        [vec![], vec![id(1)], vec![id(2)], vec![id(1), id(2)]]
    }

    fn sights() -> Vec<Sight> {
        let mut sights = Vec::new();
        for accounts in choices() {
            for organizations in choices() {
                for everything in [false, true] {
                    sights.push(Sight {
                        everything,
                        accounts: accounts.iter().copied().map(AccountId::from_uuid).collect(),
                        organizations: organizations
                            .iter()
                            .copied()
                            .map(OrganizationId::from_uuid)
                            .collect(),
                    });
                }
            }
        }
        sights
    }

    fn filters() -> Vec<Filter> {
        let wanted = [None, Some(id(1)), Some(id(2))];
        let mut filters = Vec::new();
        for app in wanted {
            for account in wanted {
                for organization in wanted {
                    filters.push(Filter {
                        app_id: app.map(AppId::from_uuid),
                        account_id: account.map(AccountId::from_uuid),
                        organization_id: organization.map(OrganizationId::from_uuid),
                        state: None,
                    });
                }
            }
        }
        filters
    }

    #[test]
    fn every_grant_that_is_asked_for_and_may_be_seen_is_on_a_way() {
        for sight in sights() {
            for filter in filters() {
                let ways = Ways::to(&sight, filter);
                for place in 0..8 {
                    let [app, account, organization] =
                        [1, 2, 4].map(|bit| id(1 + u8::from(place & bit > 0)));
                    let seen = sight.everything
                        || sight.accounts.contains(&AccountId::from_uuid(account))
                        || sight.organizations.contains(&OrganizationId::from_uuid(organization));
                    let asked = filter.app_id.is_none_or(|id| id.uuid() == app)
                        && filter.account_id.is_none_or(|id| id.uuid() == account)
                        && filter.organization_id.is_none_or(|id| id.uuid() == organization);
                    let found = ways.as_ref().is_none_or(|ways| {
                        ways.apps.contains(&app)
                            || ways.accounts.contains(&account)
                            || ways.organizations.contains(&organization)
                    });
                    assert!(found || !(seen && asked), "{sight:?} {filter:?} {ways:?}");
                }
            }
        }
    }

    #[test]
    fn all_grants_are_read_only_for_whoever_asks_for_all_and_sees_all() {
        for sight in sights() {
            for filter in filters() {
                let narrow = filter.app_id.is_some()
                    || filter.account_id.is_some()
                    || filter.organization_id.is_some();
                let all = Ways::to(&sight, filter).is_none();
                assert_eq!(all, sight.everything && !narrow, "{sight:?} {filter:?}");
            }
        }
    }
}
