//! Whether `compose.yaml` has all that `mandate up` starts, with settings that there are.

use std::path::PathBuf;

use contract::Service;

use super::caddyfile::Caddyfile;
use super::{INNER, PUBLIC, deployed};
use crate::cli::Overrides;
use crate::configuration::Configuration;

/// Where containers keep the log's last checkpoint.
const CHECKPOINTS: &str = "/checkpoints";

/// The lines that are further in than the one that begins with this, which has this indentation.
fn below(text: &str, indentation: &str, head: &str) -> Vec<String> {
    let head = format!("{indentation}{head}:");
    let mut lines = text.lines().skip_while(|line| {
        line.strip_prefix(&head).is_none_or(|rest| !(rest.is_empty() || rest.starts_with(' ')))
    });
    let first = lines.next().unwrap_or_else(|| panic!("there is no {head}"));
    let deeper = format!("{indentation} ");
    let block = lines.take_while(|line| line.is_empty() || line.starts_with(&deeper));
    [first].into_iter().chain(block).map(str::to_owned).collect()
}

/// What is said of a container.
fn container(compose: &str, name: &str) -> String {
    let services = below(compose, "", "services").join("\n");
    below(&services, "  ", name).join("\n")
}

/// The variables of a container's environment, those that it shares with others included.
fn variables(compose: &str, name: &str) -> Vec<(String, String)> {
    let environment = below(&container(compose, name), "    ", "environment").join("\n");
    let shared = below(compose, "", "x-settings").join("\n");
    let merged = if environment.contains("<<: *settings") { shared } else { String::new() };
    let lines = merged.lines().chain(environment.lines());
    let variables = lines.filter_map(|line| line.trim().split_once(": "));
    let variables = variables.filter(|(name, _)| name.starts_with("MANDATE_"));
    variables.map(|(name, value)| (name.to_owned(), filled_in(value.trim_matches('"')))).collect()
}

/// A value with a word in place of each variable of `.env`.
fn filled_in(value: &str) -> String {
    let mut parts = value.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| format!("word{}", part.split_once('}').unwrap().1));
    rest.fold(first, |text, part| text + &part)
}

fn configuration(compose: &str, name: &str) -> Configuration {
    let variables = variables(compose, name);
    Configuration::load(None, variables, &Overrides::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn each_service_is_there_and_reaches_what_it_needs() {
    let compose = deployed("compose.yaml");
    for service in Service::ALL {
        let name = service.name();
        let command = format!("command: [\"serve\", \"{name}\"]");
        assert!(container(&compose, name).contains(&command), "{name}: {command}");
        let configuration = configuration(&compose, name);
        let database = configuration.database_of(service).unwrap();
        assert!(database.url.reveal().contains(service.role()), "{name} has its own role");
        let nats = configuration.nats_of(service).unwrap();
        assert!(nats.url.reveal().starts_with(&format!("nats://{name}:")), "{name}: its own user");
        assert!(configuration.nats.separate_accounts, "{name}");
    }
    assert!(!configuration(&compose, "notifier").nats.admin_url.is_empty());
    assert!(!configuration(&compose, "key-issuer").key_issuer.master_key.is_empty());
    assert!(!configuration(&compose, "directory").directory.master_key.is_empty());
    let migrate = configuration(&compose, "migrate");
    assert_eq!(migrate.logins.len(), Service::ALL.len());
}

#[test]
fn the_portal_asks_the_api_at_the_proxys_inner_entrance() {
    let compose = deployed("compose.yaml");
    assert!(container(&compose, "portal").contains("command: [\"serve\", \"portal\"]"));
    let (_, port) = INNER.rsplit_once(':').unwrap();
    let portal = configuration(&compose, "portal");
    assert_eq!(portal.portal.api_url, format!("http://proxy:{port}"));
    assert!(!container(&compose, "proxy").contains(port), "that entrance is not published");
    let caddyfile = Caddyfile::read(&deployed("Caddyfile"));
    for upstream in [PUBLIC, INNER].iter().flat_map(|site| caddyfile.upstreams(site)) {
        container(&compose, &upstream);
    }
}

/// Whom the services believe, Caddy must not believe outside: it replaces what strangers say. Inside it must, or each
/// browser behind the portal would have the portal's address.
#[test]
fn where_a_request_comes_from_is_believed_of_containers_only() {
    let compose = deployed("compose.yaml");
    let caddyfile = Caddyfile::read(&deployed("Caddyfile"));
    let networks = below(&compose, "", "networks").join("\n");
    let trusted = caddyfile.trusted_proxies(":8090");
    let [network] = trusted.as_slice() else { panic!("{trusted:?}") };
    assert!(networks.contains(&format!("subnet: {network}")), "{network}");
    for name in Service::ALL.map(Service::name).into_iter().chain(["portal"]) {
        let believed = configuration(&compose, name).http.trusted_proxies;
        assert_eq!(believed, [network.parse().unwrap()], "{name}");
    }
    assert!(!deployed("Caddyfile").contains("servers {"), "at the public entrance nobody is");
}

#[test]
fn audit_keeps_its_checkpoints_in_a_volume_of_their_own() {
    let compose = deployed("compose.yaml");
    let volume = format!("volumes: [\"checkpoints:{CHECKPOINTS}\"]");
    // The latter for `mandate log continue-as-new`.
    for name in ["audit", "migrate"] {
        assert!(container(&compose, name).contains(&volume), "{name}: {volume}");
        let audit = configuration(&compose, name).audit;
        assert_eq!(audit.keep_dir.to_str(), Some(CHECKPOINTS), "{name}");
        assert!(!audit.master_key.is_empty(), "{name}: without it nothing is signed");
    }
    assert!(below(&compose, "", "volumes").contains(&"  checkpoints:".to_owned()));
    // The program runs as nobody in particular, who could not write to a volume of root's.
    let copied = format!("COPY --from=build --chown=nonroot:nonroot {CHECKPOINTS} {CHECKPOINTS}");
    assert!(deployed("Dockerfile").lines().any(|line| line == copied), "{copied}");
}

#[test]
fn what_has_to_be_filled_in_is_in_the_example() {
    let (compose, example) = (deployed("compose.yaml"), deployed(".env.example"));
    let named = compose.split("${").skip(1).filter_map(|rest| rest.split([':', '}']).next());
    for name in named {
        let line = format!("{name}=");
        assert!(example.lines().any(|example| example.starts_with(&line)), "{name}");
    }
}

#[test]
fn the_image_is_built_by_the_compiler_of_the_repository() {
    let toolchain = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../rust-toolchain.toml");
    let toolchain: toml::Table = std::fs::read_to_string(toolchain).unwrap().parse().unwrap();
    let version = toolchain["toolchain"]["channel"].as_str().unwrap();
    let dockerfile = deployed("Dockerfile");
    assert!(dockerfile.contains(&format!("FROM rust:{version}-bookworm AS build")), "{version}");
    assert!(dockerfile.contains(&format!("ENV RUSTUP_TOOLCHAIN={version}")), "{version}");
}
