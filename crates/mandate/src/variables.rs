//! Environment variables as a source of the configuration.
//!
//! `MANDATE_HTTP__MAX_BODY_BYTES` is `http.max_body_bytes`. A name with two underscores is meant as a setting,
//! and refused if it is none. Without them only what is known counts, because the environment has names of
//! others: where a Kubernetes Service is called `mandate`, each container nearby gets `MANDATE_SERVICE_HOST`.

use config::{ConfigError, Map, Source, Value, ValueKind};

/// What the name of each begins with.
const PREFIX: &str = "MANDATE_";

/// What stands between the parts of a setting's name.
const SEPARATOR: &str = "__";

/// Variables that begin with `MANDATE_` and are no settings.
const NOT_SETTINGS: [&str; 5] = [
    "MANDATE_CONFIG",
    "MANDATE_DATA_DIR",
    "MANDATE_POSTGRES",
    "MANDATE_NATS_SERVER",
    "MANDATE_CACHE_DIR",
];

/// Settings from the environment, by their paths.
#[derive(Debug, Clone)]
pub(crate) struct Variables(Map<String, Value>);

/// A variable that cannot be a setting.
#[derive(Debug, thiserror::Error)]
pub enum VariableError {
    /// It is none that is known.
    #[error(
        "the variable {name} would be the setting `{path}`, and there is none: between the parts of a setting's name \
         stand two underscores, as in MANDATE_HTTP__MAX_BODY_BYTES"
    )]
    Unknown {
        /// Its name.
        name: String,
        /// The setting that it would be.
        path: String,
    },
    /// It is not text.
    #[error("the value of the variable {name} is not UTF-8")]
    NotText {
        /// Its name.
        name: String,
    },
}

impl Variables {
    /// Those of these variables that are settings: what there is, the defaults tell.
    ///
    /// # Errors
    /// When one would be a setting by its name and is none that is known.
    pub(crate) fn read(
        environment: impl IntoIterator<Item = (String, String)>,
        defaults: &serde_json::Value,
    ) -> Result<Self, VariableError> {
        let mut settings = Map::new();
        for (name, text) in environment {
            let Some(path) = path(&name) else { continue };
            let default = defaults.pointer(&format!("/{}", path.replace('.', "/")));
            if !path.contains('.') && default.is_none_or(serde_json::Value::is_object) {
                if is_made_by_kubernetes(&name) {
                    continue;
                }
                return Err(VariableError::Unknown { name, path });
            }
            // What it is to be, a number or a text that looks like one, the setting says when it is read.
            let value = |text: &str| Value::new(Some(&name), ValueKind::String(text.to_owned()));
            let value = if default.is_some_and(serde_json::Value::is_array) {
                let items = text.split(',').map(str::trim).map(value).collect();
                let items = if text.trim().is_empty() { Vec::new() } else { items };
                Value::new(Some(&name), ValueKind::Array(items))
            } else {
                value(&text)
            };
            settings.insert(path, value);
        }
        Ok(Self(settings))
    }
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// The variables of this process that may be settings.
///
/// # Errors
/// When the value of one is not UTF-8: left out it would silently not hold.
pub(crate) fn of_process() -> Result<Vec<(String, String)>, VariableError> {
    let mut found = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        if path(&name).is_some() {
            let Ok(value) = value.into_string() else {
                return Err(VariableError::NotText { name });
            };
            found.push((name, value));
        }
    }
    Ok(found)
}

/// The path of the setting that a variable would be.
fn path(name: &str) -> Option<String> {
    if NOT_SETTINGS.contains(&name) || name.starts_with("MANDATE_TEST_") {
        return None;
    }
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    let is_ours = prefix.eq_ignore_ascii_case(PREFIX);
    is_ours.then(|| rest.to_lowercase().replace(SEPARATOR, "."))
}

/// Whether Kubernetes makes a variable of this name, in every container of a namespace where there is a Service
/// called `mandate` or `mandate-…`: `{SVC}_SERVICE_HOST`, `{SVC}_SERVICE_PORT`, `{SVC}_SERVICE_PORT_{NAME}`,
/// `{SVC}_PORT`, `{SVC}_PORT_{NUMBER}_{PROTOCOL}` and what follows that
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
fn is_made_by_kubernetes(name: &str) -> bool {
    let mut parts = name.split('_').skip(1).peekable();
    while let Some(part) = parts.next() {
        let next = parts.peek().copied();
        match part {
            "SERVICE" if next == Some("PORT") => return true,
            "SERVICE" if next == Some("HOST") => {
                parts.next();
                return parts.next().is_none();
            }
            "PORT" if next.is_none_or(|next| next.parse::<u16>().is_ok()) => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;

    fn read(name: &str) -> Result<Variables, VariableError> {
        let defaults = serde_json::to_value(Configuration::default()).unwrap();
        Variables::read([(name.to_owned(), "x".to_owned())], &defaults)
    }

    #[test]
    fn what_kubernetes_makes_of_a_service_is_told_from_a_misspelled_setting() {
        for made in [
            "MANDATE_SERVICE_HOST",
            "MANDATE_SERVICE_PORT",
            "MANDATE_SERVICE_PORT_HTTP",
            "MANDATE_PORT",
            "MANDATE_PORT_80_TCP",
            "MANDATE_PORT_80_TCP_PROTO",
            "MANDATE_PORT_80_TCP_PORT",
            "MANDATE_PORT_80_TCP_ADDR",
            "MANDATE_KEY_ISSUER_SERVICE_HOST",
            "MANDATE_KEY_ISSUER_PORT",
            "MANDATE_PORTAL_PORT_8080_TCP_ADDR",
        ] {
            assert!(is_made_by_kubernetes(made), "{made}");
            assert!(read(made).unwrap().0.is_empty());
        }
        for other in [
            "MANDATE_LISTNE",
            "MANDATE_SERVICE",
            "MANDATE_SERVICE_HOSTS",
            "MANDATE_SERVICE_HOST_NAME",
            "MANDATE_PORTAL",
            "MANDATE_PORT_NUMBER",
            "MANDATE_HTTP_MAX_BODY_BYTES",
            "MANDATE_HTTP",
        ] {
            assert!(!is_made_by_kubernetes(other), "{other}");
            let error = read(other).unwrap_err();
            assert!(error.to_string().contains(other), "{error}");
        }
    }

    #[test]
    fn no_setting_is_named_as_kubernetes_names_variables() {
        let defaults = serde_json::to_value(Configuration::default()).unwrap();
        for name in defaults.as_object().unwrap().keys() {
            assert!(!is_made_by_kubernetes(&format!("{PREFIX}{}", name.to_uppercase())), "{name}");
        }
    }
}
