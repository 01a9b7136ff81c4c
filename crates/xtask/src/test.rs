//! `cargo xtask test`: all tests, on one shared PostgreSQL and whatever else they start.

use anyhow::Context as _;
use local_servers::{Postgres, testing};

use crate::process::{self, cargo, root};

/// Runs the tests. What they need is found or fetched first, so that a failure to do so is one
/// clear message and not that of each test. `with_browser`: also those that need Chromium.
pub(crate) async fn run(arguments: &[String], with_browser: bool) -> anyhow::Result<()> {
    let mut postgres = Postgres::start(testing::cluster_options()?)
        .await
        .context("no PostgreSQL for the tests")?;
    let nats = testing::nats().await;
    println!("testing on PostgreSQL {} and nats-server {}", postgres.version(), nats.version());
    drop(nats);
    testing::python_client().context("no Python client of NATS for the tests")?;
    testing::MailServer::provide().context("no mail server for the tests")?;
    testing::Schemathesis::provide().context("no Schemathesis for the tests")?;
    testing::PythonPackages::provide(&root().join("tests/python/requirements.txt"))
        .context("no packages of Python for the tests")?;
    testing::Node::provide(&root().join("tests/node")).context("no Node.js for the tests")?;
    testing::Go::provide().context("no Go for the tests")?;
    if !with_browser {
        println!("left out: the tests in a browser");
    } else if !names_package(arguments) || names_browser(arguments) {
        testing::Chromium::provide().context("no browser for the tests")?;
    }

    // Some tests run the program itself.
    process::run(&mut cargo(&["build", "--package", "mandate", "--bins"]))?;
    let run = |further: &[&str]| {
        let mut tests = cargo(&["test", "--no-fail-fast"]);
        tests.args(further).args(arguments).env(testing::CLUSTER_VARIABLE, postgres.admin_url());
        process::run(&mut tests)
    };
    let tested = if names_package(arguments) {
        run(&[])
    } else {
        // What the browser's crate needs sorts JSON differently (serde_json's `preserve_order`), and what is built
        // with it would be built so, too: the product is tested as it is shipped.
        let without = run(&["--workspace", "--exclude", "browser"]);
        if with_browser { without.and(run(&["--package", "browser"])) } else { without }
    };
    postgres.stop().await?;
    tested
}

fn names_package(arguments: &[String]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

/// Whether the package of browser tests is among those that are named.
fn names_browser(arguments: &[String]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| {
        let name = argument.trim_start_matches("--package").trim_start_matches("-p");
        name.trim_start_matches('=') == "browser"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_needed_where_its_package_is_named() {
        let named = |line: &str| {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            (names_package(&arguments), names_browser(&arguments))
        };
        assert_eq!(named("-p browser"), (true, true));
        assert_eq!(named("--package=browser"), (true, true));
        assert_eq!(named("-p contract -- browser"), (true, false));
        assert_eq!(named("--lib"), (false, false));
    }
}
