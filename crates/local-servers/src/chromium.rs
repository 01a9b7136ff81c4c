//! Chromium and its driver, for tests of pages: the machine's own, or installed where Debian is run as root.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use nix::{sys::signal::Signal, unistd::Uid};

use crate::{error::ServerError, folder::temporary, watchdog::Watchdog};

/// What Debian calls them; the font is the one of all pictures.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-dejavu-core"];
/// What the browser is called on the machines that have one.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DRIVER: &str = "chromedriver";
/// The font's file, which must be there for pictures to be the same each time.
const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum ChromiumError {
    /// It is not on this machine, where we may not install it.
    #[error(
        "no {missing} on this machine: install Chromium and its chromedriver (only Debian as root has them installed), or leave the browser tests out with --without-browser"
    )]
    Missing {
        /// What is missing.
        missing: &'static str,
    },
    /// Debian's package manager could not be run.
    #[error("apt-get cannot be run")]
    Run(#[source] std::io::Error),
    /// Debian's package manager failed.
    #[error("`apt-get {step}` failed: {said}")]
    Install {
        /// What it should do.
        step: &'static str,
        /// What it said last.
        said: String,
    },
    /// The driver could not be started.
    #[error(transparent)]
    Start(#[from] ServerError),
    /// The driver ended before it said where it listens.
    #[error("chromedriver ended before it listened: {0}")]
    NotListening(String),
}

/// A browser and its driver on this machine.
#[derive(Debug, Clone)]
pub struct Chromium {
    browser: PathBuf,
    driver: PathBuf,
}

/// A running driver with a folder of its own, in which it keeps the profiles of its browsers. Both
/// end with this value, or with this process.
#[derive(Debug)]
pub struct ChromeDriver {
    port: u16,
    folder: PathBuf,
    process: Child,
    watchdog: Option<Watchdog>,
}

impl Chromium {
    /// What the machine has; installed first where it is missing on Debian and we are root.
    ///
    /// # Errors
    /// When it is missing elsewhere, or cannot be installed.
    pub fn provide() -> Result<Self, ChromiumError> {
        match Self::find() {
            Ok(found) => Ok(found),
            Err(missing) if !may_install() => Err(missing),
            Err(_) => {
                apt("update", &["update", "--quiet"])?;
                let mut install = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
                install.extend(PACKAGES);
                apt("install", &install)?;
                Self::find()
            }
        }
    }

    fn find() -> Result<Self, ChromiumError> {
        let browser = BROWSERS.iter().find_map(|name| on_path(name));
        let browser = browser.ok_or(ChromiumError::Missing { missing: "Chromium" })?;
        let driver = on_path(DRIVER).ok_or(ChromiumError::Missing { missing: DRIVER })?;
        // Elsewhere pictures look a little different, and that is said where they are made.
        if may_install() && !Path::new(FONT).exists() {
            return Err(ChromiumError::Missing { missing: "font DejaVu" });
        }
        Ok(Self { browser, driver })
    }

    /// The browser's program.
    pub fn browser(&self) -> &Path {
        &self.browser
    }

    /// Starts a driver on a free port of loopback. Browsers that it starts live in `time_zone`, by
    /// its name in the IANA database.
    ///
    /// # Errors
    /// When it cannot be run, or ends at once.
    pub fn start_driver(&self, time_zone: &str) -> Result<ChromeDriver, ChromiumError> {
        let folder = temporary("browser")?;
        fs::create_dir(&folder).map_err(ServerError::io("make the folder", &folder))?;
        let mut watchdog = Watchdog::start(Signal::SIGTERM, Some(&folder))?;
        let mut process = Command::new(&self.driver)
            .arg("--port=0")
            .env("TMPDIR", &folder)
            // What Chromium keeps of its own accord goes below the home folder.
            .env("HOME", &folder)
            .env("TZ", time_zone)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(ServerError::io("run", &self.driver))?;
        watchdog.watch(process.id());
        let output = process.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines();
        let port = listening(&mut lines);
        // It is read on, since a full pipe would hold the driver up.
        thread::spawn(move || lines.for_each(drop));
        let mut driver = ChromeDriver { port: 0, folder, process, watchdog: Some(watchdog) };
        driver.port = port.map_err(ChromiumError::NotListening)?;
        Ok(driver)
    }
}

impl ChromeDriver {
    /// Where it is spoken to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its folder, for what else a browser leaves: it is removed with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for ChromeDriver {
    /// Waits until it and its folder are gone.
    fn drop(&mut self) {
        let Some(watchdog) = self.watchdog.take() else { return };
        let mut companion = watchdog.let_go();
        // Its status is collected first: the companion takes a zombie for ended, too.
        let _ = self.process.wait();
        let _ = companion.wait();
    }
}

/// The port that the driver says, as the last of its first lines.
fn listening(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<u16, String> {
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        if let Some((_, port)) = line.split_once("started successfully on port ")
            && let Ok(port) = port.trim_end_matches('.').parse()
        {
            return Ok(port);
        }
        said = line;
    }
    Err(said)
}

fn may_install() -> bool {
    Uid::effective().is_root() && Path::new("/etc/debian_version").exists()
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file())
}

fn apt(step: &'static str, arguments: &[&str]) -> Result<(), ChromiumError> {
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(ChromiumError::Run)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().lines().last().unwrap_or_default().to_owned();
    Err(ChromiumError::Install { step, said })
}
