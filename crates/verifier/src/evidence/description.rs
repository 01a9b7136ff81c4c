//! `evidence.json`: what was asked, when, of which log, and what there is. Nobody signed it: whoever verifies
//! compares it with what is signed.

use chrono::{DateTime, Utc};
use contract::GrantId;
use serde::{Deserialize, Serialize};

/// The format of the zip, in this version.
pub(crate) const FORMAT: &str = "mandate-evidence/1";
/// How the page is drawn, in this version: another drawing of the same entries is another number.
pub(crate) const PAGE: u32 = 2;

/// `evidence.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// Which drawing `index.html` is.
    pub(crate) page: u32,
    /// When it was made, by the clock of whoever made it.
    pub(crate) made_at: DateTime<Utc>,
    /// Which program made it.
    pub(crate) made_by: String,
    /// Of which server.
    pub(crate) server: String,
    /// The name of the log.
    pub(crate) log: String,
    /// How many entries the log had.
    pub(crate) size: u64,
    /// Its root.
    pub(crate) root: String,
    /// What was asked.
    pub(crate) asked: Asked,
    /// The positions of the entries, counted from 1.
    pub(crate) positions: Vec<u64>,
    /// The streams of which every event is there that the log had.
    pub(crate) streams: Vec<Stream>,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Asked {
    /// One consent.
    Grant(GrantId),
    /// Everything that was recorded from the first time to before the second.
    Recorded {
        /// Not before this time.
        from: DateTime<Utc>,
        /// Before this time.
        to: DateTime<Utc>,
    },
}

/// A stream that is there as far as the log had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stream {
    /// `<aggregate>/<id>`.
    pub(crate) stream: String,
    /// How many events it has.
    pub(crate) events: u64,
}

impl Description {
    /// Reads the file: in the form in which it is written, and no other.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let description: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if description.format != FORMAT {
            let format = &description.format;
            return Err(format!("its format is `{format}`, and this program reads {FORMAT}"));
        }
        if description.bytes() == bytes {
            Ok(description)
        } else {
            Err("it is not in the form in which it is written".to_owned())
        }
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("it has nothing that is not JSON");
        bytes.push(b'\n');
        bytes
    }
}
