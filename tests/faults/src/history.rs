//! What the clients asked for and what became of it: written down as it happens, so that a failure
//! can be read, and kept as the claims that the checks compare with.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

/// An event that must be in the audit index, because a command was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    /// Its type without what all types share, such as `app.created`.
    pub event: &'static str,
    /// Its stream.
    pub stream: Uuid,
    /// Whether exactly once; else at least as often as it is claimed.
    pub once: bool,
}

impl Claim {
    /// An event that must be there exactly once.
    pub const fn once(event: &'static str, stream: Uuid) -> Self {
        Self { event, stream, once: true }
    }
}

/// The history of a run.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    began: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    claims: Vec<Claim>,
    /// What is made once under a name that nothing else has: whether its making was acknowledged.
    named: BTreeMap<String, bool>,
    wrong: Vec<String>,
    acknowledged: u64,
    unknown: u64,
    last_acknowledged: Instant,
    longest_stall: Duration,
}

/// How much happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Commands that were acknowledged.
    pub acknowledged: u64,
    /// Attempts whose outcome nobody told.
    pub unknown: u64,
}

impl History {
    /// A new history in this file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(path: &Path) -> std::io::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            path: path.to_owned(),
            began: now,
            inner: Mutex::new(Inner {
                file: File::create(path)?,
                claims: Vec::new(),
                named: BTreeMap::new(),
                wrong: Vec::new(),
                acknowledged: 0,
                unknown: 0,
                last_acknowledged: now,
                longest_stall: Duration::ZERO,
            }),
        })
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line: who, what, and more.
    pub fn write(&self, who: &str, what: &str, more: &Value) {
        let line = json!({
            "ms": u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "who": who,
            "what": what,
            "more": more,
        });
        let written = writeln!(self.lock().file, "{line}");
        // A run without its history is worth little, but it is no reason to stop.
        if let Err(error) = written {
            eprintln!("the history is not written: {error}");
        }
    }

    /// A command was acknowledged.
    pub fn acknowledged(&self) {
        let mut inner = self.lock();
        inner.acknowledged += 1;
        let stall = inner.last_acknowledged.elapsed();
        inner.longest_stall = inner.longest_stall.max(stall);
        inner.last_acknowledged = Instant::now();
    }

    /// Nobody told what became of an attempt.
    pub fn unknown(&self) {
        self.lock().unknown += 1;
    }

    /// These events must be there.
    pub fn claim(&self, claims: impl IntoIterator<Item = Claim>) {
        self.lock().claims.extend(claims);
    }

    /// Something of this name is made, at most once; exactly once if it was acknowledged.
    pub fn named(&self, name: &str, acknowledged: bool) {
        let mut inner = self.lock();
        *inner.named.entry(name.to_owned()).or_default() |= acknowledged;
    }

    /// An answer that must not be.
    pub fn wrong(&self, what: String) {
        self.write("check", "wrong", &json!(what));
        self.lock().wrong.push(what);
    }

    /// What must be there.
    pub fn claims(&self) -> Vec<Claim> {
        self.lock().claims.clone()
    }

    /// What was made under a name, and whether that was acknowledged.
    pub fn names(&self) -> BTreeMap<String, bool> {
        self.lock().named.clone()
    }

    /// The answers that must not be.
    pub fn wrongs(&self) -> Vec<String> {
        self.lock().wrong.clone()
    }

    /// How much happened so far.
    pub fn tally(&self) -> Tally {
        let inner = self.lock();
        Tally { acknowledged: inner.acknowledged, unknown: inner.unknown }
    }

    /// Measures stalls anew from here on.
    pub fn begin_stall(&self) {
        let mut inner = self.lock();
        inner.longest_stall = Duration::ZERO;
        inner.last_acknowledged = Instant::now();
    }

    /// The longest time without an acknowledged command since [`History::begin_stall`].
    pub fn longest_stall(&self) -> Duration {
        let inner = self.lock();
        inner.longest_stall.max(inner.last_acknowledged.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
