//! Accounts of customers, and the roles of people on them (rule 5).

use chrono::{DateTime, Utc};
use contract::catalogue::Catalogue;
use contract::rpc::{AccountKind, AccountRole};
use contract::{AccountId, AccountRoleId, PersonId};

use crate::fields::{self, FieldError};

/// The most characters of a name or an external id.
pub const NAME_CHARS: usize = 200;

/// An account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What it is.
    pub details: AccountDetails,
    /// The version of its last event.
    pub version: i64,
    /// When it was made known.
    pub created_at: DateTime<Utc>,
}

/// What an account is. All but its name stays as it is for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDetails {
    /// Its name: the customer's, so kept out of events.
    pub name: String,
    /// Whose it is.
    pub kind: AccountKind,
    /// The catalogue's service that it is an account of.
    pub service: String,
    /// How the customer's own system names it.
    pub external_id: Option<String>,
}

/// A person's role on an account as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldRole {
    /// The assignment: a role given again after it was revoked is a new one.
    pub id: AccountRoleId,
    /// The account.
    pub account_id: AccountId,
    /// The person.
    pub person_id: PersonId,
    /// The role.
    pub role: AccountRole,
    /// The version of the assignment's last event.
    pub version: i64,
}

impl AccountDetails {
    /// Checks every field and tells all that is wrong.
    pub fn parse(
        catalogue: &Catalogue,
        name: &str,
        kind: AccountKind,
        service: &str,
        external_id: Option<&str>,
    ) -> Result<Self, Vec<FieldError>> {
        let name = fields::name("name", name, NAME_CHARS);
        let service = known_service(catalogue, service);
        let external_id =
            external_id.map(|id| fields::name("external_id", id, NAME_CHARS)).transpose();
        match (name, service, external_id) {
            (Ok(name), Ok(service), Ok(external_id)) => {
                Ok(Self { name, kind, service, external_id })
            }
            (name, service, external_id) => {
                Err([name.err(), service.err(), external_id.err()].into_iter().flatten().collect())
            }
        }
    }
}

/// A service of the catalogue.
pub fn known_service(catalogue: &Catalogue, service: &str) -> Result<String, FieldError> {
    match catalogue.service(service) {
        Ok(_) => Ok(service.to_owned()),
        Err(error) => Err(FieldError::new("service", error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_of_a_service_of_the_catalogue() {
        let catalogue = Catalogue::default();
        let parse = |service: &str, external_id| {
            AccountDetails::parse(&catalogue, "Shop", AccountKind::Advertiser, service, external_id)
        };
        assert_eq!(parse("retail_media", None).unwrap().service, "retail_media");
        let errors = parse("nothing", Some(" ")).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["service", "external_id"]);
    }
}
