//! `index.html`, the page for the auditor: without a script, and without anything from elsewhere. It is drawn of
//! the package and of nothing else, so that whoever verifies draws it again and compares. Whoever changes what is
//! drawn gives it another number: [`super::description::PAGE`].

use std::fmt::{self, Write as _};

use chrono::SecondsFormat;
use contract::Envelope;

use super::description::{Asked, Description};
use super::files::File;
use super::package::Package;
use super::words::{self, word};
use super::zip::Files;
use crate::printable;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:76rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%;font-size:.85rem}\
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}\
th{border-bottom:2px solid #1a1a1a}\
pre,code{font:.85rem/1.4 ui-monospace,monospace}\
pre{background:#f3f3f3;padding:.8rem;white-space:pre-wrap;overflow-wrap:anywhere}\
dt{font-weight:600}dd{margin:0 0 .6rem;overflow-wrap:anywhere}\
@media print{body{margin:0;max-width:none;font-size:11pt}tr{break-inside:avoid}thead{display:table-header-group}}";

impl Package {
    /// Its files, with the page.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        files.insert(File::Page, draw(self).into_bytes());
        files.insert(File::Description, self.description.bytes());
        files.insert(File::Checkpoint, self.checkpoint.clone());
        files.insert(File::Key, self.key.clone());
        for (id, proof) in &self.replacements {
            files.insert(File::KeyReplacement(*id), proof.clone());
        }
        for (position, entry) in &self.entries {
            files.insert(File::Entry(*position), entry.clone());
        }
        for ((service, version), list) in &self.manifests {
            files.insert(File::Manifest(*service, *version), list.clone());
        }
        for (tile, hashes) in &self.tiles {
            files.insert(File::Tile(*tile), hashes.clone());
        }
        files
    }
}

/// Draws the page.
pub(super) fn draw(package: &Package) -> String {
    let mut page = String::new();
    write(package, &mut page).expect("text grows as it is written to");
    page
}

/// Whether this is the page that is drawn of the package. It is drawn as long as it is the same: what a hostile package
/// makes of its entries is not kept.
pub(super) fn is_drawn_of(package: &Package, page: &[u8]) -> bool {
    let mut same = Same(page);
    write(package, &mut same).is_ok() && same.0.is_empty()
}

/// What is left of a page that is compared with what is written.
struct Same<'a>(&'a [u8]);

