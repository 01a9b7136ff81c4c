//! Takes pictures of all samples of a gallery of pages, and checks each by machine.
//!
//! [`gallery`] is where the samples come from, [`shot`] the ways in which each is looked at.

mod gallery;
mod shot;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use browser::Browser;
use clap::Parser;

use crate::{
    gallery::{Gallery, Sample},
    shot::Shot,
};

/// Bytes of a first visit, all included and compressed. In debug builds nothing is compressed, so it
/// is measured there without compression.
const WEIGHT: u64 = 160_000;
/// How many pictures may be committed.
const PICTURES: usize = 30;
/// Bytes of all that are committed.
const BYTES: u64 = 4_000_000;

#[derive(Parser)]
#[command(about = "Pictures of the portal's pages, each checked by machine")]
struct Arguments {
    /// The program that serves the gallery and prints its address.
    #[arg(long)]
    gallery: PathBuf,
    /// Only samples whose name contains this; committed pictures stay as they are then.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pictures = root.join("target/pictures");
    fs::create_dir_all(&pictures)?;
    let gallery = Gallery::start(&arguments.gallery)?;
    let mut samples = gallery.samples().await?;
    if let Some(only) = &arguments.only {
        samples.retain(|sample| sample.name.contains(only));
    }
    let mut faults = Vec::new();
    for shot in Shot::all() {
        let wanted: Vec<&Sample> = samples.iter().filter(|sample| shot.is_of(sample)).collect();
        if wanted.is_empty() {
            continue;
        }
        let browser = Browser::start(shot.options()).await;
        for sample in wanted {
            faults.extend(take(&browser, &gallery, shot, sample, &pictures).await?);
        }
    }
    if arguments.only.is_none() {
        copy_committed(&root.join("docs/pictures"), &pictures)?;
    }
    println!("{} samples, pictures in {}", samples.len(), pictures.display());
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} faults:\n{}", faults.len(), faults.join("\n"))
}

/// One picture of one sample, and what is wrong with it.
async fn take(
    browser: &Browser,
    gallery: &Gallery,
    shot: Shot,
    sample: &Sample,
    pictures: &Path,
) -> anyhow::Result<Vec<String>> {
    let name = format!("{}-{}", sample.name.replace('/', "-"), shot.name());
    browser.goto(&gallery.url(&shot.path(sample))).await;
    if shot.is_print() {
        fs::write(pictures.join(name + ".pdf"), browser.print().await)?;
        return Ok(Vec::new());
    }
    fs::write(pictures.join(format!("{name}.png")), browser.screenshot().await)?;
    let mut faults = browser.faults(WEIGHT).await;
    if matches!(shot, Shot::French) {
        let language: String =
            browser.execute("return document.documentElement.lang", Vec::new()).await;
        if language != "fr" {
            faults.push(format!("it is in {language}, and should be in French"));
        }
    }
    Ok(faults.into_iter().map(|fault| format!("{name}: {fault}")).collect())
}

/// Copies what `committed.txt` lists, and fails when that is more than may be committed.
fn copy_committed(docs: &Path, pictures: &Path) -> anyhow::Result<()> {
    let list = docs.join("committed.txt");
    if !list.exists() {
        return Ok(());
    }
    let list = fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    let mut sizes = BTreeMap::new();
    for name in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let picture = pictures.join(name);
        let bytes = fs::copy(&picture, docs.join(name)).with_context(|| {
            format!("{} is listed, but there is no such picture", picture.display())
        })?;
        sizes.insert(name, bytes);
    }
    let bytes: u64 = sizes.values().sum();
    if sizes.len() > PICTURES || bytes > BYTES {
        bail!("{} pictures of {bytes} bytes: at most {PICTURES} and {BYTES}", sizes.len());
    }
    Ok(())
}
