//! What a stage is made of.

/// What the stage is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One NATS, where each service has an account to itself; a replica is a process with all services.
    Single,
    /// Three NATS in a cluster, streams in three replicas; a replica is a process for each service.
    Cluster,
}

impl Shape {
    pub(crate) fn nats_servers(self) -> usize {
        if self == Self::Single { 1 } else { 3 }
    }
}

/// What is to run out of room.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fillable {
    /// The disks of PostgreSQL and NATS.
    pub disks: bool,
    /// What NATS may store.
    pub store: bool,
}
