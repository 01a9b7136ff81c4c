//! Index selection: which indexes of the log answer a filter, and how much of each is read. Pure.
//!
//! Entries are of two kinds, with indexes of their own (`migrations/audit/0002_history.sql` says why):
//! *bulk*, the records that apps leave of themselves, and all others. A filter reads at most one index of each.
//! Of those of the others it is the one that serves most of the conditions and leaves fewest entries; what it
//! does not serve is residual, and filters what the index gives. An index of bulk serves all of a filter but
//! the time at which an event happened.

use contract::Actor;
use contract::facts::record_types;
use uuid::Uuid;

use crate::query::Filter;

/// What of an index is read, in the order of positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexScan {
    pub(crate) index: Index,
    /// Keys, where the index begins with an organization; else a residual condition, if it is there.
    pub(crate) organizations: Option<Vec<Uuid>>,
    /// The same of the app.
    pub(crate) app: Option<Uuid>,
    /// The same of the types.
    pub(crate) types: Option<Vec<String>>,
    /// At most so many entries are looked at, of each key.
    pub(crate) entries: i64,
}

/// An index of the log, by its columns before the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    /// The log itself.
    Positions,
    /// The first event of a stream, and those that follow it.
    StreamFirst,
    StreamRest,
    Type,
    Organization,
    OrganizationType,
    OrganizationApp,
    OrganizationAppType,
    OrganizationAccount,
    OrganizationAccountType,
    OrganizationActor,
    App,
    AppType,
    Account,
    AccountType,
    Actor,
    BulkType,
    BulkOrganization,
    /// An app's, whichever organization's it is.
    BulkApp,
    BulkAppOrganization,
}

/// A part of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Stream,
    Account,
    App,
    Actor,
    Organization,
    Types,
    Occurred,
}

/// How many entries are looked at when there are residual conditions.
pub(crate) const RESIDUAL_SCAN: i64 = 4_000;

/// The indexes of what is not bulk, the narrowest first.
const NARROWEST_FIRST: [Index; 14] = [
    Index::OrganizationAccountType,
    Index::AccountType,
    Index::OrganizationAccount,
    Index::Account,
    Index::OrganizationAppType,
    Index::AppType,
    Index::OrganizationApp,
    Index::App,
    Index::OrganizationActor,
    Index::Actor,
    Index::OrganizationType,
    Index::Type,
    Index::Organization,
    Index::Positions,
];

impl Index {
    /// The conditions that it serves.
    const fn serves(self) -> &'static [Condition] {
        use Condition::{Account, Actor, App, Organization, Stream, Types};
        match self {
            Self::Positions => &[],
            Self::StreamFirst | Self::StreamRest => &[Stream],
            Self::Type => &[Types],
            Self::Organization => &[Organization],
            Self::OrganizationType => &[Organization, Types],
            Self::OrganizationApp => &[Organization, App],
            Self::OrganizationAppType => &[Organization, App, Types],
            Self::OrganizationAccount => &[Organization, Account],
            Self::OrganizationAccountType => &[Organization, Account, Types],
            Self::OrganizationActor => &[Organization, Actor],
            Self::App => &[App],
            Self::AppType => &[App, Types],
            Self::Account => &[Account],
            Self::AccountType => &[Account, Types],
            Self::Actor => &[Actor],
            // The app is the actor.
            Self::BulkType | Self::BulkOrganization | Self::BulkApp | Self::BulkAppOrganization => {
                &[Organization, App, Actor, Types]
            }
        }
    }
}

impl IndexScan {
    /// All that answers this filter, within these organizations if there are any, for a page of so many.
    pub(crate) fn all(filter: &Filter, organizations: Option<&[Uuid]>, limit: i64) -> Vec<Self> {
        let given = conditions(filter, organizations);
        let mut scans = Vec::with_capacity(2);
        if filter.stream.is_some() {
            scans.push(Self::of_others(Index::StreamFirst, filter, organizations));
            scans.push(Self::of_others(Index::StreamRest, filter, organizations));
        } else {
            let index = narrowest(filter, &given);
            scans.push(Self::of_others(index, filter, organizations));
            if index != Index::Positions {
                scans.extend(Self::of_bulk(filter, organizations));
            }
        }
        for scan in &mut scans {
            scan.entries = limit + 1;
            if given.iter().any(|condition| !scan.index.serves().contains(condition)) {
                scan.entries = scan.entries.max(RESIDUAL_SCAN / scan.keys());
            }
        }
        scans
    }

