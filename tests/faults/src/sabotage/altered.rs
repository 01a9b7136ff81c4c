//! The log that is made of another: which entry stands where, and which were forged.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::{Envelope, EventId, Service, Version};
use translog::Hash;
use uuid::Uuid;

use super::original::{Entry, Original};

/// An entry of an altered log.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The index of the entry of the original that it is, or is made of.
    pub of: usize,
    /// Its other bytes, and what is indexed of them.
    pub forged: Option<Forged>,
}

/// An entry that was never recorded so.
#[derive(Debug, Clone)]
pub struct Forged {
    /// Its event's id.
    pub event_id: Uuid,
    /// Its stream.
    pub stream: Uuid,
    /// Its place in the stream.
    pub version: i64,
    /// When it is said to have happened.
    pub occurred_at: DateTime<Utc>,
    /// Its bytes.
    pub envelope: Vec<u8>,
}

/// A list as it is beside an altered log.
#[derive(Debug, Clone)]
pub struct List {
    /// Whose manifest it is.
    pub service: Service,
    /// The version of that.
    pub version: i64,
    /// The version that it had.
    pub was_version: i64,
    /// What it lists.
    pub list: String,
}

/// An altered log.
#[derive(Debug, Clone)]
pub struct Altered {
    /// What stands at position 1, 2, 3 …
    pub slots: Vec<Slot>,
    /// The lists beside its manifests, once those were rewritten.
    pub lists: Vec<List>,
}

impl Slot {
    /// Whether it is the event that it is made of, in its stream: not one that never was.
    pub fn is_of(&self, entry: &Entry) -> bool {
        self.forged.as_ref().is_none_or(|forged| forged.stream == entry.stream)
    }

    /// Its bytes.
    pub fn envelope<'a>(&'a self, original: &'a Original) -> &'a [u8] {
        let forged = self.forged.as_ref().map(|forged| &forged.envelope);
        forged.unwrap_or(&original.entries[self.of].envelope)
    }

    /// Its place in its stream.
    pub fn version(&self, original: &Original) -> i64 {
        let forged = self.forged.as_ref().map(|forged| forged.version);
        forged.unwrap_or(original.entries[self.of].version)
    }
}

impl Forged {
    /// An event like this one, but for what is changed of it.
    ///
    /// # Errors
    /// When it is no event.
    pub fn like(envelope: &[u8], change: impl FnOnce(&mut Envelope)) -> anyhow::Result<Self> {
        let mut envelope = Envelope::parse(envelope)?;
        change(&mut envelope);
        Ok(Self {
            event_id: envelope.id.uuid(),
            stream: envelope.stream_id(),
            version: envelope.streamversion.number(),
            occurred_at: envelope.time,
            envelope: envelope.canonical()?,
        })
    }

    /// The first event of a stream that never was, like this one.
    ///
    /// # Errors
    /// When it is no event.
    pub fn of_another_stream(envelope: &[u8], event: Uuid, stream: Uuid) -> anyhow::Result<Self> {
        Self::like(envelope, |envelope| {
            let kind = envelope.subject.split('/').next().unwrap_or_default();
            envelope.subject = format!("{kind}/{stream}");
            envelope.id = EventId::from_uuid(event);
            envelope.streamversion = Version::FIRST;
        })
    }
}

impl Altered {
    /// The log as it was.
    pub fn none(original: &Original) -> Self {
        let slots = (0..original.entries.len()).map(|of| Slot { of, forged: None });
        Self { slots: slots.collect(), lists: Vec::new() }
    }

    /// The log without these entries, by index.
    pub fn without(original: &Original, removed: &BTreeSet<usize>) -> Self {
        let mut altered = Self::none(original);
        altered.slots.retain(|slot| !removed.contains(&slot.of));
        altered
    }

    /// The same with the versions of every stream from 1 on, as if what is not there had never been.
    ///
    /// # Errors
    /// When an entry is no event.
    pub fn renumbered(mut self, original: &Original) -> anyhow::Result<Self> {
        let mut heads: BTreeMap<Uuid, i64> = BTreeMap::new();
        for slot in &mut self.slots {
            let entry = &original.entries[slot.of];
            let head = heads.entry(entry.stream).or_default();
            *head += 1;
            if let Some(version) = Version::new(*head).filter(|_| *head != entry.version) {
                slot.forged = Some(Forged::like(&entry.envelope, |envelope| {
                    envelope.streamversion = version;
                })?);
            }
        }
        Ok(self)
    }

    /// Whether the entry with this index is another than it was.
    pub fn differs_at(&self, index: usize) -> bool {
        self.slots.get(index).is_none_or(|slot| slot.of != index || slot.forged.is_some())
    }

    /// The index of the first entry that is another, or is not there; none if there is none.
    pub fn first(&self, original: &Original) -> Option<usize> {
        let longest = self.slots.len().max(original.entries.len());
        (0..longest).find(|index| self.differs_at(*index))
    }

    /// The leaves.
    pub fn leaves(&self, original: &Original) -> Vec<Hash> {
        let leaf = |slot: &Slot| match &slot.forged {
            Some(forged) => Hash::of_leaf(&forged.envelope),
            None => original.entries[slot.of].leaf,
        };
        self.slots.iter().map(leaf).collect()
    }

    /// The events that are there no more.
    pub fn removed(&self, original: &Original) -> Vec<Uuid> {
        let id = |slot: &Slot| match &slot.forged {
            Some(forged) => forged.event_id,
            None => original.entries[slot.of].event_id,
        };
        let there: BTreeSet<Uuid> = self.slots.iter().map(id).collect();
        let all = original.entries.iter().map(|entry| entry.event_id);
        all.filter(|id| !there.contains(id)).collect()
    }
}
