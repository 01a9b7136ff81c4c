//! The account that servers run as: the caller's, or an unprivileged one when that is root.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::{Uid, User, geteuid};

use crate::error::ServerError;

/// Accounts that root hands servers to, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The account of the server processes.
#[derive(Debug, Clone)]
pub(crate) struct ServerUser {
    name: String,
    uid: u32,
    gid: u32,
    /// Whether processes must change to it, which only root can.
    switch: bool,
}

impl ServerUser {
    /// The caller's own account, or an unprivileged one when the caller is root.
    pub(crate) fn choose() -> Result<Self, ServerError> {
        let caller = geteuid();
        if !caller.is_root() {
            return Ok(Self {
                name: account_name(caller.as_raw()),
                uid: caller.as_raw(),
                gid: nix::unistd::getegid().as_raw(),
                switch: false,
            });
        }
        UNPRIVILEGED
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .filter(|account| !account.uid.is_root())
            .map(|account| Self {
                uid: account.uid.as_raw(),
                gid: account.gid.as_raw(),
                name: account.name,
                switch: true,
            })
            .ok_or(ServerError::NoAccount)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid
    }

    /// Whether processes change to this account: true when the caller is root.
    pub(crate) fn switches(&self) -> bool {
        self.switch
    }

    /// Makes `command` run as this account. The standard library drops the supplementary groups
    /// with it when the caller is root.
    pub(crate) fn apply(&self, command: &mut Command) {
        if self.switch {
            command.gid(self.gid).uid(self.uid);
        }
    }

    /// Gives `path` to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<(), ServerError> {
        if !self.switch {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(ServerError::io("change the owner of", path))
    }

    /// Whether this account can enter every folder on the way to `path`, which need not exist.
    pub(crate) fn check_reach(&self, path: &Path) -> Result<(), ServerError> {
        if !self.switch {
            return Ok(()); // the caller's own failures name the path already
        }
        match path.ancestors().skip(1).find(|folder| !self.can_enter(folder)) {
            None => Ok(()),
            Some(folder) => Err(ServerError::Unreachable {
                path: path.to_owned(),
                blocked_at: self.highest_blocked(folder),
                user: self.name.clone(),
            }),
        }
    }

    /// The topmost folder that refuses: opening a lower one alone would not help.
    fn highest_blocked(&self, lowest: &Path) -> PathBuf {
        lowest
            .ancestors()
            .filter(|folder| !self.can_enter(folder))
            .last()
            .unwrap_or(lowest)
            .to_owned()
    }

    fn can_enter(&self, folder: &Path) -> bool {
        // A folder that is not there yet will be made by us, and open.
        let Ok(metadata) = fs::metadata(folder) else {
            return true;
        };
        let bit = if metadata.uid() == self.uid {
            0o100
        } else if metadata.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & bit != 0
    }
}

/// The name of an account, or its number when it has none.
pub(crate) fn account_name(uid: u32) -> String {
    User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map_or_else(|| uid.to_string(), |account| account.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn stranger() -> ServerUser {
        ServerUser { name: "stranger".into(), uid: 64_001, gid: 64_001, switch: true }
    }

    #[test]
    fn a_closed_parent_is_named_with_what_to_do() {
        let base = tempfile::tempdir().unwrap();
        fs::set_permissions(base.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let closed = base.path().join("closed");
        let data = closed.join("inner/postgres");
        let inner = closed.join("inner");
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();

        let error = stranger().check_reach(&data).unwrap_err();
        let ServerError::Unreachable { blocked_at, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(blocked_at, &closed);
        let advice = format!("chmod o+x {}", closed.display());
        assert!(error.to_string().contains(&advice), "{error}");

        fs::set_permissions(&closed, fs::Permissions::from_mode(0o711)).unwrap();
        stranger().check_reach(&data).unwrap();
    }

    #[test]
    fn the_server_never_runs_as_root() {
        assert_ne!(ServerUser::choose().unwrap().uid(), 0);
    }
}
