//! A subscriber's password as it is kept: a bcrypt hash, the only one that nats-server compares with.

use contract::Environment;
use contract::secret::SubscriberPassword;

/// The work that a hash costs, as a power of two. bcrypt's work protects passwords that can be
/// guessed; ours have 256 random bits, and nats-server pays it at every connection.
const COST: u32 = 5;

/// A bcrypt hash, in the form that nats-server's configuration takes.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl PasswordHash {
    /// The hash of this password, under a random salt.
    pub(crate) fn of(
        password: &SubscriberPassword,
        environment: &Environment,
    ) -> Result<Self, bcrypt::BcryptError> {
        let salt = environment.bytes::<16>();
        let hash = bcrypt::hash_with_salt(password.reveal(), COST, salt)?;
        // The one prefix that every nats-server since 2.10 takes for a hash.
        Ok(Self(hash.format_for_version(bcrypt::Version::TwoA)))
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_a_hash_of_the_password_that_nats_understands() {
        let environment = Environment::system();
        let password = SubscriberPassword::generate(&environment);
        let kept = PasswordHash::of(&password, &environment).unwrap();
        assert!(kept.0.starts_with("$2a$05$"), "{}", kept.0);
        assert!(bcrypt::verify(password.reveal(), &kept.0).unwrap());
        let other = SubscriberPassword::generate(&environment);
        assert!(!bcrypt::verify(other.reveal(), &kept.0).unwrap());
    }
}
