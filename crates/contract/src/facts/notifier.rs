//! What happens to subscribers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::ids::{OrganizationId, SubscriberId};
use crate::patterns;

facts! {
    SubscriberAdded = "subscriber"."added" with SubscriberDetails;
    SubscriberRemoved = "subscriber"."removed";
}

/// A system outside may read events of an organization from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriberAdded {
    /// The subscriber.
    pub subscriber_id: SubscriberId,
    /// The organization whose events they are.
    pub organization_id: OrganizationId,
    /// Which events, as `<aggregate>.<past participle>`.
    #[schemars(inner(regex(pattern = patterns::EVENT)))]
    pub events: Vec<String>,
}

/// What was typed when a subscriber was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriberDetails {
    /// What it is called.
    pub name: String,
}

/// A subscriber may not read any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriberRemoved {
    /// The subscriber.
    pub subscriber_id: SubscriberId,
    /// The organization whose events it read.
    pub organization_id: OrganizationId,
}
