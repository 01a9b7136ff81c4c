//! Evidence of small logs: as it is made, changed, and forged.

mod changed;
mod forged;
mod hostile;
mod made;
mod replaced;

use std::collections::BTreeMap;
use std::fs;

use contract::envelope::{Commitments, EventHeader};
use contract::facts::{
    AppSuspended, ConsentEndReason, ConsentGranted, ConsentLinkExpired, ConsentRevoked, Fact,
};
use contract::rpc::AccountRole;
use contract::{
    AccountId, AppId, Envelope, Environment, GrantId, LinkId, PersonId, Provenance, Service,
    Version,
};
use translog::{Checkpoint, Hash, Signer, Tile, Tiles, Tree, VerifierKey, proof};
use uuid::Uuid;

use super::description::{Asked, Description, FORMAT, PAGE, Stream};
use super::package::Package;
use super::{verify, zip};
use crate::failure::Audited;
use crate::outcome::Outcome;
use crate::signature::Given;

/// The ids of the consent, its link and its app.
const GRANT: u128 = 1;
const LINK: u128 = 2;
const APP: u128 = 3;

/// The entries of a log, who signs them, and the tiles over them.
pub(super) struct Log {
    pub(super) signer: Signer,
    pub(super) entries: Vec<Vec<u8>>,
}

/// What the command said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: u8,
    pub(super) text: String,
}

impl Said {
    /// This exit code, and each of these texts.
    #[track_caller]
    pub(super) fn is(&self, code: u8, texts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.text);
        for text in texts {
            assert!(self.text.contains(text), "`{text}` is not in\n{}", self.text);
        }
    }
}

/// The bytes of an event at this place of a stream.
fn event<F: Fact>(stream: u128, version: i64, source: Service, fact: &F) -> Vec<u8> {
    let environment = Environment::system();
    let header = EventHeader {
        id: environment.new_id(),
        stream: Uuid::from_u128(stream),
        version: Version::new(version).unwrap(),
        time: environment.now(),
        source,
    };
    let provenance = Provenance::system(source, None, environment.new_id());
    let envelope = Envelope::of(&header, &provenance, Commitments::default(), fact).unwrap();
    envelope.canonical().unwrap()
}

/// What happens to some app.
pub(super) fn of_app(app: u128, version: i64) -> Vec<u8> {
    let app_id = AppId::from_uuid(Uuid::from_u128(app));
    event(app, version, Service::AppRegistry, &AppSuspended { app_id })
}

fn of_grant(version: i64) -> Vec<u8> {
    if version == 1 {
        return granted(LINK, APP);
    }
    let fact = ConsentRevoked {
        grant_id: grant(),
        app_id: AppId::from_uuid(Uuid::from_u128(APP)),
        account_id: AccountId::from_uuid(Uuid::from_u128(4)),
        reason: ConsentEndReason::Requested,
    };
    event(GRANT, version, Service::ConsentBroker, &fact)
}

/// The consent is granted, through this link to this app.
fn granted(link: u128, app: u128) -> Vec<u8> {
    let fact = ConsentGranted {
        grant_id: grant(),
        app_id: AppId::from_uuid(Uuid::from_u128(app)),
        account_id: AccountId::from_uuid(Uuid::from_u128(4)),
        link_id: LinkId::from_uuid(Uuid::from_u128(link)),
        person_id: PersonId::from_uuid(Uuid::from_u128(6)),
        role: AccountRole::Admin,
        service: "retail-media".to_owned(),
        domains: Vec::new(),
        expires_at: None,
    };
    event(GRANT, 1, Service::ConsentBroker, &fact)
}

fn of_link(version: i64) -> Vec<u8> {
    let fact = ConsentLinkExpired {
        link_id: LinkId::from_uuid(Uuid::from_u128(LINK)),
        app_id: AppId::from_uuid(Uuid::from_u128(APP)),
    };
    event(LINK, version, Service::ConsentBroker, &fact)
}

/// The consent that there is evidence of.
pub(super) fn grant() -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(GRANT))
}

/// The log of these entries.
pub(super) fn log(entries: Vec<Vec<u8>>) -> Log {
    Log { signer: Signer::generate("log.example.com/audit/log".parse().unwrap()), entries }
}

/// A log of so many entries of other apps, in which a consent is: two events of it, two of its link, and two of
/// its app.
pub(super) fn log_with_consent(others: u128) -> Log {
    let mut entries: Vec<_> = (0..others).map(|other| of_app(1000 + other, 1)).collect();
    let own = [of_app(APP, 1), of_link(1), of_link(2), of_grant(1), of_app(APP, 2), of_grant(2)];
    let step = (entries.len() / own.len()).max(1);
    for (at, entry) in own.into_iter().enumerate() {
        let at = (at * step + at).min(entries.len());
        entries.insert(at, entry);
    }
    log(entries)
}

impl Log {
    pub(super) fn key(&self) -> VerifierKey {
        self.signer.verifier_key().clone()
    }

    /// The signed checkpoint of the first so many entries.
    pub(super) fn checkpoint(&self, size: usize) -> String {
        self.signed(size).sign(&self.signer).unwrap().to_string()
    }

    fn signed(&self, size: usize) -> Checkpoint {
        let mut tree = Tree::new();
        tree.append(self.entries[..size].iter().map(|entry| Hash::of_leaf(entry)));
        let origin = self.key().name().clone();
        Checkpoint { origin, size: tree.size(), root: tree.root() }
    }

