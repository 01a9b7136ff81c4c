//! What the directory is asked about the accounts that a person can choose on a request for consent.

use serde::{Deserialize, Serialize};

use super::{AccountRole, questions};
use crate::ids::{AccountId, PersonId};

questions! {
    MatchingAccounts -> MatchingAccountsPage = Directory."matching-accounts";
    FindConsenter -> Option<AccountRole> = Directory."find-consenter";
}

/// On which accounts of this service does this person hold which role? A page of ids, in their order: what is
/// counted and chosen as a whole needs no names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MatchingAccounts {
    /// The person.
    pub person_id: PersonId,
    /// The catalogue's service.
    pub service: String,
    /// Only accounts that a search finds, as in [`super::VisibleAccounts`].
    pub q: Option<String>,
    /// Only accounts after this one: the `after` of the page before.
    pub after: Option<AccountId>,
}

impl MatchingAccounts {
    /// At most so many accounts in a page.
    pub const MOST: u16 = 10_000;
}

/// Some of the accounts that match.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MatchingAccountsPage {
    /// The accounts by the person's role on them. There may be none, and still more after them.
    pub by_role: Vec<AccountsOfRole>,
    /// After which account the next page begins; none at the end.
    pub after: Option<AccountId>,
}

/// The accounts of a page on which a person holds one role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountsOfRole {
    /// The role.
    pub role: AccountRole,
    /// The accounts, in the order of their ids.
    pub account_ids: Vec<AccountId>,
}

/// May this person consent for this account, and sign in to do so? Their role on it, if they may.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindConsenter {
    /// The person.
    pub person_id: PersonId,
    /// The account.
    pub account_id: AccountId,
    /// The roles that may consent.
    pub consent_roles: Vec<AccountRole>,
}
