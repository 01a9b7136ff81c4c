//! Accounts of customers (rule 5).

use chrono::{DateTime, Utc};
use contract::catalogue::Catalogue;
use contract::facts::{AccountCreated, AccountEdited, AccountField};
use contract::rpc::AccountKind;
use contract::{AccountId, Version};
use service::{Fault, FaultCode};

use crate::fields::{self, FieldError, Invalid};

/// The most characters of a name or an external id.
pub(crate) const NAME_CHARS: usize = 200;

/// An account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its id.
    pub(crate) id: AccountId,
    /// What it is.
    pub(crate) profile: AccountProfile,
    /// The version of its last event.
    pub(crate) version: Version,
    /// When it was made known.
    pub(crate) created_at: DateTime<Utc>,
}

/// What an account is. All but its name stays as it is for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountProfile {
    /// Its name: the customer's, so kept out of events.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) kind: AccountKind,
    /// The catalogue's service that it is an account of.
    pub(crate) service: String,
    /// How the customer's own system names it.
    pub(crate) external_id: Option<String>,
}

impl Account {
    /// Makes an account known.
    pub(crate) fn create(
        id: AccountId,
        profile: AccountProfile,
        now: DateTime<Utc>,
    ) -> (Self, AccountCreated) {
        let fact =
            AccountCreated { account_id: id, kind: profile.kind, service: profile.service.clone() };
        (Self { id, profile, version: Version::FIRST, created_at: now }, fact)
    }

    /// Gives the account another name; none when it has this one.
    pub(crate) fn rename(&self, name: &str) -> Option<(Self, AccountEdited)> {
        if self.profile.name == name {
            return None;
        }
        let profile = AccountProfile { name: name.to_owned(), ..self.profile.clone() };
        let next = Self { profile, version: self.version.next(), ..self.clone() };
        Some((next, AccountEdited { account_id: self.id, changed: vec![AccountField::Name] }))
    }
}

impl AccountProfile {
    /// Checks every field and tells all that is wrong.
    pub(crate) fn parse(
        catalogue: &Catalogue,
        name: &str,
        kind: AccountKind,
        service: &str,
        external_id: Option<&str>,
    ) -> Result<Self, Invalid> {
        let name = fields::name("name", name, NAME_CHARS);
        let service = known_service(catalogue, service);
        let external_id =
            external_id.map(|id| fields::name("external_id", id, NAME_CHARS)).transpose();
        match (name, service, external_id) {
            (Ok(name), Ok(service), Ok(external_id)) => {
                Ok(Self { name, kind, service, external_id })
            }
            (name, service, external_id) => {
                Err(Invalid::all([name.err(), service.err(), external_id.err()]))
            }
        }
    }
}

/// A service of the catalogue.
fn known_service(catalogue: &Catalogue, service: &str) -> Result<String, FieldError> {
    match catalogue.service(service) {
        Ok(_) => Ok(service.to_owned()),
        Err(error) => {
            let fault = Fault::new(FaultCode::NotFound, error.to_string());
            Err(FieldError::new("service", fault))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_of_a_service_of_the_catalogue() {
        let catalogue = Catalogue::default();
        let parse = |service: &str, external_id| {
            AccountProfile::parse(&catalogue, "Shop", AccountKind::Advertiser, service, external_id)
        };
        assert_eq!(parse("retail_media", None).unwrap().service, "retail_media");
        let errors = parse("nothing", Some(" ")).unwrap_err();
        let fields: Vec<_> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["service", "external_id"]);
    }

    #[test]
    fn another_name_is_a_change_and_the_same_one_is_none() {
        let catalogue = Catalogue::default();
        let profile = AccountProfile::parse(
            &catalogue,
            "Shop",
            AccountKind::Advertiser,
            "retail_media",
            None,
        );
        let id = AccountId::from_uuid(uuid::Uuid::from_u128(1));
        let (account, fact) = Account::create(id, profile.unwrap(), DateTime::UNIX_EPOCH);
        assert_eq!((account.version, fact.account_id), (Version::FIRST, id));
        assert_eq!(account.rename("Shop"), None);
        let (next, fact) = account.rename("Big Shop").unwrap();
        assert_eq!((next.version, fact.changed), (Version::FIRST.next(), vec![AccountField::Name]));
        assert_eq!(next.profile.name, "Big Shop");
    }
}
