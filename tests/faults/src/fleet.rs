//! Where the clients find the replicas.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use stage::Addresses;

use crate::random::Random;

/// Where the replicas are that are there now.
#[derive(Debug, Clone, Default)]
pub struct Fleet(Arc<RwLock<BTreeMap<usize, Addresses>>>);

impl Fleet {
    /// One of them, by a choice.
    pub fn choose(&self, random: &mut Random) -> Option<Addresses> {
        let replicas = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let place = random.below(replicas.len());
        replicas.values().nth(place).cloned()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Addresses> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut BTreeMap<usize, Addresses>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
