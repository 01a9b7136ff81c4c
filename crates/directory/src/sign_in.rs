//! Signing in: a record of every attempt, in a stream of its own.

use contract::facts::{SignInAccepted, SignInMethod, SignInRefusal, SignInRefused};
use contract::{PersonId, SignInId};

/// Decides on an attempt by password. `known` is whose email was given, if anybody's, and `right` whether
/// the password is theirs.
pub(crate) fn by_password(
    id: SignInId,
    known: Option<PersonId>,
    right: bool,
) -> Result<SignInAccepted, SignInRefused> {
    match known {
        None => Err(refused(id, known, SignInRefusal::UnknownPerson)),
        Some(_) if !right => Err(refused(id, known, SignInRefusal::WrongPassword)),
        Some(person_id) => {
            let (sign_in_id, method) = (id, SignInMethod::Password);
            Ok(SignInAccepted { sign_in_id, person_id, method, identity_provider_id: None })
        }
    }
}

/// The record of an attempt that was refused.
pub(crate) fn refused(
    sign_in_id: SignInId,
    person_id: Option<PersonId>,
    reason: SignInRefusal,
) -> SignInRefused {
    let (counted, counted_since) = (None, None);
    SignInRefused {
        sign_in_id,
        person_id,
        reason,
        identity_provider_id: None,
        counted,
        counted_since,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_somebody_known_with_the_right_password_is_let_in() {
        let id = SignInId::from_uuid(Uuid::from_u128(1));
        let somebody = Some(PersonId::from_uuid(Uuid::from_u128(2)));
        assert_eq!(by_password(id, somebody, true).map(|fact| fact.person_id).ok(), somebody);
        for (known, right, reason) in [
            (somebody, false, SignInRefusal::WrongPassword),
            (None, false, SignInRefusal::UnknownPerson),
            (None, true, SignInRefusal::UnknownPerson),
        ] {
            let refused = by_password(id, known, right).unwrap_err();
            assert_eq!((refused.person_id, refused.reason), (known, reason));
        }
    }
}
