//! The files under `deploy` must not drift from the code: `mandate.example.toml` documents every
//! setting with its default, `nats.conf` gives each service what it needs on NATS and no more.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use mandate::cli::Overrides;
use mandate::configuration::Configuration;
use mandate::nats_users;
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
    assert_eq!(configuration.logins.len(), contract::Service::ALL.len());
    for service in contract::Service::ALL {
        assert!(configuration.database_of(service).is_ok());
        assert!(configuration.nats_of(service).is_ok());
    }
}

/// What `nats.conf` allows each user, in its order: every subject has a line to itself.
fn subjects_in_file() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(deployed("nats.conf")).unwrap();
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut user = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("user: ") {
            user = Some(name.trim_matches('"').to_owned());
        } else if let Some(subject) = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        {
            let user = user.clone().unwrap();
            users.entry(user).or_default().push(subject.to_owned());
        }
    }
    users
}

#[test]
fn the_users_of_nats_conf_are_those_of_the_code() {
    let of_code: BTreeMap<String, Vec<String>> = nats_users::users()
        .into_iter()
        .map(|user| {
            // What publishes nothing is written as denied everything.
            let publish = if user.publish.is_empty() { vec![">".to_owned()] } else { user.publish };
            (user.name, [publish, user.subscribe].concat())
        })
        .collect();
    assert_eq!(subjects_in_file(), of_code);
}
