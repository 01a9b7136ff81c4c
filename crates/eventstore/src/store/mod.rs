//! The SQL over the event tables. Names are unqualified: the search path is the service's schema.

mod answers;
mod comparisons;
mod event;
pub(crate) mod insert;
mod leadership;
mod manifests;
mod outbox;
mod parked;
mod positions;
mod receipts;
mod streams;

pub use answers::{IdempotencyRecord, StoredAnswer};
pub use event::NewEvent;

pub(crate) use answers::{find_answer, forget_answers, insert_answers};
pub(crate) use comparisons::{begin_comparison, comparison, keep_comparison, try_compare};
pub(crate) use event::OutboxEvent;
pub(crate) use insert::NewEvents;
pub(crate) use leadership::try_lead;
pub(crate) use manifests::{
    EventRow, first_time_after, insert_manifest, last_manifest, last_row, manifest_list,
    rows_between, writers,
};
pub(crate) use outbox::{OutboxRow, PUBLISHED_AT_ONCE, events_at, next_in_outbox, repeat_events};
pub(crate) use parked::{
    AllParked, Parked, all_parked, due_parked, note_parked, park, postpone_parked, release,
};
pub(crate) use positions::{Moved, lock_positions, positions, save_positions};
pub(crate) use receipts::{
    Receipt, forget_batches, last_batch, repeat_batch, repeat_other_streams, settle_batch,
};
pub(crate) use streams::{details_of, known_events, last_event_of, rows_after, stream_events};
