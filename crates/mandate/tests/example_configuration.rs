//! The files under `deploy` must not drift from the code: `mandate.example.toml` documents every
//! setting with its default, `nats.conf` gives each service what it needs on NATS and no more.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::PathBuf;

use contract::Service;
use local_servers::{Nats, NatsOptions};
use mandate::cli::Overrides;
use mandate::configuration::Configuration;
use mandate::nats_accounts;
use toml::Table;

fn deployed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)
}

fn example() -> PathBuf {
    deployed("mandate.example.toml")
}

fn load(file: &std::path::Path) -> Configuration {
    Configuration::load(Some(file), [], &Overrides::default()).unwrap()
}

/// The settings as `mandate config` prints them.
fn printed(configuration: &Configuration) -> Table {
    toml::to_string(configuration).unwrap().parse().unwrap()
}

/// Every setting's path. An empty table is no setting: it holds what has no default.
fn settings(prefix: &str, table: &Table) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        match value.as_table() {
            Some(inner) => paths.extend(settings(&format!("{path}."), inner)),
            None => paths.push(path),
        }
    }
    paths
}

#[test]
fn the_example_says_the_defaults_and_leaves_none_out() {
    let defaults = printed(&Configuration::default());
    assert_eq!(printed(&load(&example())), defaults);
    let written: Table = std::fs::read_to_string(example()).unwrap().parse().unwrap();
    assert_eq!(settings("", &written), settings("", &defaults));
}

#[test]
fn what_is_commented_out_is_a_setting_too() {
    let text = std::fs::read_to_string(example()).unwrap();
    let mut all = tempfile::NamedTempFile::new().unwrap();
    for line in text.lines() {
        let setting = line.strip_prefix('#').filter(|rest| {
            rest.starts_with(|first: char| first == '[' || first.is_ascii_lowercase())
        });
        writeln!(all, "{}", setting.unwrap_or(line)).unwrap();
    }
    let configuration = load(all.path());
    assert!(configuration.catalogue.is_some());
    assert_eq!(configuration.logins.len(), Service::ALL.len());
    for service in Service::ALL {
        assert!(configuration.database_of(service).is_ok());
        assert!(configuration.nats_of(service).is_ok());
    }
}

/// The accounts of a configuration, in its own words: without what may be written otherwise.
fn accounts(text: &str) -> Vec<String> {
    let uncommented = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let text = uncommented.collect::<Vec<_>>().join(" ");
    let (_, accounts) = text.split_once("accounts {").unwrap();
    let spaced = ['{', '}', '[', ']', ':']
        .iter()
        .fold(accounts.to_owned(), |text, mark| text.replace(*mark, &format!(" {mark} ")));
    spaced.replace(['"', ','], " ").split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_accounts_of_nats_conf_are_those_of_the_code() {
    let options = NatsOptions::throwaway(Vec::new()).unwrap();
    let file = options.data_dir.join("nats.conf");
    let nats = Nats::start(nats_accounts::separate(options)).await.unwrap();
    let mut of_code = std::fs::read_to_string(file).unwrap();
    let services = Service::ALL.map(Service::name);
    for user in services.into_iter().chain([nats_accounts::ADMIN, "observer"]) {
        let variable = user.to_uppercase().replace('-', "_");
        let password = nats.password_of(user).unwrap();
        of_code = of_code.replace(password, &format!("$NATS_{variable}_PASSWORD"));
    }
    let deployed = std::fs::read_to_string(deployed("nats.conf")).unwrap();
    assert_eq!(accounts(&deployed), accounts(&of_code));
}