impl fmt::Write for Same<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn write(package: &Package, page: &mut impl fmt::Write) -> fmt::Result {
    writeln!(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(
        page,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(page, "<title>Evidence from an audit log</title>\n<style>{STYLE}</style>")?;
    writeln!(page, "</head>\n<body>\n<h1>Evidence from an audit log</h1>")?;
    what(&package.description, page)?;
    consent(package, page)?;
    table(package, page)?;
    how(package, page)?;
    limits(package.description.asked, page)?;
    writeln!(page, "</body>\n</html>")
}

/// The events, one after the other: all of them together can be many times as large as their bytes.
fn events(package: &Package) -> impl Iterator<Item = (u64, Option<Envelope>)> {
    let entries = package.entries.iter();
    entries.map(|(position, entry)| (*position, Envelope::parse(entry).ok()))
}

/// What this is.
fn what(description: &Description, page: &mut impl fmt::Write) -> fmt::Result {
    let Description { log, size, root, server, made_by, made_at, .. } = description;
    writeln!(
        page,
        "<p>This file has some entries of a transparency log, and what proves that they are in it unchanged. \
         It needs no server: whoever has it and the log's key can verify it alone. This page says in words \
         what the entries say; the proof is in the files beside it. People, apps and accounts are named by \
         their ids: personal data is in no entry.</p>\n<dl>"
    )?;
    let made = made_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    for (term, value) in [
        ("Asked", asked(description.asked)),
        ("Log", word(log)),
        ("State of the log", format!("{size} entries, root {}", word(root))),
        (
            "Made, as whoever made it says",
            format!("{made}, by {}, from {}", word(made_by), word(server)),
        ),
        ("Entries here", description.positions.len().to_string()),
    ] {
        writeln!(page, "<dt>{term}</dt><dd>{}</dd>", Escaped(&value))?;
    }
    writeln!(page, "</dl>")
}

/// What was asked, and no more than is proven of it.
fn asked(asked: Asked) -> String {
    match asked {
        Asked::Grant(grant) => format!(
            "The consent {grant}: what happened to it, to the link that it came through, and to its app, as far as it is here"
        ),
        Asked::Recorded { from, to } => format!(
            "What was recorded from {from} to before {to}, as whoever made it says: when an entry was recorded is in none"
        ),
    }
}

/// Who allowed whom to do what, and when.
fn consent(package: &Package, page: &mut impl fmt::Write) -> fmt::Result {
    let Asked::Grant(grant) = package.description.asked else { return Ok(()) };
    let subject = format!("consent/{grant}");
    writeln!(page, "<h2>Who allowed whom to do what, and when</h2>\n<ul>")?;
    for (position, event) in events(package) {
        let Some(event) = event.filter(|event| event.subject == subject) else { continue };
        let told = words::tell(&event);
        writeln!(page, "<li>{}: {} (entry {position})</li>", time(&event), Escaped(&told))?;
    }
    writeln!(page, "</ul>")
}

fn table(package: &Package, page: &mut impl fmt::Write) -> fmt::Result {
    writeln!(
        page,
        "<h2>The entries</h2>\n<table>\n<thead><tr><th>Position</th><th>Time</th><th>Type</th><th>Actor</th>\
         <th>What happened</th></tr></thead>\n<tbody>"
    )?;
    for (position, event) in events(package) {
        write!(page, "<tr><td><a href=\"entries/{position}.json\">{position}</a></td>")?;
        match event {
            Some(event) => writeln!(
                page,
                "<td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                time(&event),
                Escaped(&word(&event.kind)),
                Escaped(&event.actor.to_string()),
                Escaped(&words::tell(&event)),
            )?,
            None => writeln!(page, "<td></td><td></td><td></td><td>This is no event.</td></tr>")?,
        }
    }
    writeln!(page, "</tbody>\n</table>")
}

/// How to verify.
fn how(package: &Package, page: &mut impl fmt::Write) -> fmt::Result {
    let key = String::from_utf8_lossy(&package.key);
    writeln!(
        page,
        "<h2>How to verify it</h2>\n<p>Get the log's key on a way that does not lead through whoever gave you \
         this file, such as from the contract, and compare it with the one here, which proves nothing by itself:</p>\n\
         <pre>{}</pre>\n<p>Then, without any network, with Mandate:</p>\n\
         <pre>mandate verify --evidence evidence.zip --key-file log.vkey</pre>\n\
         <p>or with a program of the source's folder tests/go/tlog, which has nothing of Mandate and uses Go's \
         own packages sumdb/note and sumdb/tlog:</p>\n<pre>tlog evidence -key '&lt;key&gt;' evidence.zip</pre>\n\
         <p>Both verify the log's signature, and for each entry, that the SHA-256 tree over all entries \
         (RFC 6962) has it at its position. Mandate also compares this page with the entries.</p>",
        Escaped(key.trim_end())
    )
}

/// What it does not prove.
fn limits(asked: Asked, page: &mut impl fmt::Write) -> fmt::Result {
    let of_what_is_here = match asked {
        Asked::Grant(_) => {
            "Of the consent, its link and its app every event is here up to the last that is here. That none came after \
             that is shown only by a manifest which lists it to there, and up to that manifest: Mandate says of which of \
             them one is here, and of which nothing shows it."
        }
        Asked::Recorded { .. } => {
            "It does not prove that these entries are of that time, nor that they are all of it: when an entry was \
             recorded is in none. Lists of manifests are shown to be those that the manifests name; whether what they \
             list is in the log is not."
        }
    };
    writeln!(
        page,
        "<h2>What it does not prove</h2>\n<p>It proves what was recorded, in which order, and that it was not \
         changed. It does not prove that whoever recorded it told the truth, nor when this file was made, nor \
         that nothing happened after the state of the log that it names.</p>\n<p>{of_what_is_here}</p>"
    )
}

fn time(event: &Envelope) -> String {
    event.time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Text in HTML: nothing that an entry says is markup, or turns the text around it.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in self.0.chars() {
            match it {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                it if printable::commands(it) => f.write_char('\u{fffd}')?,
                it => f.write_char(it)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_an_entry_says_is_markup() {
        let text = Escaped("<b a='1' b=\"2\">&\u{1b}").to_string();
        assert_eq!(text, "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;\u{fffd}");
    }

    #[test]
    fn nothing_that_an_entry_says_turns_the_text_around_it() {
        let text = Escaped("a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{feff}ü").to_string();
        assert_eq!(text, "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}ü");
    }
}
