//! Query plan of a page: which index is read, from where, and how far. Pure.
//!
//! A page costs the same however long the log is. One condition, the narrowest that an index
//! serves, *drives*: entries are read through its index in the order of positions, and at most
//! `scan` of them are looked at; the other conditions are residual: they only filter what the index
//! gives. When the scan ends before the page is full, the page is shorter than asked for, and its
//! cursor goes on from there.

use uuid::Uuid;

use crate::policy::Scope;
use crate::query::{Filter, Order};

/// How a page is read: what it looks for and where.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) organizations: Option<Vec<Uuid>>,
    pub(crate) filter: Filter,
    pub(crate) actor: Option<String>,
    pub(crate) order: Order,
    /// Positions after this one.
    pub(crate) above: i64,
    /// Positions before this one.
    pub(crate) below: i64,
    /// At most so many are found.
    pub(crate) limit: i64,
    /// At most so many are looked at.
    pub(crate) scan: i64,
}

/// The condition whose index is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    Stream,
    Account,
    App,
    Actor,
    OrganizationsAndTypes,
    Organizations,
    Types,
    Positions,
}

/// The positions of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Positions {
    /// In the order asked for.
    pub(crate) found: Vec<i64>,
    /// Where the next page goes on, if there may be one.
    pub(crate) next: Option<i64>,
}

/// How many entries a page looks at when there are residual conditions.
const RESIDUAL_SCAN: i64 = 4_000;

impl Plan {
    /// Everything in scope that meets the filter, in a log of this size.
    pub(crate) fn new(filter: Filter, scope: &Scope, order: Order, limit: u16, size: i64) -> Self {
        let named = filter.organization.map(|of| vec![of.uuid()]);
        let organizations = match scope {
            Scope::Everything | Scope::Account | Scope::Memberships => named,
            Scope::Organizations(seen) => Some(seen.iter().map(|of| of.uuid()).collect()),
        };
        let actor = filter.actor.map(|actor| actor.to_string());
        let limit = i64::from(limit);
        let mut plan = Self {
            organizations,
            filter,
            actor,
            order,
            above: 0,
            below: size + 1,
            limit,
            scan: limit + 1,
        };
        if plan.has_residual_conditions() {
            // Each of the keys is scanned that far.
            plan.scan = plan.scan.max(RESIDUAL_SCAN / plan.keys());
        }
        plan
    }

    /// Goes on after a page that ended at this position.
    pub(crate) fn go_on_after(&mut self, position: i64) {
        match self.order {
            Order::Ascending => self.above = self.above.max(position),
            Order::Descending => self.below = self.below.min(position),
        }
    }

    pub(crate) fn driver(&self) -> Driver {
        match &self.filter {
            Filter { stream: Some(_), .. } => Driver::Stream,
            Filter { account: Some(_), .. } => Driver::Account,
            Filter { app: Some(_), .. } => Driver::App,
            // A service of ours or nobody does much; a person or an app does little.
            Filter {
                actor: Some(contract::Actor::Person(_) | contract::Actor::App(_)), ..
            } => Driver::Actor,
            Filter { types: Some(_), .. } if self.organizations.is_some() => {
                Driver::OrganizationsAndTypes
            }
            _ if self.organizations.is_some() => Driver::Organizations,
            Filter { types: Some(_), .. } => Driver::Types,
            Filter { actor: Some(_), .. } => Driver::Actor,
            _ => Driver::Positions,
        }
    }

    /// How many keys the driver looks up.
    fn keys(&self) -> i64 {
        let of = self.organizations.as_ref().map_or(1, Vec::len);
        let types = self.filter.types.as_ref().map_or(1, Vec::len);
        let keys = match self.driver() {
            Driver::OrganizationsAndTypes => of * types,
            Driver::Organizations => of,
            Driver::Types => types,
            Driver::Stream | Driver::Account | Driver::App | Driver::Actor | Driver::Positions => 1,
        };
        i64::try_from(keys.max(1)).unwrap_or(i64::MAX)
    }

    /// Whether there are conditions that the driver's index does not serve.
    fn has_residual_conditions(&self) -> bool {
        let Filter { types, app, account, stream, from, to, .. } = &self.filter;
        let conditions = [
            stream.is_some(),
            account.is_some(),
            app.is_some(),
            self.actor.is_some(),
            self.organizations.is_some(),
            types.is_some(),
            from.is_some() || to.is_some(),
        ];
        let served = match self.driver() {
            Driver::Positions => 0,
            Driver::OrganizationsAndTypes => 2,
            _ => 1,
        };
        conditions.into_iter().filter(|given| *given).count() > served
    }

    /// Narrows it to these positions, both included.
    pub(crate) fn narrow_to(&mut self, first: i64, last: i64) {
        self.above = self.above.max(first - 1);
        self.below = self.below.min(last + 1);
    }

