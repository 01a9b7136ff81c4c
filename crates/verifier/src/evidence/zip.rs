//! The zip (APPNOTE.TXT) in the one form that evidence has: every file once, in order, stored as it is, without
//! times, comments or anything else beside. What has another form is refused, so that nobody can hide anything
//! in it that one program shows and another does not; and since nothing is compressed, nothing becomes larger
//! than what was read.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter};

use super::files::File;

/// How many bytes a zip of evidence has at most.
pub(crate) const MAX_BYTES: usize = 512 << 20;
/// How many files: what a zip can say without its extension of 64 bits.
pub(crate) const MAX_FILES: usize = 65_000;

/// The files of a zip, in order.
pub(crate) type Files = BTreeMap<File, Vec<u8>>;

/// Why a file is no zip of evidence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZipError {
    /// Its directory cannot be read.
    #[error("it is no zip file, or a damaged one: {0}")]
    Format(rawzip::Error),
    /// Too many.
    #[error("it has over {MAX_FILES} files, more than evidence can have")]
    TooMany,
    /// A name that no file of evidence has.
    #[error("it has a file `{0}`, which no evidence has")]
    Name(String),
    /// A name that is there twice.
    #[error("it has the file `{0}` twice")]
    Twice(File),
    /// A packed file.
    #[error("its file `{0}` is compressed; evidence is stored as it is")]
    Compressed(File),
    /// A file that is larger than it can be.
    #[error("its file `{0}` has over {1} bytes, more than it can have")]
    TooLarge(File, usize),
    /// A file that has another checksum or length than the directory says.
    #[error(
        "its file `{0}` is not the one that was written (CRC-32): it was changed, or damaged on its way"
    )]
    Checksum(File),
    /// It is not what we write of these files.
    #[error(
        "it is not as evidence is written: there is something in it beside its files, or another program zipped them anew"
    )]
    Form,
}

/// The zip of these files.
pub(crate) fn write(files: &Files) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::builder().with_capacity(files.len()).build(&mut bytes);
    for (file, content) in files {
        let name = file.to_string();
        let new = archive.new_file(name.as_str()).compression_method(CompressionMethod::STORE);
        let (mut entry, config) = new.start().map_err(io::Error::other)?;
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content)?;
        let (_, descriptor) = writer.finish().map_err(io::Error::other)?;
        entry.finish(descriptor).map_err(io::Error::other)?;
    }
    archive.finish().map_err(io::Error::other)?;
    Ok(bytes)
}

/// The files of a zip. Whether it is what [`write`] makes of them, [`check_form`] says.
///
/// # Errors
/// When it is none of evidence.
pub(crate) fn read(bytes: &[u8]) -> Result<Files, ZipError> {
    let archive = ZipArchive::from_slice(bytes).map_err(ZipError::Format)?;
    let mut files = Files::new();
    for record in archive.entries() {
        let record = record.map_err(ZipError::Format)?;
        if files.len() == MAX_FILES {
            return Err(ZipError::TooMany);
        }
        let name = record.file_path();
        let name = String::from_utf8_lossy(name.as_bytes());
        let file: File = name.parse().map_err(|_| ZipError::Name(name.clone().into_owned()))?;
        if record.compression_method() != CompressionMethod::STORE {
            return Err(ZipError::Compressed(file));
        }
        let entry = archive.get_entry(record.wayfinder()).map_err(ZipError::Format)?;
        let content = entry.data();
        if content.len() > file.limit() {
            return Err(ZipError::TooLarge(file, file.limit()));
        }
        let is_whole = record.uncompressed_size_hint() == content.len() as u64
            && rawzip::crc32(content) == record.crc32();
        if !is_whole {
            return Err(ZipError::Checksum(file));
        }
        if files.insert(file, content.to_vec()).is_some() {
            return Err(ZipError::Twice(file));
        }
    }
    Ok(files)
}

/// Whether a zip is what we write of its files. Whatever else differs shows by this: what is before, between and
/// after them, what overlaps, flags, attributes and comments.
///
/// # Errors
/// [`ZipError::Form`].
pub(crate) fn check_form(bytes: &[u8], files: &Files) -> Result<(), ZipError> {
    match write(files) {
        Ok(written) if written == bytes => Ok(()),
        _ => Err(ZipError::Form),
    }
}
