//! What can be set about limits.

use serde::{Deserialize, Serialize};

use crate::start::StartError;

/// The settings under `limits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// How many requests for a token with the right secret an app may make in a minute, over all replicas.
    pub tokens_per_app: u32,
    /// How many refused requests for a token from one address are answered as such in a minute, and from one
    /// network (IPv4 /24, IPv6 /56); more are 429. Per process. The right secret is not asked how many
    /// others were wrong.
    pub token_refusals_per_address: u32,
    /// See there.
    pub token_refusals_per_network: u32,
    /// How many reports of leaked secrets one address may send in a minute, and one network. Per process.
    pub leak_reports_per_address: u32,
    /// See there.
    pub leak_reports_per_network: u32,
    /// How many requests that change something a person may make in a minute, per process. Each counts once: one
    /// that leaves very many facts has a bound of its own, and is made one after the other.
    pub changes_per_caller: u32,
    /// How many times a minute a network may try passwords, per process.
    pub sign_ins_per_network: u32,
    /// After so many attempts with one email, each next one has to wait twice as long.
    pub sign_in_attempts_per_email: u32,
    /// The same for all attempts of a network.
    pub sign_in_attempts_per_network: u32,
    /// How long the wait becomes at most. After four times as long without an attempt all is forgotten.
    pub sign_in_lockout_seconds: u32,
    /// For so many days a network is known from which a person has signed in: there they are not locked out by
    /// what is tried elsewhere.
    pub sign_in_network_days: u32,
    /// How many refusals of one kind become events of their own within the window. The others of the window
    /// are one event, with their number.
    pub refusals_per_kind: u32,
    /// The same for refusals of all kinds.
    pub refusals_in_all: u32,
    /// The window in which refusals are counted.
    pub refusal_window_seconds: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            tokens_per_app: 250,
            token_refusals_per_address: 120,
            token_refusals_per_network: 600,
            leak_reports_per_address: 60,
            leak_reports_per_network: 300,
            changes_per_caller: 600,
            sign_ins_per_network: 120,
            sign_in_attempts_per_email: 5,
            sign_in_attempts_per_network: 30,
            sign_in_lockout_seconds: 900,
            sign_in_network_days: 90,
            refusals_per_kind: 1,
            refusals_in_all: 60,
            refusal_window_seconds: 60,
        }
    }
}

impl LimitSettings {
    /// Checks what a wrong value would break later.
    ///
    /// # Errors
    /// When one makes no sense.
    pub fn check(&self) -> Result<(), StartError> {
        for (setting, value) in [
            ("tokens_per_app", self.tokens_per_app),
            ("token_refusals_per_address", self.token_refusals_per_address),
            ("token_refusals_per_network", self.token_refusals_per_network),
            ("leak_reports_per_address", self.leak_reports_per_address),
            ("leak_reports_per_network", self.leak_reports_per_network),
            ("changes_per_caller", self.changes_per_caller),
            ("sign_ins_per_network", self.sign_ins_per_network),
            ("sign_in_attempts_per_email", self.sign_in_attempts_per_email),
            ("sign_in_attempts_per_network", self.sign_in_attempts_per_network),
            ("sign_in_lockout_seconds", self.sign_in_lockout_seconds),
            ("refusals_per_kind", self.refusals_per_kind),
            ("refusals_in_all", self.refusals_in_all),
            ("refusal_window_seconds", self.refusal_window_seconds),
        ] {
            // PostgreSQL counts some of them in 32 bits, with a sign.
            if value == 0 || i32::try_from(value).is_err() {
                let reason = format!("it must be between 1 and {}", i32::MAX);
                return Err(StartError::setting(format!("limits.{setting}"), reason));
            }
        }
        if self.sign_in_network_days > 3650 {
            return Err(StartError::setting(
                "limits.sign_in_network_days",
                "it must be 3650 or less",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_lets_nothing_through_is_refused() {
        assert!(LimitSettings::default().check().is_ok());
        let none = LimitSettings { tokens_per_app: 0, ..LimitSettings::default() };
        assert!(none.check().unwrap_err().to_string().contains("limits.tokens_per_app"));
        let many = LimitSettings { refusals_in_all: u32::MAX, ..LimitSettings::default() };
        assert!(many.check().is_err());
    }
}
