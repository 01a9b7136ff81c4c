//! The tests: see `coverage`.
//!
//! [`cast`] has everybody who may call, [`call`] what they ask for, [`table`] how each operation is
//! asked for so that it can be done, [`single_sign_on`] an identity provider. [`walk`] makes every call that the document allows or forbids,
//! [`limited`] those with a token for auditors, [`uniform`] what holds for every operation, [`ledger`] looks at what they left. [`schemathesis`] lets somebody else's tool loose.

#![allow(clippy::unwrap_used, reason = "tests")]

mod call;
mod cast;
mod commitments;
mod ledger;
mod limited;
mod schemathesis;
mod single_sign_on;
mod system;
mod table;
mod uniform;
mod walk;
