//! What holds for any configuration, from a file and from the environment.

use std::io::Write;

use proptest::prelude::*;

use crate::cli::Overrides;
use crate::configuration::{Configuration, ConfigurationError};

fn load(file: &str, variables: Vec<(String, String)>) -> Result<Configuration, ConfigurationError> {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    Configuration::load(Some(on_disk.path()), variables, &Overrides::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_file_is_a_configuration_or_refused(text in "\\PC{0,80}|([a-z_]{1,9} = (\\PC{0,9}|[0-9]{1,25}|\"\\PC{0,9}\")\n){0,4}|(\\[(http|log|logins\\.x|transport)\\]\n[a-z_]{1,9} = [0-9-]{1,25}\n){1,3}") {
        let _ = load(&text, Vec::new());
    }

    /// A misspelled setting is refused, whatever it is set to: it would silently not hold.
    #[test]
    fn an_unknown_variable_is_refused(name in "[A-Z]{1,8}(__[A-Z]{1,8}){0,2}", value in "\\PC{0,20}") {
        // None of ours begins so.
        let name = format!("MANDATE_Q{name}");
        prop_assert!(load("", vec![(name, value)]).is_err());
    }

    #[test]
    fn any_value_of_a_variable_is_taken_or_refused(value in "\\PC{0,30}|[0-9-]{1,25}", which in prop::sample::select(vec!["LISTEN", "HTTP__MAX_BODY_BYTES", "HTTP__TRUSTED_PROXIES", "LOG__FORMAT", "DATABASE__MAX_CONNECTIONS", "TRANSPORT__REPLICAS"])) {
        let _ = load("", vec![(format!("MANDATE_{which}"), value)]);
    }

    /// No secret is printed, and no error tells one.
    #[test]
    fn a_secret_is_never_printed(secret in "[a-zA-Z0-9!$-]{12,30}") {
        let file = format!("[database]\nurl = \"postgres://u:{secret}@h/d\"\n[key_issuer]\nmaster_key = \"{secret}\"\n");
        let configuration = load(&file, Vec::new()).unwrap();
        let printed = format!("{configuration:?}{}", toml::to_string(&configuration).unwrap());
        prop_assert!(!printed.contains(&secret));
        let error = load(&format!("{file}unknown = 1\n"), Vec::new()).unwrap_err();
        let told = format!("{error} {error:?}");
        prop_assert!(!told.contains(&secret));
    }
}
