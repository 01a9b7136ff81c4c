//! The cache of downloads: a folder of entries, each made beside its place and moved there whole, so
//! that a reader sees all of it or nothing, and two processes may make it at once.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};

use crate::{
    error::FetchError,
    folder::{make_open, unique_suffix},
};

/// Where downloads are kept: `MANDATE_CACHE_DIR`, or this user's cache folder. Root's is not in
/// its home, which other accounts cannot enter, as the servers run under one of them.
pub(crate) fn default_cache() -> Result<PathBuf, FetchError> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(chosen) = variable("MANDATE_CACHE_DIR") {
        return Ok(chosen.into());
    }
    let caches = if nix::unistd::geteuid().is_root() {
        let system = if cfg!(target_os = "macos") { "/Library/Caches" } else { "/var/cache" };
        PathBuf::from(system)
    } else {
        let home = variable("HOME").map(PathBuf::from);
        let of_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| home.map(|home| home.join(of_home)))
            .ok_or(FetchError::NoCache)?
    };
    Ok(caches.join("mandate"))
}

/// The entry `name` of the cache, made unless it is there and `complete`. `make` gets a folder to
/// work in, which is deleted afterwards, and answers with what in it becomes the entry.
pub(crate) fn entry(
    cache: &Path,
    name: &str,
    complete: impl Fn(&Path) -> bool,
    make: impl FnOnce(&Path) -> Result<PathBuf, FetchError>,
) -> Result<PathBuf, FetchError> {
    let cache = std::path::absolute(cache).map_err(FetchError::io("find", cache))?;
    let place = cache.join(name);
    if complete(&place) {
        return Ok(place);
    }
    make_open(&cache).map_err(FetchError::io("make the folder", &cache))?;
    // One at a time is enough; whoever waited finds the entry in its place.
    let _turn = take_turn(&cache.join(format!(".{name}.lock")))?;
    if complete(&place) {
        return Ok(place);
    }
    let part = cache.join(format!(".{name}-{}", suffix()?));
    let moved = fs::create_dir_all(&part)
        .map_err(FetchError::io("make the folder", &part))
        .and_then(|()| make(&part))
        .and_then(|made| {
            if place.exists() {
                fs::remove_dir_all(&place).map_err(FetchError::io("remove", &place))?;
            }
            fs::rename(&made, &place).map_err(FetchError::io("move into", &place))
        });
    if let Err(error) = fs::remove_dir_all(&part)
        && part.exists()
    {
        tracing::debug!(%error, folder = %part.display(), "leftover in the cache of downloads");
    }
    moved.map(|()| place)
}

/// The same number for the same bytes in every program: for names of what is made of them.
#[cfg(feature = "testing")]
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    use std::hash::Hasher as _;

    #[expect(deprecated, reason = "SipHash with fixed keys, the same in every program")]
    let mut hasher = std::hash::SipHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

fn suffix() -> Result<String, FetchError> {
    unique_suffix().map_err(|error| FetchError::Io {
        action: "name",
        path: "a temporary folder".into(),
        source: std::io::Error::other(error.to_string()),
    })
}

fn take_turn(path: &Path) -> Result<Flock<File>, FetchError> {
    let file = File::create(path).map_err(FetchError::io("make", path))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, errno)| FetchError::io("lock", path)(errno.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(cache: &Path, text: &str) -> Result<PathBuf, FetchError> {
        let complete =
            |place: &Path| fs::read_to_string(place.join("text")).is_ok_and(|it| it == text);
        entry(cache, "example", complete, |part| {
            let made = part.join("made");
            fs::create_dir(&made).unwrap();
            fs::write(made.join("text"), text).unwrap();
            if text == "broken" { Err(FetchError::NoCache) } else { Ok(made) }
        })
    }

    fn names(cache: &Path) -> Vec<String> {
        let entries = fs::read_dir(cache).unwrap().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn an_entry_is_replaced_when_it_is_another_and_kept_when_the_next_fails() {
        let cache = tempfile::tempdir().unwrap();
        let place = make(cache.path(), "one").unwrap();
        assert_eq!(make(cache.path(), "two").unwrap(), place);
        assert!(make(cache.path(), "broken").is_err());
        assert_eq!(fs::read_to_string(place.join("text")).unwrap(), "two");
        assert_eq!(names(cache.path()), [".example.lock", "example"]);
    }
}
