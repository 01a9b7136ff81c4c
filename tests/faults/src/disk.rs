//! Small disks in memory that can be filled and freed. Mounting them takes a namespace of mounts of one's own, in which
//! the process is started once more: as root, or as whoever may make user namespaces. They are gone with it.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// Tells the process that it is in a namespace of its own.
const INSIDE: &str = "FAULTS_MAY_MOUNT";

/// What takes the room.
const FILLING: &str = "filling";

/// A disk.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts a disk of so many MiB.
    pub(crate) fn mount(mebibytes: u32) -> anyhow::Result<Self> {
        ensure!(
            std::env::var_os(INSIDE).is_some(),
            "disks are mounted by the program `faults` only"
        );
        // Servers run under another account than root.
        let open = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("faults-disk-").permissions(open).tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]);
        let mounted = mount.arg(folder.path()).status()?;
        ensure!(mounted.success(), "a disk could not be mounted");
        Ok(Self { folder })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that there is.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut file = File::create(self.filling())?;
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    /// Gives it back: whether it was taken.
    pub(crate) fn free(&self) -> anyhow::Result<bool> {
        match fs::remove_file(self.filling()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).context("a disk could not be freed"),
        }
    }

    fn filling(&self) -> PathBuf {
        self.folder.path().join(FILLING)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is unmounted when this process ends", self.folder.path().display());
        }
    }
}

/// What starts a command where it may mount.
fn namespace() -> Command {
    let mut unshare = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        unshare.args(["--user", "--map-current-user", "--keep-caps"]);
    }
    unshare.arg("--mount");
    unshare
}

/// Whether disks can be mounted here.
pub fn can_mount() -> bool {
    let mut trial = namespace();
    trial.args(["mount", "-t", "tmpfs", "tmpfs", "/tmp"]).stderr(Stdio::null());
    std::env::var_os(INSIDE).is_some() || trial.status().is_ok_and(|status| status.success())
}

/// Starts this program once more where it may mount, in place of this process, unless that was done.
///
/// # Errors
/// When that cannot be done.
pub fn enter_namespace() -> anyhow::Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    let mut again = namespace();
    again.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    Err(again.exec()).context("`unshare`, which mounts disks that can be filled")
}