    fn of_others(index: Index, filter: &Filter, organizations: Option<&[Uuid]>) -> Self {
        Self {
            index,
            organizations: organizations.map(<[Uuid]>::to_vec),
            app: filter.app.map(contract::AppId::uuid),
            types: filter.types.clone(),
            entries: 0,
        }
    }

    /// None where no such entry can meet the filter.
    fn of_bulk(filter: &Filter, organizations: Option<&[Uuid]>) -> Option<Self> {
        if filter.account.is_some() {
            return None;
        }
        let app = match (filter.app, filter.actor) {
            (app, None) => app,
            (None, Some(Actor::App(actor))) => Some(actor),
            (Some(app), Some(Actor::App(actor))) if app == actor => Some(app),
            (_, Some(_)) => return None,
        };
        let asked = |name: &&String| filter.types.as_ref().is_none_or(|types| types.contains(name));
        let types: Vec<String> = record_types().iter().filter(asked).cloned().collect();
        if types.is_empty() {
            return None;
        }
        let index = match (app, organizations) {
            (Some(_), Some(_)) => Index::BulkAppOrganization,
            (Some(_), None) => Index::BulkApp,
            (None, Some(_)) => Index::BulkOrganization,
            (None, None) => Index::BulkType,
        };
        Some(Self {
            index,
            organizations: organizations.map(<[Uuid]>::to_vec),
            app: app.map(contract::AppId::uuid),
            types: Some(types),
            entries: 0,
        })
    }

    /// How many keys are looked up.
    fn keys(&self) -> i64 {
        let serves = self.index.serves();
        let of = |condition, keys: Option<usize>| {
            keys.filter(|_| serves.contains(&condition)).unwrap_or(1)
        };
        let organizations = of(Condition::Organization, self.organizations.as_ref().map(Vec::len));
        let types = of(Condition::Types, self.types.as_ref().map(Vec::len));
        i64::try_from((organizations * types).max(1)).unwrap_or(i64::MAX)
    }
}

/// The conditions that there are.
fn conditions(filter: &Filter, organizations: Option<&[Uuid]>) -> Vec<Condition> {
    let Filter { types, app, account, actor, stream, occurred_from, occurred_to, .. } = filter;
    [
        (stream.is_some(), Condition::Stream),
        (account.is_some(), Condition::Account),
        (app.is_some(), Condition::App),
        (actor.is_some(), Condition::Actor),
        (organizations.is_some(), Condition::Organization),
        (types.is_some(), Condition::Types),
        (occurred_from.is_some() || occurred_to.is_some(), Condition::Occurred),
    ]
    .into_iter()
    .filter_map(|(given, condition)| given.then_some(condition))
    .collect()
}

/// The narrowest index of what is not bulk all of whose conditions are given.
fn narrowest(filter: &Filter, given: &[Condition]) -> Index {
    // A person or an app does little; a service of ours, or nobody, does much.
    let of_many = matches!(filter.actor, Some(Actor::System(_) | Actor::Anonymous));
    let wide = |index: &Index| of_many && index.serves().contains(&Condition::Actor);
    let types = given.contains(&Condition::Types);
    NARROWEST_FIRST
        .into_iter()
        .filter(|index| !(types && wide(index)))
        .find(|index| index.serves().iter().all(|condition| given.contains(condition)))
        .unwrap_or(Index::Positions)
}

#[cfg(test)]
mod tests {
    use contract::{AccountId, AppId, PersonId, Service};

    use super::*;

    const ID: Uuid = Uuid::from_u128(1);
    const ISSUED: &str = "mandate.token.issued.v1";

    fn of_types(types: &[&str]) -> Filter {
        let types = types.iter().map(|name| (*name).to_owned()).collect();
        Filter { types: Some(types), ..Filter::default() }
    }

    fn indexes(filter: &Filter, organizations: Option<&[Uuid]>) -> Vec<Index> {
        IndexScan::all(filter, organizations, 50).iter().map(|scan| scan.index).collect()
    }

