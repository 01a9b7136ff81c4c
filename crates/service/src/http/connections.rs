//! Which connections are let in: at most so many in all, and of each peer (connection limiting).
//!
//! An idle connection never keeps anybody out. Once all places are taken, a newcomer gets the place of one
//! that has been idle for long. If none is idle, the newcomer gets one of a few places beyond the limit,
//! where only health is answered. If those are taken too, it is closed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection_limits::{Limits, PLACES_FOR_HEALTH};
use crate::network::Network;

/// How many connections are looked at for one that is idle: of so many, the oldest is old enough.
const LOOKED_AT: usize = 128;

/// While a request is in progress.
const BUSY: u64 = 0;

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Connections {
    max: usize,
    max_per_peer: usize,
    trusted_proxies: Arc<[Network]>,
    shutdown: CancellationToken,
    began: Instant,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    places: Slab<Arc<Activity>>,
    of_peers: HashMap<Network, usize>,
    /// Where the last search for an idle connection ended.
    searched: usize,
}

#[derive(Debug)]
struct Activity {
    /// Whether only health is answered.
    for_health: bool,
    /// Since when it is idle, in milliseconds after `began` and never [`BUSY`]; or that.
    idle_since: AtomicU64,
    /// Cancelled with all others when the server stops.
    given_up: CancellationToken,
}

/// The place of an open connection. Dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    number: usize,
    peer: Option<Network>,
    activity: Arc<Activity>,
}

/// Why a connection was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// There are too many.
    #[error("there are too many connections")]
    Full,
    /// The peer has too many.
    #[error("a peer has too many connections")]
    PeerFull,
}

impl Connections {
    /// Within these limits; all places are given up at shutdown.
    pub(super) fn new(limits: &Limits, shutdown: CancellationToken) -> Self {
        Self {
            max: limits.connections,
            max_per_peer: limits.connections_per_peer,
            trusted_proxies: Arc::clone(&limits.trusted_proxies),
            shutdown,
            began: Instant::now(),
            open: Mutex::default(),
        }
    }

    /// A place for a new connection.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Place, Refused> {
        let peer = self.counted_as(peer);
        let mut open = self.lock();
        if open.places.len() >= self.max.saturating_add(PLACES_FOR_HEALTH) {
            return Err(Refused::Full);
        }
        if let Some(peer) = peer {
            let count = open.of_peers.entry(peer).or_default();
            if *count >= self.max_per_peer {
                return Err(Refused::PeerFull);
            }
            *count += 1;
        }
        let for_health = open.places.len() >= self.max
            && open.give_up_an_idle_one().is_none_or(|left| left.for_health);
        let activity = Arc::new(Activity {
            for_health,
            idle_since: AtomicU64::new(self.now()),
            given_up: self.shutdown.child_token(),
        });
        let number = open.places.insert(Arc::clone(&activity));
        drop(open);
        Ok(Place { connections: Arc::clone(self), number, peer, activity })
    }

    /// The peer's address or network, unless any number of callers come by it.
    fn counted_as(&self, peer: IpAddr) -> Option<Network> {
        let peer = peer.to_canonical();
        if self.trusted_proxies.iter().any(|network| network.contains(peer)) {
            return None;
        }
        // Whoever has one IPv6 address has its network.
        Some(if peer.is_ipv4() { Network::only(peer) } else { Network::around(peer) })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).map_or(u64::MAX, |now| now.max(BUSY + 1))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing that is done while holding it panics half-way.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Gives up the connection that has been idle the longest, of some, and rather one whose place is good for
    /// everything.
    fn give_up_an_idle_one(&mut self) -> Option<&Activity> {
        let numbers = self.places.capacity().max(1);
        let seen = LOOKED_AT.min(numbers);
        let from = self.searched;
        self.searched = (from + seen) % numbers;
        let idle = (0..seen)
            .filter_map(|step| self.places.get((from + step) % numbers))
            .filter_map(|activity| {
                let since = activity.idle_since.load(Ordering::Relaxed);
                let is_idle = since != BUSY && !activity.given_up.is_cancelled();
                is_idle.then_some((activity.for_health, since, activity))
            });
        let (.., oldest) = idle.min_by_key(|(for_health, since, _)| (*for_health, *since))?;
        oldest.given_up.cancel();
        Some(oldest)
    }
}

