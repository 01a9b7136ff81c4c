//! What `/readyz` says.

/// The failing checks of an answer of `/readyz`.
pub(crate) fn failing(answer: &str) -> String {
    let readiness: Result<service::health::Readiness, _> = serde_json::from_str(answer);
    match readiness {
        Ok(readiness) => {
            let failing = readiness.checks.into_iter().filter(|(_, check)| !check.ok);
            let told = failing
                .map(|(name, check)| format!("{name}: {}", check.reason.unwrap_or_default()));
            told.collect::<Vec<_>>().join("; ")
        }
        Err(_) => answer.to_owned(),
    }
}
