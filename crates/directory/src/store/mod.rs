//! The directory's SQL, one file an aggregate. Not found is `Ok(None)`; what decides is locked first.
//!
//! The same words everywhere: `find` reads, `lock` reads for a decision, `list` gives a page, `insert`
//! keeps what is new, `save` and `delete` write what was locked before.

pub(crate) mod account_roles;
pub(crate) mod accounts;
pub(crate) mod api_tokens;
pub(crate) mod contact_confirmations;
pub(crate) mod domain_requests;
pub(crate) mod email_forms;
pub(crate) mod export;
pub(crate) mod found_accounts;
pub(crate) mod found_people;
pub(crate) mod holders;
pub(crate) mod identities;
pub(crate) mod identity_providers;
pub(crate) mod import;
pub(crate) mod invitations;
pub(crate) mod mail_contents;
pub(crate) mod mail_requests;
pub(crate) mod mailed_links;
pub(crate) mod mails;
pub(crate) mod matching_accounts;
pub(crate) mod memberships;
pub(crate) mod organizations;
pub(crate) mod password_resets;
pub(crate) mod people;
pub(crate) mod sessions;
pub(crate) mod shown_names;
pub(crate) mod sign_in_attempts;
pub(crate) mod sign_in_flows;
pub(crate) mod sign_in_networks;
pub(crate) mod visible_accounts;

use contract::TokenScope;
use contract::rpc::{AccountKind, AccountRole, MemberRole, OrganizationKind};
use sqlx::postgres::PgQueryResult;

/// A page of a list in the order of ids, which is the order of creation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// Only what comes after this id.
    pub(crate) after: Option<uuid::Uuid>,
    /// At most so many.
    pub(crate) limit: i64,
}

impl Slice {
    /// The id after which it begins, which is before all others on the first page: an index leads to where a page
    /// begins only if there always is such an id.
    fn begins_after(self) -> uuid::Uuid {
        self.after.unwrap_or(uuid::Uuid::nil())
    }
}

/// Whether an INSERT was made: not if this unique constraint says that the thing is there already. The
/// transaction can only be rolled back then.
fn unless_taken(inserted: sqlx::Result<PgQueryResult>, constraint: &str) -> sqlx::Result<bool> {
    match inserted {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error))
            if error.is_unique_violation() && error.constraint() == Some(constraint) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Text from a column whose CHECK allows only names that this reads.
trait Named: Sized {
    fn named(text: &str) -> Option<Self>;

    fn read(text: &str) -> Result<Self, sqlx::Error> {
        Self::named(text)
            .ok_or_else(|| sqlx::Error::Decode(format!("unknown name `{text}`").into()))
    }
}

macro_rules! named {
    ($($kind:ident),*) => {$(
        impl Named for $kind {
            fn named(text: &str) -> Option<Self> { Self::parse(text) }
        }
    )*};
}

named!(MemberRole, AccountRole, OrganizationKind, AccountKind, TokenScope);

impl Named for crate::language::Language {
    fn named(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Named for crate::fields::Email {
    fn named(text: &str) -> Option<Self> {
        Some(Self::stored(text))
    }
}
