//! From lines to changes.

use std::collections::HashMap;

use contract::rpc::AccountRole;
use contract::{AccountId, AccountRoleId, Environment, PersonId};

use super::{Line, LineReport, Outcome};
use crate::account::{AccountDetails, HeldRole};
use crate::fields::Email;

/// What is known before the import.
#[derive(Debug, Default)]
pub struct Known {
    /// The accounts that the file names, by external id.
    pub accounts: HashMap<String, KnownAccount>,
    /// The people that the file names.
    pub people: HashMap<Email, PersonId>,
    /// The roles that these people hold on these accounts.
    pub roles: HashMap<(AccountId, PersonId), HeldRole>,
}

/// An account that is there before the import.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownAccount {
    /// Its id.
    pub id: AccountId,
    /// What it is.
    pub details: AccountDetails,
    /// The version of its last event.
    pub version: i64,
}

/// One change, which is one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new account.
    CreateAccount {
        /// Its id.
        id: AccountId,
        /// What it is.
        details: AccountDetails,
    },
    /// Another name for an account.
    RenameAccount {
        /// The account.
        id: AccountId,
        /// The version before.
        version: i64,
        /// The name from now on.
        name: String,
    },
    /// A new role of a person on an account.
    GrantRole {
        /// The new assignment.
        id: AccountRoleId,
        /// The account.
        account_id: AccountId,
        /// The person.
        person_id: PersonId,
        /// The role.
        role: AccountRole,
    },
    /// Another role for a person who holds one.
    ChangeRole {
        /// The assignment as it is before.
        held: HeldRole,
        /// The role from now on.
        role: AccountRole,
    },
}

/// What the import does, or would do.
#[derive(Debug, Default)]
pub struct Plan {
    /// For every line, in order.
    pub report: Vec<LineReport>,
    /// In the order in which they can be made.
    pub changes: Vec<Change>,
}

impl Plan {
    /// Whether any line is wrong: then nothing of the file is applied.
    pub fn has_errors(&self) -> bool {
        self.report.iter().any(|line| line.outcome == Outcome::Error)
    }
}

/// What makes two lines speak of the same account: the external id, or else all the rest.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    External(String),
    Described(String, &'static str, String),
}

impl Identity {
    fn of(details: &AccountDetails) -> Self {
        match &details.external_id {
            Some(external_id) => Self::External(external_id.clone()),
            None => Self::Described(
                details.name.clone(),
                details.kind.as_str(),
                details.service.clone(),
            ),
        }
    }
}

/// An account that a line before has spoken of.
struct Seen {
    line: u64,
    id: AccountId,
    details: AccountDetails,
}

struct Planner<'a> {
    known: &'a Known,
    environment: &'a Environment,
    accounts: HashMap<Identity, Seen>,
    roles: HashMap<(AccountId, PersonId), (u64, AccountRole)>,
    changes: Vec<Change>,
}

/// Decides what each line does. Ids of new things come from the environment.
pub fn plan(
    lines: Vec<Result<Line, LineReport>>,
    known: &Known,
    environment: &Environment,
) -> Plan {
    let mut planner = Planner {
        known,
        environment,
        accounts: HashMap::new(),
        roles: HashMap::new(),
        changes: Vec::new(),
    };
    let report = lines
        .into_iter()
        .map(|line| line.and_then(|line| planner.line(&line)).unwrap_or_else(|error| error))
        .collect();
    Plan { report, changes: planner.changes }
}

impl Planner<'_> {
    fn line(&mut self, line: &Line) -> Result<LineReport, LineReport> {
        let (account_id, account) = self.account(line)?;
        let role = match &line.assignment {
            Some((email, role)) => Some(self.role(line.number, account_id, email, *role)?),
            None => None,
        };
        let (outcome, message) = match (account, role) {
            (Outcome::Created, Some(_)) => (Outcome::Created, "account created, role granted"),
            (Outcome::Created, None) => (Outcome::Created, "account created"),
            (_, Some(Outcome::Created)) => (Outcome::Created, "role granted"),
            (Outcome::Updated, Some(Outcome::Updated)) => {
                (Outcome::Updated, "account renamed, role changed")
            }
            (Outcome::Updated, _) => (Outcome::Updated, "account renamed"),
            (_, Some(Outcome::Updated)) => (Outcome::Updated, "role changed"),
            _ => (Outcome::Unchanged, "nothing to change"),
        };
        Ok(LineReport { line: line.number, outcome, field: None, message: message.to_owned() })
    }

    fn account(&mut self, line: &Line) -> Result<(AccountId, Outcome), LineReport> {
        let wanted = &line.account;
        let identity = Identity::of(wanted);
        if let Some(seen) = self.accounts.get(&identity) {
            return match difference(&seen.details, wanted) {
                None => Ok((seen.id, Outcome::Unchanged)),
                Some(field) => {
                    let message = format!("line {} says otherwise of this external_id", seen.line);
                    Err(LineReport::error(line.number, field, message))
                }
            };
        }
        let known = wanted.external_id.as_ref().and_then(|id| self.known.accounts.get(id));
        let (id, outcome) = match known {
            None => {
                let id = self.environment.new_id();
                self.changes.push(Change::CreateAccount { id, details: wanted.clone() });
                (id, Outcome::Created)
            }
            Some(account) => match difference(&account.details, wanted) {
                None => (account.id, Outcome::Unchanged),
                Some("account_name") => {
                    let (id, version, name) = (account.id, account.version, wanted.name.clone());
                    self.changes.push(Change::RenameAccount { id, version, name });
                    (id, Outcome::Updated)
                }
                Some(field) => {
                    let message =
                        "the account with this external_id has another one, which never changes";
                    return Err(LineReport::error(line.number, field, message));
                }
            },
        };
        self.accounts.insert(identity, Seen { line: line.number, id, details: wanted.clone() });
        Ok((id, outcome))
    }

    fn role(
        &mut self,
        line: u64,
        account_id: AccountId,
        email: &Email,
        role: AccountRole,
    ) -> Result<Outcome, LineReport> {
        let Some(&person_id) = self.known.people.get(email) else {
            return Err(LineReport::error(line, "email", "nobody has registered with this email"));
        };
        if let Some(&(before, given)) = self.roles.get(&(account_id, person_id)) {
            return if given == role {
                Ok(Outcome::Unchanged)
            } else {
                let message =
                    format!("line {before} gives this person another role on this account");
                Err(LineReport::error(line, "role", message))
            };
        }
        self.roles.insert((account_id, person_id), (line, role));
        match self.known.roles.get(&(account_id, person_id)) {
            Some(held) if held.role == role => Ok(Outcome::Unchanged),
            Some(held) => {
                self.changes.push(Change::ChangeRole { held: *held, role });
                Ok(Outcome::Updated)
            }
            None => {
                let id = self.environment.new_id();
                self.changes.push(Change::GrantRole { id, account_id, person_id, role });
                Ok(Outcome::Created)
            }
        }
    }
}

/// The column in which two descriptions of one account differ: what can never change first.
fn difference(one: &AccountDetails, other: &AccountDetails) -> Option<&'static str> {
    if one.kind != other.kind {
        Some("kind")
    } else if one.service != other.service {
        Some("service")
    } else if one.name != other.name {
        Some("account_name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
