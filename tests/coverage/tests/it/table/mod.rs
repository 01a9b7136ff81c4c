//! How each operation of the document is asked for: a call that can succeed, made anew for each
//! caller, and what the thing it is about is to callers who may not.
//!
//! To cover a new operation, add an [`Entry`] to the file of its service. It is tried with every
//! caller of the cast; what else there is to see of it is a [`Case`]. If it can be refused, say in
//! [`refusals`] what its `access.refused` says.

mod accounts;
mod apps;
mod consent;
mod events;
mod invitations;
mod keys;
mod organizations;
pub(crate) mod refusals;
mod sessions;
mod single_sign_on;

use futures::future::BoxFuture;

use crate::call::Call;
use crate::cast::{Cast, Who};

/// Makes a call for a caller.
pub(crate) type Make = for<'a> fn(&'a Cast, Who) -> BoxFuture<'a, Call>;

/// The reason of most refusals.
pub(crate) const ROLE: &str = "role_not_allowed";

/// An operation.
pub(crate) struct Entry {
    /// Its `operationId`.
    pub(crate) id: &'static str,
    /// Makes a call that succeeds.
    pub(crate) make: Make,
    /// Who sees the thing, and so is answered 403 when their role does not suffice.
    pub(crate) sees: fn(Who) -> bool,
    /// What the others are answered.
    pub(crate) unseen: u16,
    /// The call of somebody without credentials, if it is another one.
    pub(crate) anonymous: Option<Make>,
    /// What else there is to see.
    pub(crate) cases: Vec<Case>,
}

/// A particular call.
pub(crate) struct Case {
    /// What is particular.
    pub(crate) name: &'static str,
    /// Who makes it.
    pub(crate) who: Who,
    /// The call.
    pub(crate) make: Make,
    /// How it is refused; if it is.
    pub(crate) refused: Option<u16>,
    /// The reason that its `access.refused` gives.
    pub(crate) reason: &'static str,
    /// What it leaves.
    pub(crate) leaves: &'static [&'static str],
    /// What others do because of it.
    pub(crate) follows: &'static [&'static str],
}

/// All operations.
pub(crate) fn entries() -> Vec<Entry> {
    [
        organizations::entries(),
        accounts::entries(),
        invitations::entries(),
        sessions::entries(),
        single_sign_on::entries(),
        apps::entries(),
        keys::entries(),
        consent::entries(),
        events::entries(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Members of the organization see it, and operators.
fn members(who: Who) -> bool {
    who.is_member() || who == Who::Operator
}

/// Those with a role on the account see it, and operators.
fn holders(who: Who) -> bool {
    matches!(who, Who::Holder(_) | Who::Operator)
}

/// There is nothing to hide.
fn everybody(_: Who) -> bool {
    true
}

/// An operation, a call of which can succeed.
fn entry(id: &'static str, sees: fn(Who) -> bool, make: Make) -> Entry {
    Entry { id, make, sees, unseen: 404, anonymous: None, cases: Vec::new() }
}

/// A call that leaves something else than the usual.
fn leaves(name: &'static str, who: Who, leaves: &'static [&'static str], make: Make) -> Case {
    Case { name, who, make, refused: None, reason: ROLE, leaves, follows: &[] }
}

/// A call that changes nothing.
fn changes_nothing(name: &'static str, who: Who, make: Make) -> Case {
    leaves(name, who, &[], make)
}

/// A call that is refused.
fn refused(
    name: &'static str,
    who: Who,
    status: u16,
    leaves: &'static [&'static str],
    make: Make,
) -> Case {
    Case { name, who, make, refused: Some(status), reason: ROLE, leaves, follows: &[] }
}

impl Entry {
    /// Callers who do not see the thing are answered this, instead of 404.
    fn unseen(mut self, status: u16) -> Self {
        self.unseen = status;
        self
    }

    /// Somebody without credentials makes this call.
    fn without_credentials(mut self, make: Make) -> Self {
        self.anonymous = Some(make);
        self
    }

    /// There is more to see.
    fn with(mut self, case: Case) -> Self {
        self.cases.push(case);
        self
    }
}

impl Case {
    /// Its `access.refused` gives this reason, instead of the caller's role.
    fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// Others do this because of it.
    fn followed_by(mut self, kinds: &'static [&'static str]) -> Self {
        self.follows = kinds;
        self
    }
}
