//! The programs of the page, and how each is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use journeys::people::Key;
use local_servers::testing::{Node, PythonPackages};

const PAGE: &str = include_str!("../../../../docs/clients.md");

/// A program of the page: a block whose fence names its language and what it is called.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The package that it uses.
    pub(super) name: String,
    /// The program.
    pub(super) text: String,
    language: String,
}

/// What a program did.
#[derive(Debug)]
pub(super) struct Run {
    /// Whether it ended well.
    pub(super) succeeded: bool,
    /// What it printed.
    pub(super) stdout: String,
    /// What it printed beside.
    pub(super) stderr: String,
}

/// All of them.
pub(super) fn all() -> Vec<Block> {
    let (mut blocks, mut lines) = (Vec::new(), PAGE.lines());
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: String = lines
            .by_ref()
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        if let Some((language, name)) = info.split_once(' ') {
            blocks.push(Block { name: name.to_owned(), text, language: language.to_owned() });
        }
    }
    blocks
}

/// Where the packages are listed.
fn lists(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

impl Block {
    /// Runs it to its end against this address with this key.
    pub(super) async fn run(&self, base: &str, key: &Key) -> Run {
        let (block, base, key) = (self.clone(), base.to_owned(), key.clone());
        tokio::task::spawn_blocking(move || block.run_here(&base, &key)).await.unwrap()
    }

    fn run_here(&self, base: &str, key: &Key) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let mut command = self.command(folder.path());
        command
            .env("BASE", base)
            .env("CLIENT_ID", &key.client_id)
            .env("CLIENT_SECRET", &key.client_secret)
            // The page says so of plain http.
            .env("OAUTHLIB_INSECURE_TRANSPORT", "1")
            .env("NO_PROXY", "127.0.0.1")
            .current_dir(folder.path());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run {
            succeeded: output.status.success(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The command that runs it, as a file in this folder.
    fn command(&self, folder: &Path) -> Command {
        let write = |name: &str| {
            let file = folder.join(name);
            std::fs::write(&file, &self.text).unwrap();
            file
        };
        match self.language.as_str() {
            "sh" => {
                let mut bash = Command::new("bash");
                bash.arg(write("program.sh"));
                bash
            }
            "python" => {
                let list = lists("python/requirements.txt");
                let mut python = PythonPackages::provide(&list).unwrap().command();
                python.arg(write("program.py"));
                python
            }
            "js" => {
                let node = Node::provide(&lists("node")).unwrap();
                let link = folder.join("node_modules");
                std::os::unix::fs::symlink(node.packages(), link).unwrap();
                let mut command = node.command();
                command.arg(write("program.mjs"));
                command
            }
            "rust" => Command::new(env!("CARGO_BIN_EXE_oauth2-app")),
            other => panic!("nobody runs {other}"),
        }
    }
}
