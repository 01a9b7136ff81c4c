//! Checkpoints (c2sp.org/tlog-checkpoint): what a log says of its tree, signed as a note.

use std::{fmt, str::FromStr};

use crate::{
    encoding::parse_decimal,
    hash::Hash,
    key::{KeyName, Signer, VerifierKey},
    note::{Note, NoteError},
};

/// How large a tree is and its root, under the log's name. Its text is the note's, that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log: its URL without scheme and without a slash at the end, and the name of its key.
    pub origin: KeyName,
    /// How many entries the tree has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It has more lines, or fewer. Extension lines are refused: no monitor can audit them.
    #[error("a checkpoint is three lines: origin, size and root")]
    Lines,
    /// The first line is no origin.
    #[error("the checkpoint's origin is empty, or has spaces, ASCII control characters or `+`")]
    Origin,
    /// The second line is no size.
    #[error("the checkpoint's size is not a decimal number of 64 bits without leading zeros")]
    Size,
    /// The third line is no hash.
    #[error("the checkpoint's root is not 32 bytes in standard base64")]
    Root,
    /// The root of the empty tree is known.
    #[error("the checkpoint has another root than that of the empty tree, and no entries")]
    EmptyRoot,
    /// It is another log's.
    #[error("the checkpoint is of the log {0}, not of the one whose key is known")]
    OtherOrigin(KeyName),
    /// It is no signed note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// Signs it.
    ///
    /// # Errors
    /// When the signer's name is not the origin, or the root of no entries is not that of the empty tree.
    pub fn sign(&self, signer: &Signer) -> Result<Note, CheckpointError> {
        self.check_empty()?;
        if *signer.verifier_key().name() != self.origin {
            return Err(CheckpointError::OtherOrigin(self.origin.clone()));
        }
        Ok(Note::sign(self.to_string(), signer)?)
    }

    /// The checkpoint in a signed note that the log with this key signed. Signatures by other keys,
    /// such as those of witnesses, are ignored.
    ///
    /// # Errors
    /// When the log did not sign it, or it is no checkpoint of this log.
    pub fn open(note: &Note, log: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::open_by_any(note, std::slice::from_ref(log))
    }

    /// The same of a log that has, or had, several keys: one of them is enough.
    ///
    /// # Errors
    /// When no key signed it that has the checkpoint's origin as its name, or it is none.
    pub fn open_by_any(note: &Note, log: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let signed = note.verify(log)?;
        let checkpoint: Self = note.text().parse()?;
        if signed.iter().any(|key| *key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::OtherOrigin(checkpoint.origin))
        }
    }

    fn check_empty(&self) -> Result<(), CheckpointError> {
        let is_wrong = self.size == 0 && self.root != Hash::of_empty_tree();
        if is_wrong { Err(CheckpointError::EmptyRoot) } else { Ok(()) }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the text of a note, whoever signed it.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else { return Err(CheckpointError::Lines) };
        let checkpoint = Self {
            origin: origin.parse().map_err(|_| CheckpointError::Origin)?,
            size: parse_decimal(size).ok_or(CheckpointError::Size)?,
            root: root.parse().map_err(|_| CheckpointError::Root)?,
        };
        checkpoint.check_empty()?;
        Ok(checkpoint)
    }
}
