//! Who may connect to a nats-server, and what they may do there.

use crate::error::ServerError;

/// The account of all users but the guests, and of what JetStream keeps.
pub(crate) const ACCOUNT: &str = "MANDATE";

/// A user of the server, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsUser {
    /// The user's name: letters, digits and `-_.~`.
    pub name: String,
    /// The password, in the same characters; `None` for a generated one that survives restarts.
    pub password: Option<String>,
    /// Subjects it may publish to. An empty list means none.
    pub publish: Vec<String>,
    /// Subjects it may subscribe to. An empty list means none.
    pub subscribe: Vec<String>,
    /// Whether it may answer a request at the request's reply subject, whatever that is.
    pub allow_responses: bool,
}

impl NatsUser {
    /// A user that may do everything.
    pub fn unlimited(name: &str) -> Self {
        Self::limited(name, [">"], [">"])
    }

    /// A user that may publish and subscribe to these subjects, and answer requests.
    pub fn limited<'a>(
        name: &str,
        publish: impl IntoIterator<Item = &'a str>,
        subscribe: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            password: None,
            publish: publish.into_iter().map(str::to_owned).collect(),
            subscribe: subscribe.into_iter().map(str::to_owned).collect(),
            allow_responses: true,
        }
    }
}

/// An account beside that of the [`NatsOptions`](crate::NatsOptions)' users: what is published in one is not
/// seen in another, but for what one exports and the other imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsAccount {
    /// Its name, in the characters of a user's.
    pub name: String,
    /// Who is in it.
    pub users: Vec<NatsUser>,
    /// Subjects whose requests others may import.
    pub exports: Vec<NatsExport>,
    /// Subjects whose requests go to another account.
    pub imports: Vec<NatsImport>,
}

/// A subject that an account offers to others, as a service: they send requests there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsExport {
    /// The subject, perhaps with wildcards.
    pub subject: String,
    /// Whether one request may have many answers, as one for messages has.
    pub many_answers: bool,
}

/// A subject of another account to which requests may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsImport {
    /// The account that exports it; none for that of the users.
    pub account: Option<String>,
    /// The subject there.
    pub subject: String,
    /// What it is called here; none for the same name.
    pub local: Option<String>,
}

/// A user from outside: it brings the hash of its password, and has an account to itself.
///
/// In the account of the [`NatsUser`]s, permissions alone would not hold it: whoever may send
/// JetStream a request chooses the reply's subject, which no permission covers, and the server
/// publishes there with its own rights. An empty answer to `$JS.API.STREAM.DELETE.…` deletes a
/// stream. From another account, a reply comes back to that account, whatever its subject.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsGuest {
    /// The user's name, in the characters of a [`NatsUser`]'s.
    pub name: String,
    /// The bcrypt hash of its password: `$2a$…`.
    pub password_hash: String,
    /// The subjects of the other account that it may send requests to. An empty list means none.
    pub publish: Vec<String>,
    /// Subjects it may subscribe to, in its own account. An empty list means none.
    pub subscribe: Vec<String>,
}

impl std::fmt::Debug for NatsGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsGuest").field("name", &self.name).finish_non_exhaustive()
    }
}

fn plain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
}

/// What is no hash would be taken for the password itself.
pub(crate) fn check_guest(guest: &NatsGuest) -> Result<(), ServerError> {
    let bad = |reason| ServerError::BadUser { name: guest.name.clone(), reason };
    if !plain(&guest.name) {
        return Err(bad("a name has only letters, digits and -_.~"));
    }
    if guest.name == ACCOUNT {
        return Err(bad("it is the account of the users"));
    }
    if !guest.password_hash.starts_with("$2a$") {
        return Err(bad("a guest's password is a bcrypt hash"));
    }
    Ok(())
}

/// An account's name tells it from the users' account, and from guests.
pub(crate) fn check_account(account: &NatsAccount) -> Result<(), ServerError> {
    let bad = |reason| ServerError::BadUser { name: account.name.clone(), reason };
    if !plain(&account.name) {
        return Err(bad("a name has only letters, digits and -_.~"));
    }
    if account.name == ACCOUNT {
        return Err(bad("it is the account of the users"));
    }
    account.users.iter().try_for_each(check_user)
}

/// A user's name is written into a URL as it is.
pub(crate) fn check_user(user: &NatsUser) -> Result<(), ServerError> {
    let bad = |reason| ServerError::BadUser { name: user.name.clone(), reason };
    if !plain(&user.name) {
        return Err(bad("a name has only letters, digits and -_.~"));
    }
    if user.password.as_deref().is_some_and(|text| !plain(text)) {
        return Err(bad("a password has only letters, digits and -_.~"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_the_url_is_refused() {
        let error = check_user(&NatsUser::unlimited("a@b")).unwrap_err();
        assert!(matches!(error, ServerError::BadUser { .. }));
    }

    #[test]
    fn a_guest_whose_hash_would_be_a_password_is_refused() {
        let guest = NatsGuest {
            name: "reader".into(),
            password_hash: "secret".into(),
            publish: Vec::new(),
            subscribe: Vec::new(),
        };
        let error = check_guest(&guest).unwrap_err();
        assert!(matches!(error, ServerError::BadUser { .. }));
    }
}
