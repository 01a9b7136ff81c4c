//! A server's data folder: whose it is, who uses it now, and what is remembered in it.
//!
//! ```text
//! <folder>/lock             held while a process of ours uses the folder
//!          remembered.json  passwords and port, mode 0600
//!          server.log
//!          data/ or jetstream/
//! ```

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, Permissions},
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::{
    error::ServerError,
    user::{ServerUser, account_name},
    version::Server,
};

const LOCK: &str = "lock";
const REMEMBERED: &str = "remembered.json";

/// A data folder that is ours alone for as long as this lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: Flock<File>,
}

/// What survives a restart besides the data.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// The port listened on last.
    pub(crate) port: Option<u16>,
    /// Generated passwords by user name.
    pub(crate) passwords: BTreeMap<String, String>,
}

impl DataFolder {
    /// Makes the folder if need be, and takes it into use for a server that runs as `user`.
    pub(crate) fn claim(
        path: &Path,
        user: &ServerUser,
        server: Server,
    ) -> Result<Self, ServerError> {
        let path = std::path::absolute(path).map_err(ServerError::io("find", path))?;
        user.check_reach(&path)?;
        make_open(&path).map_err(ServerError::io("make the folder", &path))?;
        check_owner(&path, user)?;
        check_content(&path)?;
        let lock = Self::lock(&path, server)?;
        fs::set_permissions(&path, Permissions::from_mode(0o700))
            .map_err(ServerError::io("close to others", &path))?;
        user.own(&path)?;
        Ok(Self { path, _lock: lock })
    }

    fn lock(path: &Path, server: Server) -> Result<Flock<File>, ServerError> {
        let file_path = path.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&file_path)
            .map_err(ServerError::io("open", &file_path))?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| {
            if errno == nix::errno::Errno::EWOULDBLOCK {
                ServerError::AlreadyRunning {
                    server,
                    folder: path.to_owned(),
                    pid: running_pid(path, server),
                }
            } else {
                ServerError::io("lock", &file_path)(errno.into())
            }
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was remembered; nothing in a new folder.
    pub(crate) fn recall(&self) -> Result<Remembered, ServerError> {
        let file = self.path.join(REMEMBERED);
        match fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|_| ServerError::CredentialsLost { file })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Remembered::default()),
            Err(error) => Err(ServerError::io("read", &file)(error)),
        }
    }

    pub(crate) fn remember(
        &self,
        remembered: &Remembered,
        user: &ServerUser,
    ) -> Result<(), ServerError> {
        let text = serde_json::to_vec_pretty(remembered)
            .expect("a struct of a number and a map of strings is always JSON");
        self.write_private(REMEMBERED, &text, user)?;
        Ok(())
    }

    /// Where the remembered passwords are, for an error.
    pub(crate) fn remembered_file(&self) -> PathBuf {
        self.path.join(REMEMBERED)
    }

    /// Writes a file that only the server's account (and root) may read, whole or not at all.
    pub(crate) fn write_private(
        &self,
        name: &str,
        bytes: &[u8],
        user: &ServerUser,
    ) -> Result<PathBuf, ServerError> {
        let path = self.path.join(name);
        let part = self.path.join(format!("{name}.part"));
        let written = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&part)
            .and_then(|mut file| {
                // An older file keeps its mode when opened again.
                file.set_permissions(Permissions::from_mode(0o600))?;
                file.write_all(bytes)?;
                file.sync_all()
            });
        written.map_err(ServerError::io("write", &part))?;
        user.own(&part)?;
        fs::rename(&part, &path).map_err(ServerError::io("write", &path))?;
        Ok(path)
    }
}

