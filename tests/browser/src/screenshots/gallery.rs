//! The gallery: every sample of every page, served by a program of the portal's in debug builds.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;
use serde::Deserialize;
use stage::{Addresses, Client};

/// The running program. It ends with this value.
pub(crate) struct Gallery {
    address: String,
    process: Child,
    /// Held open: a program that cannot say what it has to say may end.
    output: BufReader<ChildStdout>,
}

/// A page with one set of contents.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sample {
    /// Page and contents: `sign_in/typical`.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: String,
    /// Further ways in which it is to be looked at: names of `Shot`s.
    #[serde(default)]
    pub(crate) states: Vec<String>,
}

impl Gallery {
    /// Starts it. The first line that it prints is its address.
    pub(crate) fn start(program: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let output = process.stdout.take().context("its output is piped")?;
        let output = BufReader::new(output);
        let mut gallery = Self { address: String::new(), process, output };
        gallery.output.read_line(&mut gallery.address).context("the gallery's address")?;
        gallery.address.truncate(gallery.address.trim_end().trim_end_matches('/').len());
        Ok(gallery)
    }

    /// All that it has.
    pub(crate) async fn samples(&self) -> anyhow::Result<Vec<Sample>> {
        let client = Client::anonymous(Addresses::One(self.address.clone()));
        let answer = client.get("/gallery").await.expect(200);
        serde_json::from_str(&answer.text()).context("the gallery's list")
    }

    /// The whole address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        // It keeps nothing that would have to be put in order.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
