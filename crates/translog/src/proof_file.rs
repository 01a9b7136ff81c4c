//! The file that proves one entry offline (c2sp.org/tlog-proof), stored as `.tlog-proof`.

use std::{fmt, str};

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    encoding::{parse_base64, parse_decimal, to_base64},
    hash::Hash,
    key::VerifierKey,
    note::{Note, NoteError},
    proof::{InvalidProof, verify_inclusion},
};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";
/// A tree of 64-bit size is no higher.
const MAX_HASHES: usize = 64;

/// An inclusion proof with the checkpoint of its tree. Its text is the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// What the application keeps with it, such as the entry itself; nothing when it is empty. Nobody
    /// signed it: what it says holds only for what the proof is verified with.
    pub extra: Vec<u8>,
    /// Which entry, counted from 0.
    pub index: u64,
    /// The inclusion proof.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// What is wrong with a proof file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// It has bytes that a text cannot have.
    #[error("a proof file is UTF-8")]
    Characters,
    /// It is another kind of file, or of a later version.
    #[error("a proof file begins with the line {FIRST_LINE}")]
    FirstLine,
    /// It ends before the checkpoint.
    #[error("the proof file has no checkpoint after an empty line")]
    Truncated,
    /// The extra data is none.
    #[error("the extra data of the proof file is not base64 of one byte or more")]
    Extra,
    /// There is no index.
    #[error("the proof file has no index: a decimal number of 64 bits without leading zeros")]
    Index,
    /// A line of the proof is no hash.
    #[error("hash {0} of the proof file, counted from 1, is not 32 bytes in standard base64")]
    Hash(usize),
    /// The proof is longer than any.
    #[error("a proof has at most {MAX_HASHES} hashes")]
    TooManyHashes,
    /// The checkpoint is no signed note.
    #[error("the checkpoint of the proof file: {0}")]
    Note(#[from] NoteError),
    /// The checkpoint is none, or not the log's.
    #[error("the checkpoint of the proof file: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] InvalidProof),
}

impl ProofFile {
    /// Reads a file, and verifies nothing: [`verify`](Self::verify) does.
    ///
    /// # Errors
    /// When it is no proof file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        let file = str::from_utf8(bytes).map_err(|_| ProofFileError::Characters)?;
        let rest = file.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n'));
        let rest = rest.ok_or(ProofFileError::FirstLine)?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or(ProofFileError::Truncated)?;
        let mut lines = head.split('\n').peekable();
        let extra = match lines.next_if(|line| line.starts_with(EXTRA)) {
            None => Vec::new(),
            Some(line) => {
                let extra = parse_base64(&line[EXTRA.len()..]).filter(|extra| !extra.is_empty());
                extra.ok_or(ProofFileError::Extra)?
            }
        };
        let index = lines.next().and_then(|line| parse_decimal(line.strip_prefix(INDEX)?));
        let index = index.ok_or(ProofFileError::Index)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_HASHES {
                return Err(ProofFileError::TooManyHashes);
            }
            proof.push(line.parse().map_err(|_| ProofFileError::Hash(proof.len() + 1))?);
        }
        Ok(Self { extra, index, proof, checkpoint: Note::parse(checkpoint.as_bytes())? })
    }

    /// Verifies that this leaf is in the log with this key, at [`index`](Self::index), and tells by which
    /// checkpoint.
    ///
    /// # Errors
    /// When the log did not sign the checkpoint, or the proof does not lead from the leaf to its root.
    pub fn verify(&self, leaf: Hash, log: &VerifierKey) -> Result<Checkpoint, ProofFileError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        verify_inclusion(leaf, self.index, &self.proof, checkpoint.size, checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if !self.extra.is_empty() {
            writeln!(f, "{EXTRA}{}", to_base64(&self.extra))?;
        }
        writeln!(f, "{INDEX}{}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
