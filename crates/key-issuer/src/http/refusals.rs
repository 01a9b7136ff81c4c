//! Problem details of what a key refuses.

use service::Problem;

use crate::key::{CreationRefusal, InvalidKeyName, KeyRefusal};

impl From<KeyRefusal> for Problem {
    fn from(refusal: KeyRefusal) -> Self {
        let slug = match refusal {
            KeyRefusal::Deleted { .. } => "key-deleted",
            KeyRefusal::Expired { .. } => "key-expired",
        };
        Self::conflict(slug, refusal.to_string())
    }
}

impl From<CreationRefusal> for Problem {
    fn from(refusal: CreationRefusal) -> Self {
        match refusal {
            CreationRefusal::TooMany { .. } => Self::conflict("too-many-keys", refusal.to_string()),
            CreationRefusal::ExpiryInThePast => {
                Self::invalid_field("expires_at", "must be in the future")
            }
        }
    }
}

impl From<InvalidKeyName> for Problem {
    fn from(error: InvalidKeyName) -> Self {
        Self::invalid_field("name", error.to_string())
    }
}