    /// The positions of the entries of the consent, its link and its app.
    fn of_consent(&self) -> Vec<u64> {
        let own = [("consent", GRANT), ("consent-link", LINK), ("app", APP)];
        let own = own.map(|(kind, id)| format!("{kind}/{}", Uuid::from_u128(id)));
        let subject = |entry: &[u8]| Envelope::parse(entry).unwrap().subject;
        let all = (1..).zip(&self.entries);
        all.filter(|(_, entry)| own.contains(&subject(entry)))
            .map(|(position, _)| position)
            .collect()
    }

    /// Evidence of the consent.
    pub(super) fn evidence_of_consent(&self) -> Package {
        self.evidence_of_consent_after(None)
    }

    /// The same, and that the log goes on from a checkpoint of this size.
    pub(super) fn evidence_of_consent_after(&self, kept: Option<u64>) -> Package {
        let streams = [("consent", GRANT), ("consent-link", LINK), ("app", APP)];
        let streams = streams.map(|(kind, id)| Stream {
            stream: format!("{kind}/{}", Uuid::from_u128(id)),
            events: 2,
        });
        self.evidence(Asked::Grant(grant()), self.of_consent(), streams.to_vec(), kept)
    }

    /// Evidence of all that was recorded at these positions.
    pub(super) fn evidence_of_range(&self, positions: impl IntoIterator<Item = u64>) -> Package {
        let now = Environment::system().now();
        let asked = Asked::Recorded { from: now, to: now };
        self.evidence(asked, positions.into_iter().collect(), Vec::new(), None)
    }

    /// Evidence that the log goes on from a checkpoint of this size, too.
    pub(super) fn evidence(
        &self,
        asked: Asked,
        positions: Vec<u64>,
        streams: Vec<Stream>,
        kept: Option<u64>,
    ) -> Package {
        let signed = self.signed(self.entries.len());
        let entry = |position: &u64| {
            (*position, self.entries[usize::try_from(*position - 1).unwrap()].clone())
        };
        let (entries, tiles) =
            (positions.iter().map(entry).collect(), self.tiles(&positions, kept));
        let description = Description {
            format: FORMAT.to_owned(),
            page: PAGE,
            made_at: Environment::system().now(),
            made_by: "mandate".to_owned(),
            server: "https://mandate.example.com".to_owned(),
            log: signed.origin.to_string(),
            size: signed.size,
            root: signed.root.to_string(),
            asked,
            positions,
            streams,
        };
        Package {
            description,
            checkpoint: self.checkpoint(self.entries.len()).into_bytes(),
            key: format!("{}\n", self.key()).into_bytes(),
            replacements: BTreeMap::new(),
            entries,
            manifests: BTreeMap::new(),
            tiles,
        }
    }

    fn tiles(&self, positions: &[u64], kept: Option<u64>) -> BTreeMap<Tile, Vec<u8>> {
        let size = self.entries.len() as u64;
        let leaves = self.entries.iter().map(|entry| Hash::of_leaf(entry));
        let rows: BTreeMap<Tile, Vec<u8>> =
            Tree::new().append(leaves).into_iter().map(|row| (row.tile, row.bytes)).collect();
        let mut needed: Vec<Tile> =
            kept.map_or_else(Vec::new, |kept| proof::consistency_tiles(kept, size).unwrap());
        for position in positions {
            needed.extend(proof::inclusion_tiles(position - 1, size).unwrap());
        }
        let mut tiles = Tiles::new();
        for tile in &needed {
            tiles.insert(*tile, &rows[tile]).unwrap();
        }
        needed.extend(tiles.to_authenticate(size));
        needed.into_iter().map(|tile| (tile, rows[&tile].clone())).collect()
    }

    /// Verifies a package by the log's key.
    pub(super) fn verify(&self, package: &Package) -> Said {
        self.verify_bytes(&zip::write(&package.files()).unwrap())
    }

    /// Verifies a zip by the log's key.
    pub(super) fn verify_bytes(&self, zip: &[u8]) -> Said {
        let key = self.key();
        verify_given(Given { key: Some(&key), key_file: None, checkpoint: None }, zip)
    }

    /// What is said as JSON of a zip that is verified by the log's key.
    pub(super) fn verify_as_json(&self, package: &Package) -> serde_json::Value {
        let key = self.key();
        let given = Given { key: Some(&key), key_file: None, checkpoint: None };
        let mut outcome = Outcome::new("evidence.zip".to_owned(), Audited::Evidence);
        verify::verify_bytes(given, &zip::write(&package.files()).unwrap(), &mut outcome);
        let mut text = Vec::new();
        outcome.write(true, &mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Verifies a package against the checkpoint that was kept when the log had so many entries.
    pub(super) fn verify_after(&self, kept: &str, package: &Package) -> Said {
        self.verify_bytes_after(kept, &zip::write(&package.files()).unwrap())
    }

    /// The same of a zip.
    pub(super) fn verify_bytes_after(&self, kept: &str, zip: &[u8]) -> Said {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kept");
        fs::write(&file, kept).unwrap();
        let key = self.key();
        let given = Given { key: Some(&key), key_file: None, checkpoint: Some(&file) };
        verify_given(given, zip)
    }
}

/// Verifies a zip.
pub(super) fn verify_given(given: Given<'_>, zip: &[u8]) -> Said {
    let mut outcome = Outcome::new("evidence.zip".to_owned(), Audited::Evidence);
    verify::verify_bytes(given, zip, &mut outcome);
    let mut text = Vec::new();
    outcome.write(false, &mut text).unwrap();
    Said { code: outcome.exit_code(), text: String::from_utf8(text).unwrap() }
}
