//! `/v1/names`, of accounts.

use axum::http::Method;
use contract::ids::AccountId;
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// Names.
#[derive(Debug, Deserialize)]
struct Names {
    accounts: Vec<AccountName>,
}

/// What an account is called.
#[derive(Debug, Deserialize)]
struct AccountName {
    id: AccountId,
    /// None, if the caller has nothing to do with it.
    name: Option<String>,
}

/// What these accounts are called; the id of one that the person does not know. At most 100 in one question.
pub(crate) async fn of(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    accounts: &[AccountId],
) -> Result<Vec<String>, ApiError> {
    let question = Question::new(Method::POST, "/v1/names").of(token);
    let question = question.with(json!({ "accounts": accounts }));
    let names: Names = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    let accounts = names.accounts.into_iter();
    Ok(accounts.map(|account| account.name.unwrap_or_else(|| account.id.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Names>("Names");
        answer::<AccountName>("AccountName");
    }
}
