//! A role on an account, in words.

use contract::rpc::AccountRole;

use crate::texts::Texts;

pub(crate) fn name(t: &Texts, role: AccountRole) -> String {
    match role {
        AccountRole::Admin => t.account_role_admin(),
        AccountRole::BusinessManager => t.account_role_business_manager(),
        AccountRole::TechnicalManager => t.account_role_technical_manager(),
        AccountRole::Analyst => t.account_role_analyst(),
        AccountRole::Viewer => t.account_role_viewer(),
    }
}