/// The process id in the folder's pid file, whether that process lives or not.
pub(crate) fn running_pid(folder: &Path, server: Server) -> Option<u32> {
    let text = fs::read_to_string(pid_file(folder, server)).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// The port that the server of this data folder listens on, or listened on last; `None` when the
/// folder has had no server.
pub fn used_port(folder: &Path) -> Option<u16> {
    let bytes = fs::read(folder.join(REMEMBERED)).ok()?;
    let remembered: Remembered = serde_json::from_slice(&bytes).ok()?;
    remembered.port
}

/// Where the server writes its process id.
pub(crate) fn pid_file(folder: &Path, server: Server) -> PathBuf {
    match server {
        Server::Postgres => folder.join("data/postmaster.pid"),
        Server::Nats => folder.join("nats.pid"),
    }
}

/// Makes a folder with all above it. Those that are made are open to be entered whatever the umask
/// is, because the server's account may be another.
///
/// # Errors
/// When the system refuses.
pub fn make_open(path: &Path) -> std::io::Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o755))?,
            // Two servers of one installation make their common parent at the same time.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn check_owner(path: &Path, user: &ServerUser) -> Result<(), ServerError> {
    let owner = fs::metadata(path).map_err(ServerError::io("read", path))?.uid();
    // Root's own folders are handed over; anybody else's are not ours to take.
    if owner == user.uid() || (user.switches() && owner == 0) {
        return Ok(());
    }
    Err(ServerError::ForeignFolder {
        folder: path.to_owned(),
        owner: account_name(owner),
        user: user.name().to_owned(),
    })
}

/// The folder must be empty or made by us: it is going to be handed to another account, and in
/// the end perhaps deleted.
fn check_content(path: &Path) -> Result<(), ServerError> {
    let mut entries = fs::read_dir(path).map_err(ServerError::io("read", path))?;
    if path.join(LOCK).exists() || entries.next().is_none() {
        Ok(())
    } else {
        Err(ServerError::UnknownFolder { folder: path.to_owned() })
    }
}

/// A new password: 192 bits, in letters and digits that need no quoting anywhere.
pub(crate) fn new_password() -> Result<String, ServerError> {
    random_hex::<24>()
}

/// A name for something short-lived that nothing else has.
pub(crate) fn unique_suffix() -> Result<String, ServerError> {
    random_hex::<8>()
}

fn random_hex<const N: usize>() -> Result<String, ServerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| ServerError::Randomness(error.to_string()))?;
    Ok(hex::encode(bytes))
}

/// A new folder's name in the system's place for temporary files.
pub(crate) fn temporary(prefix: &str) -> Result<PathBuf, ServerError> {
    Ok(std::env::temp_dir().join(format!("mandate-{prefix}-{}", unique_suffix()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_tempdir() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        dir
    }

    fn claim(path: &Path) -> Result<DataFolder, ServerError> {
        DataFolder::claim(path, &ServerUser::choose().unwrap(), Server::Nats)
    }

    #[test]
    fn what_is_remembered_survives_and_is_private() {
        let base = open_tempdir();
        let path = base.path().join("made/on/the/way");
        let user = ServerUser::choose().unwrap();
        let remembered = Remembered {
            port: Some(4321),
            passwords: BTreeMap::from([("mandate".into(), new_password().unwrap())]),
        };
        claim(&path).unwrap().remember(&remembered, &user).unwrap();

        let again = claim(&path).unwrap();
        assert_eq!(again.recall().unwrap(), remembered);
        let mode = fs::metadata(path.join(REMEMBERED)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let base = open_tempdir();
        let path = base.path().join("nats");
        let _held = claim(&path).unwrap();
        let error = claim(&path).unwrap_err();
        assert!(matches!(error, ServerError::AlreadyRunning { .. }));
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_refused() {
        let base = open_tempdir();
        fs::write(base.path().join("thesis.txt"), "years of work").unwrap();
        let error = claim(base.path()).unwrap_err();
        assert!(matches!(error, ServerError::UnknownFolder { .. }));
    }

    #[test]
    fn a_folder_of_someone_else_is_refused() {
        if !nix::unistd::geteuid().is_root() {
            let error = claim(Path::new("/usr")).unwrap_err();
            assert!(matches!(error, ServerError::ForeignFolder { .. }));
            return;
        }
        let base = open_tempdir();
        let path = base.path().join("theirs");
        fs::create_dir(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(64_001), None).unwrap();
        let error = claim(&path).unwrap_err();
        assert!(matches!(&error, ServerError::ForeignFolder { owner, .. } if owner == "64001"));
        assert!(error.to_string().contains("chown -R"), "{error}");
    }

    #[test]
    fn damaged_memory_is_told_apart_from_none() {
        let base = open_tempdir();
        let folder = claim(&base.path().join("nats")).unwrap();
        assert_eq!(folder.recall().unwrap(), Remembered::default());
        fs::write(folder.remembered_file(), "{").unwrap();
        let error = folder.recall().unwrap_err();
        assert!(matches!(error, ServerError::CredentialsLost { .. }));
    }
}
