//! The zip (APPNOTE.TXT) in the one form that evidence has: every file once, in order, stored as it is, without
//! times, comments or anything else beside. What has another form is refused, so that nobody can hide anything
//! in it that one program shows and another does not; and since nothing is compressed, nothing becomes larger
//! than what was read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter, ZipSliceArchive};

use super::files::File;
use crate::signature::MAX_REPLACEMENTS;

/// How many bytes a zip of evidence has at most; and its files together, since nothing of it is there twice.
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
    /// Too many keys are said to be replaced: each costs a signature and a proof.
    #[error("it has over {MAX_REPLACEMENTS} files key-replacement/…, more than evidence can have")]
    TooManyReplacements,
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
    /// Two files, or a file and the header of another, are in the same bytes: so a small zip says that it has much.
    #[error("its files `{0}` and `{1}` overlap: they are in the same bytes of it")]
    Overlap(File, File),
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
    write_to(&mut bytes, files)?;
    Ok(bytes)
}

fn write_to(out: impl Write, files: &Files) -> io::Result<()> {
    let mut archive = ZipArchiveWriter::builder().with_capacity(files.len()).build(out);
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
    Ok(())
}

/// A file as the directory lists it.
struct Listed<'a> {
    file: File,
    content: &'a [u8],
    crc32: u32,
    /// Where its header begins, and where its content ends.
    begin: u64,
    end: u64,
}

/// The files of a zip. Whether it is what [`write()`] makes of them, [`check_form`] says. Nothing is copied before it is
/// known that all of it together is no more than the zip itself.
///
/// # Errors
/// When it is none of evidence.
pub(crate) fn read(bytes: &[u8]) -> Result<Files, ZipError> {
    let archive = ZipArchive::from_slice(bytes).map_err(ZipError::Format)?;
    let mut listed = list(&archive)?;
    check_overlap(&mut listed)?;
    let mut files = Files::new();
    for Listed { file, content, crc32, .. } in listed {
        if rawzip::crc32(content) != crc32 {
            return Err(ZipError::Checksum(file));
        }
        if files.insert(file, content.to_vec()).is_some() {
            return Err(ZipError::Twice(file));
        }
    }
    Ok(files)
}

/// The files that the directory lists, each of which is one of evidence by itself.
fn list<'a>(archive: &'a ZipSliceArchive<&[u8]>) -> Result<Vec<Listed<'a>>, ZipError> {
    let (mut listed, mut replacements) = (Vec::new(), 0);
    for record in archive.entries() {
        let record = record.map_err(ZipError::Format)?;
        if listed.len() == MAX_FILES {
            return Err(ZipError::TooMany);
        }
        let name = record.file_path();
        let name = String::from_utf8_lossy(name.as_bytes());
        let file: File = name.parse().map_err(|_| ZipError::Name(name.clone().into_owned()))?;
        replacements += usize::from(matches!(file, File::KeyReplacement(_)));
        if replacements > MAX_REPLACEMENTS {
            return Err(ZipError::TooManyReplacements);
        }
        if record.compression_method() != CompressionMethod::STORE {
            return Err(ZipError::Compressed(file));
        }
        let entry = archive.get_entry(record.wayfinder()).map_err(ZipError::Format)?;
        let content = entry.data();
        if content.len() > file.limit() {
            return Err(ZipError::TooLarge(file, file.limit()));
        }
        if record.uncompressed_size_hint() != content.len() as u64 {
            return Err(ZipError::Checksum(file));
        }
        let (begin, (_, end)) = (record.local_header_offset(), entry.compressed_data_range());
        listed.push(Listed { file, content, crc32: record.crc32(), begin, end });
    }
    Ok(listed)
}

/// Each file begins behind the one before it.
fn check_overlap(listed: &mut [Listed<'_>]) -> Result<(), ZipError> {
    listed.sort_by_key(|it| it.begin);
    let overlapping = listed.windows(2).find(|pair| pair[1].begin < pair[0].end);
    overlapping.map_or(Ok(()), |pair| Err(ZipError::Overlap(pair[0].file, pair[1].file)))
}

/// Whether a zip is what we write of its files. Whatever else differs shows by this: what is before, between and
/// after them, flags, attributes and comments.
///
/// # Errors
/// [`ZipError::Form`].
pub(crate) fn check_form(bytes: &[u8], files: &Files) -> Result<(), ZipError> {
    let mut same = Same(bytes);
    match write_to(&mut same, files) {
        Ok(()) if same.0.is_empty() => Ok(()),
        _ => Err(ZipError::Form),
    }
}

/// Takes what is written only as long as it is the same as these bytes: nothing is kept of it.
struct Same<'a>(&'a [u8]);

impl Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or_else(|| io::Error::other("it differs"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
