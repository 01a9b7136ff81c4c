//! What can be set about invitations.

use chrono::Duration;
use serde::{Deserialize, Serialize};

/// The settings under `directory.invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InvitationSettings {
    /// After how many days an invitation expires that nobody accepts, counted from its last mail.
    pub lifetime_days: u16,
    /// How many invitations to one organization, and to one account, can wait to be accepted.
    pub max_open: u32,
    /// How often one invitation is sent at most.
    pub max_sendings: u32,
    /// How many mails are sent within a day with the invitations of one person. Operators are not bounded.
    pub max_mails_per_day: u32,
    /// How many days after the end of an invitation the address is forgotten to which it was sent.
    pub email_days: u16,
}

impl Default for InvitationSettings {
    fn default() -> Self {
        Self {
            lifetime_days: 7,
            max_open: 100,
            max_sendings: 5,
            max_mails_per_day: 100,
            email_days: 30,
        }
    }
}

impl InvitationSettings {
    /// How long an invitation lives after it was sent.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::days(self.lifetime_days.into())
    }

    /// After how long the address of an invitation that has ended is forgotten.
    pub(crate) fn email_lifetime(&self) -> Duration {
        Duration::days(self.email_days.into())
    }

    /// What is senseless, if anything. `mails_kept_days` is for how long mails are kept, and with them what the
    /// tokens in them are recognised by.
    pub(crate) fn refusal(&self, mails_kept_days: u16) -> Option<&'static str> {
        if self.lifetime_days == 0 {
            Some("invitations.lifetime_days is at least 1")
        } else if self.lifetime_days >= mails_kept_days {
            Some("invitations.lifetime_days is less than mail.keep_days")
        } else if self.max_open == 0 {
            Some("invitations.max_open is at least 1")
        } else if self.max_sendings == 0 {
            Some("invitations.max_sendings is at least 1")
        } else if self.max_mails_per_day == 0 {
            Some("invitations.max_mails_per_day is at least 1")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_senseless_is_refused() {
        let default = InvitationSettings::default;
        assert_eq!(default().refusal(30), None);
        assert!(default().refusal(7).is_some(), "the links would end before the invitation");
        for senseless in [
            InvitationSettings { lifetime_days: 0, ..default() },
            InvitationSettings { max_open: 0, ..default() },
            InvitationSettings { max_sendings: 0, ..default() },
            InvitationSettings { max_mails_per_day: 0, ..default() },
        ] {
            assert!(senseless.refusal(30).is_some(), "{senseless:?}");
        }
    }
}
