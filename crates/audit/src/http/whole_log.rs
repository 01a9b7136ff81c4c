//! What is only for those who may read the whole log.

use contract::PersonId;
use contract::facts::RefusedBecause;
use service::{Attempt, Problem, Target};

/// Lets in whoever may read the whole log ([`service::Caller::reads_whole_log`]): what is asked for tells of every
/// organization.
///
/// # Errors
/// 403 for all others, recorded as aimed at the caller: there is nothing to hide. `operation` is what was attempted.
pub(super) async fn check(attempt: &Attempt, operation: &'static str) -> Result<(), Problem> {
    if attempt.caller.reads_whole_log() {
        return Ok(());
    }
    let target = Target::of::<PersonId>(attempt.caller.person_id, None);
    attempt.refuse(operation, target, RefusedBecause::RoleNotAllowed).await;
    Err(Problem::forbidden(
        "role-not-allowed",
        "The whole log is for operators, and for auditors with a token of theirs; members read what is of their \
         organization at /v1/events.",
    ))
}
