//! `/v1/accounts`.

pub(super) mod create;
pub(super) mod list;
pub(super) mod read;

use chrono::{DateTime, Utc};
use contract::AccountId;
use contract::rpc::AccountKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::Account;

/// An account of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountAnswer {
    /// Its id.
    id: AccountId,
    /// Its name.
    #[schema(example = "Example Shop")]
    name: String,
    /// Whose it is.
    kind: AccountKind,
    /// The catalogue's service that it is an account of.
    #[schema(example = "retail_media")]
    service: String,
    /// How the customer's own system names it.
    external_id: Option<String>,
    /// When it was made known.
    created_at: DateTime<Utc>,
}

impl From<Account> for AccountAnswer {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.profile.name,
            kind: account.profile.kind,
            service: account.profile.service,
            external_id: account.profile.external_id,
            created_at: account.created_at,
        }
    }
}
