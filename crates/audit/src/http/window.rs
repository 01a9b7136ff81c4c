//! The events of very many organizations: read in windows, each as large whatever the caller is a member of.
//!
//! A page of a few organizations is merged from their indexes, which costs a look into one for each. Somebody
//! can be made a member of more than that. For them the newest events of all are looked at, so many a page,
//! and it is asked of which of their organizations the caller is a member. A page may be short or empty then,
//! and goes on where its window ended.

use std::collections::{BTreeSet, HashMap, HashSet};

use contract::OrganizationId;
use service::{Attempt, Problem};

use crate::Audit;
use crate::plan::Positions;
use crate::store::entries;

/// So many events are looked at: no more organizations than one question names.
pub(super) const WINDOW: u16 = 1_000;

/// Of the positions in a window those that the caller may see, as a page of at most `limit`.
pub(super) async fn seen(
    audit: &Audit,
    attempt: &Attempt,
    window: Positions,
    limit: u16,
) -> Result<Positions, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let of = entries::organizations_at(&mut conn, &window.found).await?;
    drop(conn);
    let organizations: BTreeSet<OrganizationId> = of.values().copied().collect();
    let organizations: Vec<OrganizationId> = organizations.into_iter().collect();
    let memberships = attempt.memberships_in(&organizations).await?;
    let mine = memberships.into_iter().map(|membership| membership.organization_id).collect();
    Ok(page(window, &of, &mine, limit.into()))
}

fn page(
    window: Positions,
    of: &HashMap<i64, OrganizationId>,
    mine: &HashSet<OrganizationId>,
    limit: usize,
) -> Positions {
    let Positions { mut found, next, .. } = window;
    found.retain(|position| of.get(position).is_some_and(|of| mine.contains(of)));
    if found.len() > limit {
        found.truncate(limit);
        let next = found.last().copied();
        return Positions { found, next, searched_to: None };
    }
    Positions { found, next, searched_to: next }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_page_has_what_is_seen_and_goes_on_where_it_or_its_window_ended() {
        let organization = |n| OrganizationId::from_uuid(Uuid::from_u128(n));
        let of = HashMap::from([(9, organization(1)), (8, organization(2)), (6, organization(1))]);
        let mine = HashSet::from([organization(1)]);
        let window = |next| Positions { found: vec![9, 8, 7, 6], next, searched_to: None };
        let full = |found: &[i64]| Positions {
            found: found.to_vec(),
            next: found.last().copied(),
            searched_to: None,
        };
        let short =
            |found: &[i64], end| Positions { found: found.to_vec(), next: end, searched_to: end };
        assert_eq!(page(window(Some(6)), &of, &mine, 2), short(&[9, 6], Some(6)));
        assert_eq!(page(window(None), &of, &mine, 2), short(&[9, 6], None));
        assert_eq!(page(window(None), &of, &mine, 1), full(&[9]));
        assert_eq!(page(window(Some(6)), &of, &HashSet::new(), 1), short(&[], Some(6)));
    }
}