impl Place {
    /// Whether only health is answered here.
    pub(super) fn is_for_health(&self) -> bool {
        self.activity.for_health
    }

    /// A request is in progress until this is dropped.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.activity.idle_since.store(BUSY, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Whether no request is in progress.
    pub(super) fn is_idle(&self) -> bool {
        self.activity.idle_since.load(Ordering::Relaxed) != BUSY
    }

    /// Waits until another needs the place more, or the server stops.
    pub(super) async fn given_up(&self) {
        self.activity.given_up.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.places.remove(self.number);
        let Some(peer) = self.peer else { return };
        if let Entry::Occupied(mut count) = open.of_peers.entry(peer) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// A request in progress on a connection.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.activity.idle_since.store(self.0.connections.now(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::HttpSettings;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn connections(max: usize, max_per_peer: usize) -> Arc<Connections> {
        let settings = HttpSettings {
            max_connections: max,
            max_connections_per_peer: max_per_peer,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..HttpSettings::default()
        };
        Arc::new(Connections::new(&Limits::from(&settings), CancellationToken::new()))
    }

    #[test]
    fn a_peer_has_so_many_and_a_trusted_proxy_any_number() {
        let connections = connections(100, 2);
        let admit = |peer: &str| connections.admit(address(peer));
        let held = [admit("192.0.2.1").unwrap(), admit("::ffff:192.0.2.1").unwrap()];
        assert_eq!(admit("192.0.2.1").unwrap_err(), Refused::PeerFull);
        let _other = admit("192.0.2.2").unwrap();
        let _proxied: Vec<_> = (0..5).map(|_| admit("10.0.0.1").unwrap()).collect();
        let _network = [admit("2001:db8::1").unwrap(), admit("2001:db8::ff:0:0:1").unwrap()];
        assert_eq!(admit("2001:db8:0:7f::1").unwrap_err(), Refused::PeerFull);
        admit("2001:db8:0:100::1").unwrap();
        drop(held);
        admit("192.0.2.1").unwrap();
        assert!(!connections.lock().of_peers.contains_key(&Network::only(address("192.0.2.1"))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_gives_its_place_to_a_newcomer() {
        let connections = connections(3, 100);
        let admit = || Arc::new(connections.admit(address("192.0.2.1")).unwrap());
        let (busy, oldest) = (admit(), admit());
        let request = busy.busy();
        tokio::time::advance(Duration::from_secs(1)).await;
        let younger = admit();
        tokio::time::advance(Duration::from_secs(1)).await;
        let newcomer = admit();
        assert!(!newcomer.is_for_health());
        oldest.given_up().await;
        let given_up = |place: &Place| place.activity.given_up.is_cancelled();
        assert!(!given_up(&busy) && !given_up(&younger));
        // Idle only now, it is younger than the others.
        drop((request, oldest));
        assert!(busy.is_idle());
        let _next = admit();
        assert!(given_up(&younger) && !given_up(&busy) && !given_up(&newcomer));
    }

    #[test]
    fn without_an_idle_one_a_few_newcomers_are_answered_about_health_and_the_rest_refused() {
        let connections = connections(2, 100);
        let admit = || connections.admit(address("192.0.2.1")).map(Arc::new);
        let held = [admit().unwrap(), admit().unwrap()];
        let requests = held.each_ref().map(Place::busy);
        let beyond: Vec<_> = (0..PLACES_FOR_HEALTH).map(|_| admit().unwrap()).collect();
        // One that is idle among these gives its place to the next, with what it is good for.
        let _asking: Vec<_> = beyond.iter().map(Place::busy).collect();
        assert!(beyond.iter().all(|place| place.is_for_health()));
        assert_eq!(admit().unwrap_err(), Refused::Full);
        drop((requests, held));
        assert_eq!(connections.lock().places.len(), PLACES_FOR_HEALTH);
    }
}
