//! Schemathesis, a tool of Python's that tries an API by its description, with all that it needs.

use std::process::Command;

use crate::{error::FetchError, python_packages::PythonPackages};

/// The versions of all packages, and the hashes of their files.
const REQUIREMENTS: &str = include_str!("schemathesis.txt");

/// What it is called in errors.
const PACKAGE: &str = "schemathesis";

/// An installed Schemathesis.
#[derive(Debug)]
pub struct Schemathesis(PythonPackages);

impl Schemathesis {
    /// The pinned version, installed into the cache unless it is there.
    ///
    /// # Errors
    /// When there is no Python with pip, or pip cannot install it.
    pub fn provide() -> Result<Self, FetchError> {
        PythonPackages::installed(PACKAGE, PACKAGE, REQUIREMENTS).map(Self)
    }

    /// Its command line, to be completed with arguments.
    pub fn command(&self) -> Command {
        let mut command = self.0.command();
        command.arg(self.0.program(PACKAGE));
        command
    }
}