    /// The page, of what the scan answered: what matched in the order asked for, one more than the page holds
    /// if there is one, and where the scan ended if it found no end.
    pub(crate) fn page(&self, rows: &[Scanned]) -> Positions {
        let mut found: Vec<i64> =
            rows.iter().filter(|row| row.matched).map(|row| row.position).collect();
        let scanned_to = rows.iter().find(|row| !row.matched).map(|row| row.position);
        let full = i64::try_from(found.len()).is_ok_and(|len| len > self.limit);
        let next = if full {
            found.pop();
            found.last().copied()
        } else {
            scanned_to
        };
        Positions { found, next }
    }
}

/// What a scan answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) position: i64,
    /// Whether the entry there meets all conditions; if not, the scan ended there.
    pub(crate) matched: bool,
}

#[cfg(test)]
mod tests {
    use contract::{AccountId, Actor, AppId, OrganizationId, PersonId, Service};

    use super::*;

    const SIZE: i64 = 1_000;

    fn plan(filter: Filter, scope: &Scope, order: Order) -> Plan {
        Plan::new(filter, scope, order, 50, SIZE)
    }

    fn everything(filter: Filter) -> Plan {
        plan(filter, &Scope::Everything, Order::Ascending)
    }

    fn organizations(count: u128) -> Scope {
        Scope::Organizations(
            (0..count).map(|n| OrganizationId::from_uuid(Uuid::from_u128(n))).collect(),
        )
    }

    fn of_types(count: usize) -> Filter {
        let types = (0..count).map(|n| format!("mandate.t{n}")).collect();
        Filter { types: Some(types), ..Filter::default() }
    }

    #[test]
    fn the_narrowest_condition_that_an_index_serves_drives() {
        let id = Uuid::from_u128(1);
        let account = Some(AccountId::from_uuid(id));
        let app = Some(AppId::from_uuid(id));
        let person = Some(Actor::Person(PersonId::from_uuid(id)));
        let service = Some(Actor::System(Service::AppRegistry));
        let all = || Filter { app, account, actor: person, ..of_types(1) };
        for (filter, driver) in [
            (Filter { stream: Some(id), ..all() }, Driver::Stream),
            (all(), Driver::Account),
            (Filter { account: None, ..all() }, Driver::App),
            (Filter { account: None, app: None, ..all() }, Driver::Actor),
            (Filter { actor: service, ..of_types(1) }, Driver::Types),
            (Filter { actor: service, ..Filter::default() }, Driver::Actor),
            (Filter::default(), Driver::Positions),
        ] {
            assert_eq!(everything(filter.clone()).driver(), driver, "{filter:?}");
        }
        let of = organizations(2);
        for (filter, driver) in [
            (of_types(1), Driver::OrganizationsAndTypes),
            (Filter::default(), Driver::Organizations),
        ] {
            assert_eq!(plan(filter, &of, Order::Ascending).driver(), driver);
        }
    }

    #[test]
    fn only_residual_conditions_make_a_page_look_at_more_than_it_shows() {
        let app = Some(AppId::from_uuid(Uuid::from_u128(1)));
        let scan = |filter: Filter, scope: &Scope| plan(filter, scope, Order::Ascending).scan;
        let by_type = of_types(4);
        assert_eq!(scan(Filter::default(), &Scope::Everything), 51);
        assert_eq!(scan(Filter { app, ..Filter::default() }, &Scope::Everything), 51);
        assert_eq!(scan(by_type.clone(), &organizations(2)), 51);
        assert_eq!(scan(Filter { app, ..by_type.clone() }, &Scope::Everything), RESIDUAL_SCAN);
        let from = Some(chrono::DateTime::UNIX_EPOCH);
        let timed = Filter { from, ..by_type };
        assert_eq!(scan(timed, &organizations(2)), RESIDUAL_SCAN / 8, "each of the keys that far");
    }

    #[test]
    fn a_page_goes_on_where_the_one_before_ended() {
        let mut upwards = plan(Filter::default(), &Scope::Everything, Order::Ascending);
        upwards.go_on_after(7);
        assert_eq!((upwards.above, upwards.below), (7, SIZE + 1));
        let mut downwards = plan(Filter::default(), &Scope::Everything, Order::Descending);
        downwards.go_on_after(7);
        assert_eq!((downwards.above, downwards.below), (0, 7));
        downwards.narrow_to(3, 9);
        assert_eq!((downwards.above, downwards.below), (2, 7));
    }

    #[test]
    fn there_is_a_next_page_if_more_matched_or_the_scan_found_no_end() {
        let plan = Plan::new(Filter::default(), &Scope::Everything, Order::Ascending, 2, SIZE);
        let matched = |position| Scanned { position, matched: true };
        let ended = |position| Scanned { position, matched: false };
        let page = |found: &[i64], next| Positions { found: found.to_vec(), next };
        assert_eq!(plan.page(&[]), page(&[], None));
        assert_eq!(plan.page(&[matched(1), matched(4)]), page(&[1, 4], None));
        assert_eq!(plan.page(&[matched(1), matched(4), matched(5)]), page(&[1, 4], Some(4)));
        assert_eq!(plan.page(&[matched(1), ended(9)]), page(&[1], Some(9)));
        assert_eq!(plan.page(&[ended(9)]), page(&[], Some(9)));
    }
}
