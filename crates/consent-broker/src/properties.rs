//! What holds for any choice of accounts, made in any order.

use std::collections::BTreeSet;

use contract::AccountId;
use contract::rpc::{AccountRole, HeldAccountRole};
use proptest::prelude::*;
use uuid::Uuid;

use crate::account_selection::{check_form, select};

const SERVICE: &str = "retail_media";

fn account() -> impl Strategy<Value = AccountId> {
    // Few, so that choices and roles meet.
    (0_u128..12).prop_map(|id| AccountId::from_uuid(Uuid::from_u128(id)))
}

fn role() -> impl Strategy<Value = AccountRole> {
    prop::sample::select(vec![
        AccountRole::Admin,
        AccountRole::BusinessManager,
        AccountRole::TechnicalManager,
        AccountRole::Analyst,
        AccountRole::Viewer,
    ])
}

fn held() -> impl Strategy<Value = HeldAccountRole> {
    let service = prop::sample::select(vec![SERVICE, "marketing_solutions"]);
    (account(), service, role()).prop_map(|(account_id, service, role)| HeldAccountRole {
        account_id,
        service: service.to_owned(),
        role,
    })
}

proptest! {
    /// An approval is accepted only if each chosen account is held, in this service, in a role that
    /// may consent; then it is exactly what was chosen, each account once.
    #[test]
    fn an_approval_never_goes_beyond_the_roles(
        chosen in prop::collection::vec(account(), 0..6),
        held in prop::collection::vec(held(), 0..12),
        may in prop::collection::vec(role(), 0..4),
    ) {
        if let Ok(approved) = select(&chosen, &held, SERVICE, &may) {
            for approval in &approved {
                prop_assert!(may.contains(&approval.role));
                prop_assert!(held.iter().any(|held| held.account_id == approval.account_id
                    && held.service == SERVICE
                    && held.role == approval.role));
            }
            let of: Vec<_> = approved.iter().map(|approval| approval.account_id).collect();
            let wanted: BTreeSet<_> = chosen.iter().copied().collect();
            prop_assert_eq!(of, wanted.into_iter().collect::<Vec<_>>());
        }
    }

    /// The order in which accounts were chosen changes nothing.
    #[test]
    fn the_order_of_a_choice_does_not_matter(
        chosen in prop::collection::vec(account(), 0..6),
        held in prop::collection::vec(held(), 0..12),
    ) {
        let may = [AccountRole::Admin, AccountRole::BusinessManager];
        let mut turned = chosen.clone();
        turned.reverse();
        let (one, other) = (
            select(&chosen, &held, SERVICE, &may),
            select(&turned, &held, SERVICE, &may),
        );
        prop_assert_eq!(one.ok(), other.ok());
    }

    #[test]
    fn a_form_is_accepted_when_it_names_each_account_once(chosen in prop::collection::vec(account(), 0..6)) {
        let distinct: BTreeSet<_> = chosen.iter().collect();
        prop_assert_eq!(check_form(&chosen, 6).is_ok(), !chosen.is_empty() && distinct.len() == chosen.len());
    }
}
