//! What audit is asked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AskedIds, questions};
use crate::ids::EventId;

questions! {
    PlacesOf -> Vec<EventPlace> = Audit."places-of";
}

/// Where in the log are these events? Each is answered once, in the order in which they were named.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlacesOf {
    /// The events.
    pub event_ids: AskedIds<EventId>,
}

/// An event's place in the log. Both are null for an event that is not recorded: that there is none of this id, or
/// that it is on its way, which takes some milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventPlace {
    /// The event.
    pub event_id: EventId,
    /// Its position: 1, 2, 3 … in the order of recording, without gaps.
    #[schema(minimum = 1)]
    pub position: Option<i64>,
    /// When it was recorded.
    pub recorded_at: Option<DateTime<Utc>>,
}