    #[test]
    fn the_narrowest_index_whose_conditions_are_given_is_read() {
        let app = Some(AppId::from_uuid(ID));
        let account = Some(AccountId::from_uuid(ID));
        let person = Some(Actor::Person(PersonId::from_uuid(ID)));
        let service = Some(Actor::System(Service::AppRegistry));
        let fact = || of_types(&["mandate.app.created.v1"]);
        let any = Filter::default;
        for (filter, anywhere, in_organizations) in [
            (fact(), Index::Type, Index::OrganizationType),
            (Filter { app, ..fact() }, Index::AppType, Index::OrganizationAppType),
            (Filter { account, ..fact() }, Index::AccountType, Index::OrganizationAccountType),
            (Filter { account, ..any() }, Index::Account, Index::OrganizationAccount),
            (Filter { app, account, ..any() }, Index::Account, Index::OrganizationAccount),
            (Filter { actor: person, ..any() }, Index::Actor, Index::OrganizationActor),
            (Filter { actor: person, ..fact() }, Index::Actor, Index::OrganizationActor),
            (Filter { actor: service, ..any() }, Index::Actor, Index::OrganizationActor),
            (Filter { actor: service, ..fact() }, Index::Type, Index::OrganizationType),
        ] {
            assert_eq!(indexes(&filter, None)[0], anywhere, "{filter:?}");
            assert_eq!(indexes(&filter, Some(&[ID]))[0], in_organizations, "{filter:?}");
        }
        assert_eq!(indexes(&any(), None), [Index::Positions]);
        let stream = Filter { stream: Some(ID), app, ..fact() };
        assert_eq!(indexes(&stream, Some(&[ID])), [Index::StreamFirst, Index::StreamRest]);
    }

    #[test]
    fn bulk_is_read_only_where_it_can_have_what_is_asked_for() {
        let app = Some(AppId::from_uuid(ID));
        let itself = Some(Actor::App(AppId::from_uuid(ID)));
        let other = Some(Actor::App(AppId::from_uuid(Uuid::from_u128(2))));
        let account = Some(AccountId::from_uuid(ID));
        let any = Filter::default;
        let bulk = |filter: &Filter, organizations: Option<&[Uuid]>| {
            indexes(filter, organizations).get(1).copied()
        };
        for (filter, anywhere, in_organizations) in [
            (of_types(&[ISSUED]), Some(Index::BulkType), Some(Index::BulkOrganization)),
            (of_types(&["mandate.app.created.v1"]), None, None),
            (Filter { app, ..any() }, Some(Index::BulkApp), Some(Index::BulkAppOrganization)),
            (
                Filter { actor: itself, ..any() },
                Some(Index::BulkApp),
                Some(Index::BulkAppOrganization),
            ),
            (
                Filter { app, actor: itself, ..any() },
                Some(Index::BulkApp),
                Some(Index::BulkAppOrganization),
            ),
            (Filter { app, actor: other, ..any() }, None, None),
            (Filter { actor: Some(Actor::Anonymous), ..any() }, None, None),
            (Filter { account, ..any() }, None, None),
        ] {
            assert_eq!(bulk(&filter, None), anywhere, "{filter:?}");
            assert_eq!(bulk(&filter, Some(&[ID])), in_organizations, "{filter:?}");
        }
    }

    #[test]
    fn more_is_looked_at_than_shown_only_where_conditions_are_residual() {
        let app = Some(AppId::from_uuid(ID));
        let looked_at = |filter: &Filter, organizations: Option<&[Uuid]>| -> Vec<i64> {
            IndexScan::all(filter, organizations, 50).iter().map(|scan| scan.entries).collect()
        };
        let two = [ID, Uuid::from_u128(2)];
        let types = of_types(&[ISSUED, "mandate.app.created.v1"]);
        assert_eq!(looked_at(&Filter::default(), None), [51]);
        assert_eq!(looked_at(&types, Some(&two)), [51, 51]);
        let person = Some(Actor::Person(PersonId::from_uuid(ID)));
        let residual = Filter { actor: person, app, ..Filter::default() };
        assert_eq!(looked_at(&residual, None), [RESIDUAL_SCAN]);
        let occurred_from = Some(chrono::DateTime::UNIX_EPOCH);
        let timed = Filter { occurred_from, ..types };
        let of_each = [RESIDUAL_SCAN / 4, RESIDUAL_SCAN / 2];
        assert_eq!(looked_at(&timed, Some(&two)), of_each, "each of the keys that far");
    }
}
