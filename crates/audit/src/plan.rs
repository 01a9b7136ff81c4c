//! Query plan of a page: which indexes are read, from where, and how far. Pure.
//!
//! A page costs the same however long the log is: of each index ([`index_scan`](crate::index_scan)) a bounded
//! number of entries is looked at, in the order of positions. When one of them ends before the page is
//! full, the page is shorter than asked for, and its cursor goes on from there.

use uuid::Uuid;

use crate::index_scan::IndexScan;
use crate::policy::Scope;
use crate::query::{Filter, Order};

/// How a page is read: what it looks for and where.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) filter: Filter,
    pub(crate) actor: Option<String>,
    pub(crate) order: Order,
    /// Positions after this one.
    pub(crate) above: i64,
    /// Positions before this one.
    pub(crate) below: i64,
    /// At most so many are found.
    pub(crate) limit: i64,
    /// What is read; no entry is in two of them.
    pub(crate) scans: Vec<IndexScan>,
}

/// The positions of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Positions {
    /// In the order asked for.
    pub(crate) found: Vec<i64>,
    /// Where the next page goes on, if there may be one.
    pub(crate) next: Option<i64>,
    /// Up to where was looked, if that ended before the page was full and before the end.
    pub(crate) searched_to: Option<i64>,
}

impl Positions {
    /// The highest position that is dealt with: nothing will be added up to there, and of what is there this page
    /// and those before it have all. `newest` is the highest of those that were read for it.
    pub(crate) fn last(&self, order: Order, newest: i64) -> i64 {
        match order {
            Order::Ascending => self.next.unwrap_or(newest),
            Order::Descending => newest,
        }
    }
}

impl Plan {
    /// Everything in scope that meets the filter, in a log of this size.
    pub(crate) fn new(filter: Filter, scope: &Scope, order: Order, limit: u16, size: i64) -> Self {
        let organizations: Option<Vec<Uuid>> = match scope {
            Scope::Everything | Scope::Account | Scope::Memberships => {
                filter.organization.map(|of| vec![of.uuid()])
            }
            Scope::Organizations(seen) => Some(seen.iter().map(|of| of.uuid()).collect()),
        };
        let limit = i64::from(limit);
        let scans = IndexScan::all(&filter, organizations.as_deref(), limit);
        let actor = filter.actor.map(|actor| actor.to_string());
        Self { filter, actor, order, above: 0, below: size + 1, limit, scans }
    }

    /// Goes on after a page that ended at this position.
    pub(crate) fn go_on_after(&mut self, position: i64) {
        match self.order {
            Order::Ascending => self.above = self.above.max(position),
            Order::Descending => self.below = self.below.min(position),
        }
    }

    /// Narrows it to positions after the one and before the other.
    pub(crate) fn narrow_to(&mut self, above: i64, below: i64) {
        self.above = self.above.max(above);
        self.below = self.below.min(below);
    }

    /// The page, of what each of the scans answered: what matched, one more than the page holds if there is
    /// one, and where the scan ended if it found no end.
    pub(crate) fn page(&self, scans: &[Vec<Scanned>]) -> Positions {
        // Increasing in the order asked for.
        let place = |position: i64| match self.order {
            Order::Ascending => position,
            Order::Descending => -position,
        };
        let rows = scans.iter().flatten();
        let ends = rows.clone().filter(|row| !row.matched).map(|row| row.position);
        // Beyond the nearest end there may be entries that nobody has looked at.
        let end = ends.min_by_key(|position| place(*position));
        let seen = |position: i64| end.is_none_or(|end| place(position) <= place(end));
        let matched = rows.filter(|row| row.matched && seen(row.position));
        let mut found: Vec<i64> = matched.map(|row| row.position).collect();
        found.sort_unstable_by_key(|position| place(*position));
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if found.len() > limit {
            found.truncate(limit);
            let next = found.last().copied();
            return Positions { found, next, searched_to: None };
        }
        Positions { found, next: end, searched_to: end }
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
    use super::*;

    const SIZE: i64 = 1_000;

    fn plan(order: Order, limit: u16) -> Plan {
        Plan::new(Filter::default(), &Scope::Everything, order, limit, SIZE)
    }

    #[test]
    fn a_page_goes_on_where_the_one_before_ended() {
        let mut upwards = plan(Order::Ascending, 50);
        upwards.go_on_after(7);
        assert_eq!((upwards.above, upwards.below), (7, SIZE + 1));
        let mut downwards = plan(Order::Descending, 50);
        downwards.go_on_after(7);
        assert_eq!((downwards.above, downwards.below), (0, 7));
        downwards.narrow_to(2, 10);
        assert_eq!((downwards.above, downwards.below), (2, 7));
    }

    fn matched(positions: &[i64]) -> Vec<Scanned> {
        positions.iter().map(|&position| Scanned { position, matched: true }).collect()
    }

    fn ended(positions: &[i64], end: i64) -> Vec<Scanned> {
        let mut rows = matched(positions);
        rows.push(Scanned { position: end, matched: false });
        rows
    }

    #[test]
    fn there_is_a_next_page_if_more_matched_or_a_scan_found_no_end() {
        let plan = plan(Order::Ascending, 2);
        let page = |scan: Vec<Scanned>| plan.page(&[scan]);
        let full = |found: &[i64]| Positions {
            found: found.to_vec(),
            next: found.last().copied(),
            searched_to: None,
        };
        let short =
            |found: &[i64], end| Positions { found: found.to_vec(), next: end, searched_to: end };
        assert_eq!(page(vec![]), short(&[], None));
        assert_eq!(page(matched(&[1, 4])), short(&[1, 4], None));
        assert_eq!(page(matched(&[1, 4, 5])), full(&[1, 4]));
        assert_eq!(page(ended(&[1], 9)), short(&[1], Some(9)));
        assert_eq!(page(ended(&[], 9)), short(&[], Some(9)));
        assert_eq!(page(ended(&[1, 4, 5], 5)), full(&[1, 4]));
    }

    #[test]
    fn what_follows_a_page_comes_after_its_last_position() {
        let page = |next| Positions { found: vec![4, 7], next, searched_to: None };
        assert_eq!(page(Some(7)).last(Order::Ascending, 9), 7);
        assert_eq!(page(None).last(Order::Ascending, 9), 9);
        assert_eq!(Positions::default().last(Order::Ascending, 9), 9);
        // What is below the page is no news.
        assert_eq!(page(Some(4)).last(Order::Descending, 9), 9);
    }

    #[test]
    fn scans_are_merged_as_far_as_all_of_them_have_looked() {
        let up = plan(Order::Ascending, 3);
        let merged = up.page(&[matched(&[2, 5, 9]), matched(&[1, 6])]);
        assert_eq!(merged, Positions { found: vec![1, 2, 5], next: Some(5), searched_to: None });
        let short = up.page(&[matched(&[2, 5, 9]), ended(&[1], 4)]);
        assert_eq!(short, Positions { found: vec![1, 2], next: Some(4), searched_to: Some(4) });
        let down = plan(Order::Descending, 3);
        let short = down.page(&[matched(&[9, 5, 2]), ended(&[7], 4), ended(&[8], 6)]);
        assert_eq!(short, Positions { found: vec![9, 8, 7], next: Some(6), searched_to: Some(6) });
    }
}
