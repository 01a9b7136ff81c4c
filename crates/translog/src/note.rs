//! Signed notes (c2sp.org/signed-note): a text, an empty line, and a line for each signature.

use std::{fmt, str};

use crate::{
    encoding::{parse_base64, to_base64},
    key::{KeyId, KeyName, Signer, VerifierKey},
};

/// How many bytes a note that is read has at most: 16 signatures by post-quantum keys are a tenth of it.
pub const MAX_NOTE_BYTES: usize = 1_000_000;
/// How many signatures a note that is read has at most: what Go's implementation takes.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature's line begins with: an em dash and a space.
const SIGNATURE: &str = "\u{2014} ";

/// A text and signatures, of which nothing is verified yet. Its text form is the signed note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// A signature, by whomever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: KeyName,
    /// Its id.
    pub id: KeyId,
    /// What the key made; its form is the signature type's matter.
    pub bytes: Vec<u8>,
}

/// What is wrong with a note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is too long.
    #[error("the note has {0} bytes, of at most {MAX_NOTE_BYTES}")]
    TooLong(usize),
    /// It has bytes that a text cannot have.
    #[error("a note is UTF-8 without ASCII control characters, line ends apart")]
    Characters,
    /// A text that is to be signed does not end its last line.
    #[error("the text of a note ends with a line end")]
    Text,
    /// There are no signatures.
    #[error("the note has no empty line with signatures after it, or does not end with a line end")]
    Unsigned,
    /// A line of a signature is none.
    #[error(
        "line {0} after the note's text is no signature: em dash, space, name, space, base64 of 4 bytes and more"
    )]
    Signature(usize),
    /// There are too many signatures.
    #[error("the note has over {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A key that is known did not make this signature.
    #[error("the signature by {name} (key {id}) is wrong")]
    WrongSignature {
        /// The key's name.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
    /// Nobody who is known signed.
    #[error("no known key signed the note")]
    UnknownKeys,
    /// Which key is meant cannot be told.
    #[error("two different known keys are named {name} with the id {id}")]
    AmbiguousKey {
        /// The name of both.
        name: KeyName,
        /// The id of both.
        id: KeyId,
    },
}

impl Note {
    /// Signs a text.
    ///
    /// # Errors
    /// When the text is too long, has ASCII control characters, or does not end its last line.
    pub fn sign(text: String, signer: &Signer) -> Result<Self, NoteError> {
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        let mut note = Self { text, signatures: Vec::new() };
        note.add(signer);
        Ok(note)
    }

    /// Adds a signature.
    pub fn add(&mut self, signer: &Signer) {
        let key = signer.verifier_key();
        let bytes = signer.sign(&self.text);
        self.signatures.push(Signature { name: key.name().clone(), id: key.id(), bytes });
    }

    /// Reads a signed note, and verifies nothing: [`verify`](Self::verify) does.
    ///
    /// # Errors
    /// When it is no signed note, or larger than is read.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        check_text(note)?;
        // The text may have empty lines, the signatures may not.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Unsigned)?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        let lines = || signatures.split('\n');
        if lines().nth(MAX_SIGNATURES).is_some() {
            return Err(NoteError::TooManySignatures);
        }
        let read = |(line, text)| parse_signature(text).ok_or(NoteError::Signature(line));
        let signatures = (1..).zip(lines()).map(read).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, with its last line end. Nobody may have signed it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, of which any may be wrong.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Verifies the signatures by these keys, and tells which of the keys signed: one at least.
    /// Signatures by others are ignored, and so are those of a type that cannot be verified.
    ///
    /// # Errors
    /// When a signature by one of the keys is wrong, whatever others there are, or none of them signed.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let Some(key) = signature.key(known)? else { continue };
            match key.verify(&self.text, &signature.bytes) {
                None => {}
                Some(true) if signed.contains(&key) => {}
                Some(true) => signed.push(key),
                Some(false) => {
                    let Signature { name, id, .. } = signature.clone();
                    return Err(NoteError::WrongSignature { name, id });
                }
            }
        }
        if signed.is_empty() { Err(NoteError::UnknownKeys) } else { Ok(signed) }
    }
}

impl Signature {
    /// The known key that is to have made it.
    fn key<'k>(&self, known: &'k [VerifierKey]) -> Result<Option<&'k VerifierKey>, NoteError> {
        let mut named = known.iter().filter(|key| *key.name() == self.name && key.id() == self.id);
        let Some(key) = named.next() else { return Ok(None) };
        if named.all(|other| other == key) {
            return Ok(Some(key));
        }
        Err(NoteError::AmbiguousKey { name: self.name.clone(), id: self.id })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.0[..], &self.bytes].concat();
        write!(f, "{SIGNATURE}{} {}", self.name, to_base64(&bytes))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong(text.len()));
    }
    let is_allowed = |byte: u8| byte >= b' ' || byte == b'\n';
    if text.bytes().all(is_allowed) { Ok(()) } else { Err(NoteError::Characters) }
}

fn parse_signature(line: &str) -> Option<Signature> {
    let (name, signature) = line.strip_prefix(SIGNATURE)?.split_once(' ')?;
    let signature = parse_base64(signature)?;
    let (id, bytes) = signature.split_first_chunk()?;
    if bytes.is_empty() {
        return None;
    }
    Some(Signature { name: name.parse().ok()?, id: KeyId(*id), bytes: bytes.to_vec() })
}
