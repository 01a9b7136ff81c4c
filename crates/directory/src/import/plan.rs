//! From lines to changes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contract::facts::{AccountCreated, AccountEdited, AccountRoleChanged, AccountRoleGranted};
use contract::rpc::AccountRole;
use contract::{AccountId, Environment, PersonId};

use super::{Line, LineReport, Outcome};
use crate::account::{Account, AccountProfile};
use crate::account_role::HeldRole;
use crate::fields::Email;

/// What is known before the import.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The accounts that the file names, by external id.
    pub(crate) accounts: HashMap<String, Account>,
    /// The people that the file names.
    pub(crate) people: HashMap<Email, PersonId>,
    /// The roles that these people hold on these accounts.
    pub(crate) roles: HashMap<(AccountId, PersonId), HeldRole>,
}

/// One change: the next state and its event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// A new account.
    AccountCreated(Account, AccountCreated),
    /// Another name for an account.
    AccountRenamed(Account, AccountEdited),
    /// A new role of a person on an account.
    RoleGranted(HeldRole, AccountRoleGranted),
    /// Another role for a person who holds one.
    RoleChanged(HeldRole, AccountRoleChanged),
}

/// What the import does, or would do.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// For every line, in order.
    pub(crate) report: Vec<LineReport>,
    /// In the order in which they can be made.
    pub(crate) changes: Vec<Change>,
}

impl Plan {
    /// Whether any line is wrong: then nothing of the file is applied.
    pub(crate) fn has_errors(&self) -> bool {
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
    fn of(profile: &AccountProfile) -> Self {
        match &profile.external_id {
            Some(external_id) => Self::External(external_id.clone()),
            None => Self::Described(
                profile.name.clone(),
                profile.kind.as_str(),
                profile.service.clone(),
            ),
        }
    }
}

/// An account that a line before has spoken of.
struct Seen {
    line: u64,
    id: AccountId,
    profile: AccountProfile,
}

struct Planner<'a> {
    known: &'a Known,
    environment: &'a Environment,
    now: DateTime<Utc>,
    accounts: HashMap<Identity, Seen>,
    roles: HashMap<(AccountId, PersonId), (u64, AccountRole)>,
    changes: Vec<Change>,
}

/// Decides what each line does. Ids of new things come from the environment.
pub(crate) fn plan(
    lines: Vec<Result<Line, LineReport>>,
    known: &Known,
    environment: &Environment,
    now: DateTime<Utc>,
) -> Plan {
    let mut planner = Planner {
        known,
        environment,
        now,
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
            return match difference(&seen.profile, wanted) {
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
                let (account, fact) = Account::create(id, wanted.clone(), self.now);
                self.changes.push(Change::AccountCreated(account, fact));
                (id, Outcome::Created)
            }
            Some(account) => match difference(&account.profile, wanted) {
                None => (account.id, Outcome::Unchanged),
                Some("account_name") => {
                    let renamed = account.rename(&wanted.name);
                    self.changes
                        .extend(renamed.map(|(next, fact)| Change::AccountRenamed(next, fact)));
                    (account.id, Outcome::Updated)
                }
                Some(field) => {
                    let message =
                        "the account with this external_id has another one, which never changes";
                    return Err(LineReport::error(line.number, field, message));
                }
            },
        };
        self.accounts.insert(identity, Seen { line: line.number, id, profile: wanted.clone() });
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
        let Some(held) = self.known.roles.get(&(account_id, person_id)) else {
            let id = self.environment.new_id();
            let (held, fact) = HeldRole::grant(id, account_id, person_id, role);
            self.changes.push(Change::RoleGranted(held, fact));
            return Ok(Outcome::Created);
        };
        let Some((next, fact)) = held.change(role) else {
            return Ok(Outcome::Unchanged);
        };
        self.changes.push(Change::RoleChanged(next, fact));
        Ok(Outcome::Updated)
    }
}

/// The column in which two descriptions of one account differ: what can never change first.
fn difference(one: &AccountProfile, other: &AccountProfile) -> Option<&'static str> {
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
