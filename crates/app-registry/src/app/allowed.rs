//! Which operations a caller may do with an app as it is now: for pages, which offer only those. Pure, and of the
//! same functions that decide.

use contract::rpc::{AppState, MemberRole};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, Refusal};
use crate::policy::{self, CallerRole, Operation};

/// What can be done with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AppOperation {
    /// `PATCH /v1/apps/{id}`
    Edit,
    /// `PUT /v1/apps/{id}/image`
    PutImage,
    /// `DELETE /v1/apps/{id}/image`
    RemoveImage,
    /// `POST /v1/apps/{id}/activate`: it has what activation needs of the app itself.
    Activate,
    /// `POST /v1/apps/{id}/suspend`
    Suspend,
    /// `POST /v1/apps/{id}/resume`
    Resume,
    /// `POST /v1/apps/{id}/archive`
    Archive,
    /// `POST /v1/apps/{id}/redirect-uris`
    AddRedirectUri,
    /// `DELETE /v1/apps/{id}/redirect-uris/{redirect_uri_id}`
    RemoveRedirectUri,
    /// `PUT /v1/apps/{id}/pkce`
    ChangePkce,
    /// `POST /v1/apps/{id}/keys`
    CreateKey,
    /// `POST /v1/apps/{id}/consent-links`
    CreateLink,
}

impl AppOperation {
    const ALL: [Self; 12] = [
        Self::Edit,
        Self::PutImage,
        Self::RemoveImage,
        Self::Activate,
        Self::Suspend,
        Self::Resume,
        Self::Archive,
        Self::AddRedirectUri,
        Self::RemoveRedirectUri,
        Self::ChangePkce,
        Self::CreateKey,
        Self::CreateLink,
    ];

    fn is_permitted(self, CallerRole { operator, role }: CallerRole) -> bool {
        let operation = match self {
            Self::Edit => Operation::Edit,
            Self::PutImage => Operation::SetImage,
            Self::RemoveImage => Operation::RemoveImage,
            Self::Activate => Operation::Activate,
            Self::Suspend => Operation::Suspend,
            Self::Resume => Operation::Resume,
            Self::Archive => Operation::Archive,
            Self::AddRedirectUri => Operation::AddRedirectUri,
            Self::RemoveRedirectUri => Operation::RemoveRedirectUri,
            Self::ChangePkce => Operation::ChangePkce,
            // Other services decide on these, by the same word of the contract.
            Self::CreateKey | Self::CreateLink => {
                return role.is_some_and(MemberRole::manages_apps);
            }
        };
        policy::authorize(operator, role, operation).is_ok()
    }
}

impl App {
    /// What the caller may do with it now. What depends on other things than the app and the role can still be
    /// refused: how many keys there are, whether the organization is confirmed.
    pub(crate) fn allowed(&self, caller: CallerRole) -> Vec<AppOperation> {
        let possible = |operation: &AppOperation| {
            operation.is_permitted(caller) && self.can(*operation).is_ok()
        };
        AppOperation::ALL.into_iter().filter(possible).collect()
    }

    fn can(&self, operation: AppOperation) -> Result<(), Refusal> {
        match operation {
            AppOperation::Edit | AppOperation::PutImage => self.can_be_edited(),
            AppOperation::RemoveImage => self.image_can_be_removed(),
            AppOperation::Activate => self.can_be_activated().map(drop),
            AppOperation::Suspend => self.can_be_suspended(),
            AppOperation::Resume => self.can_be_resumed(),
            AppOperation::Archive => self.can_be_archived(),
            AppOperation::AddRedirectUri
            | AppOperation::RemoveRedirectUri
            | AppOperation::ChangePkce => self.redirect_uris_can_change(),
            AppOperation::CreateKey | AppOperation::CreateLink => match self.state {
                AppState::Active => Ok(()),
                state => Err(Refusal::NotActive(state)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use MemberRole::{Auditor, Developer, Owner};

    use super::AppOperation as Op;
    use super::*;
    use crate::app::tests::{active, archived, by_code, complete, empty, suspended, with_image};

    fn member(role: MemberRole) -> CallerRole {
        CallerRole { operator: false, role: Some(role) }
    }

    #[test]
    fn a_page_offers_what_would_be_done() {
        for role in [Owner, Developer] {
            let allowed = |app: &App| app.allowed(member(role));
            assert_eq!(allowed(&empty()), [Op::Edit, Op::PutImage, Op::Archive]);
            assert_eq!(allowed(&complete()), [Op::Edit, Op::PutImage, Op::Activate, Op::Archive]);
            assert!(allowed(&with_image(&complete(), 1)).contains(&Op::RemoveImage));
            assert_eq!(allowed(&active()), [Op::Archive, Op::CreateKey, Op::CreateLink]);
            assert_eq!(allowed(&suspended()), [Op::Archive]);
            assert_eq!(allowed(&archived()), []);
            let by_code_offers = allowed(&by_code(suspended()));
            let uris = [Op::AddRedirectUri, Op::RemoveRedirectUri, Op::ChangePkce];
            assert_eq!(by_code_offers[..1], [Op::Archive]);
            assert_eq!(by_code_offers[1..], uris);
        }
    }

    #[test]
    fn auditors_may_do_nothing_and_operators_stop_and_end() {
        for app in [complete(), active(), by_code(active())] {
            assert_eq!(app.allowed(member(Auditor)), []);
            assert_eq!(app.allowed(CallerRole { operator: false, role: None }), []);
        }
        assert_eq!(
            active().allowed(CallerRole { operator: true, role: None }),
            [Op::Suspend, Op::Archive]
        );
        assert_eq!(
            suspended().allowed(CallerRole { operator: true, ..member(Auditor) }),
            [Op::Resume, Op::Archive]
        );
        let both = active().allowed(CallerRole { operator: true, ..member(Owner) });
        assert_eq!(both, [Op::Suspend, Op::Archive, Op::CreateKey, Op::CreateLink]);
    }
}
