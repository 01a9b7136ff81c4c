//! Which server, and which version of it.

use std::fmt;

use nix::sys::signal::Signal;

/// One of the two servers this crate runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// PostgreSQL, from version 15.
    Postgres,
    /// nats-server, from version 2.10.
    Nats,
}

impl Server {
    /// The oldest version that works.
    pub(crate) const fn oldest(self) -> Version {
        match self {
            Self::Postgres => Version::new(15, 0),
            Self::Nats => Version::new(2, 10),
        }
    }

    /// The environment variable that overrides the search for it.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "MANDATE_POSTGRES",
            Self::Nats => "MANDATE_NATS_SERVER",
        }
    }

    /// The name of its process, as the operating system shows it.
    pub(crate) const fn process_name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Nats => "nats-server",
        }
    }

    /// What asks it to end in order: for PostgreSQL a *fast* shutdown, without waiting for clients.
    pub(crate) const fn stop_signal(self) -> Signal {
        match self {
            Self::Postgres => Signal::SIGINT,
            Self::Nats => Signal::SIGTERM,
        }
    }

    /// Reads the version out of what `--version` printed.
    ///
    /// Wrappers print lines of their own, so only the line that bears the server's mark counts:
    /// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `nats-server: v2.15.1`.
    pub(crate) fn read_version(self, printed: &str) -> Option<Version> {
        let mark = match self {
            Self::Postgres => "(PostgreSQL)",
            Self::Nats => "nats-server:",
        };
        printed.lines().find_map(|line| {
            let (_, after) = line.split_once(mark)?;
            let number = after.trim_start();
            Version::parse(number.strip_prefix('v').unwrap_or(number))
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Nats => "nats-server",
        })
    }
}

/// Major and minor number of a server's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number: for PostgreSQL the one that decides whether a data folder fits.
    pub major: u32,
    /// The second number; 0 for a release without one, such as `19beta1`.
    pub minor: u32,
}

impl Version {
    /// A version from its two numbers.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.');
        let major = leading_digits(numbers.next()?)?;
        let minor = numbers.next().and_then(leading_digits).unwrap_or(0);
        Some(Self { major, minor })
    }
}

fn leading_digits(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_real_outputs() {
        let read = |text| Server::Postgres.read_version(text);
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(read(debian), Some(Version::new(15, 18)));
        assert_eq!(read("postgres (PostgreSQL) 19beta1"), Some(Version::new(19, 0)));
        assert_eq!(read("postgres (PostgreSQL) 9.6.24"), Some(Version::new(9, 6)));
        assert_eq!(Server::Nats.read_version("nats-server: v2.15.1\n"), Some(Version::new(2, 15)));
        assert_eq!(
            Server::Nats.read_version("nats-server: v2.11.0-RC.1"),
            Some(Version::new(2, 11))
        );
    }

    #[test]
    fn a_wrapper_that_talks_first_does_not_confuse() {
        let wrapped = "musl libc 1.2.4\nloading 3.0 profile\npostgres (PostgreSQL) 16.2\n";
        assert_eq!(Server::Postgres.read_version(wrapped), Some(Version::new(16, 2)));
        assert_eq!(Server::Postgres.read_version("No version is set for 17.0"), None);
    }

    #[test]
    fn minor_versions_compare_as_numbers() {
        assert!(Version::new(2, 9) < Server::Nats.oldest());
        assert!(Version::new(2, 10) >= Server::Nats.oldest());
    }
}
