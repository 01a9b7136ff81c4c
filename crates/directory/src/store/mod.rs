//! The directory's SQL, one file a table. Not found is `Ok(None)`; what decides is locked first.

mod account_roles;
mod accounts;
mod api_tokens;
mod import;
mod memberships;
mod organizations;
mod people;

use contract::rpc::{AccountKind, AccountRole, MemberRole, OrganizationKind};
use sqlx::PgConnection;
use sqlx::postgres::PgQueryResult;

pub use account_roles::*;
pub use accounts::*;
pub use api_tokens::*;
pub use import::*;
pub use memberships::*;
pub use organizations::*;
pub use people::*;

/// A page of a list in the order of ids, which is the order of creation.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// Only what comes after this id.
    pub after: Option<uuid::Uuid>,
    /// At most so many.
    pub limit: i64,
}

/// A unique constraint said no: the caller can say what was taken.
pub fn is_taken(error: &sqlx::Error, constraint: &str) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    error.is_unique_violation() && error.constraint() == Some(constraint)
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

named!(MemberRole, AccountRole, OrganizationKind, AccountKind);

impl Named for crate::fields::Email {
    fn named(text: &str) -> Option<Self> {
        Self::parse("email", text).ok()
    }
}

/// An update of a row that was read and locked in the same transaction changes exactly that row.
fn exactly_one(result: &PgQueryResult) -> Result<(), sqlx::Error> {
    if result.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Imports wait for each other until the end of the transaction.
pub async fn lock_imports(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    // The number is any that nothing else of this database uses: "import" in ASCII.
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(115835680158324::bigint) AS "locked!: ()""#)
        .fetch_one(conn)
        .await?;
    Ok(())
}
