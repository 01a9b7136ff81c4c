//! Limits that no test reaches that is not about them. Each refusal is an event of its own.

use service::limits::LimitSettings;

/// So many of anything.
const MANY: u32 = 1_000_000;

/// As settings.
pub fn wide_limits() -> LimitSettings {
    LimitSettings {
        tokens_per_app: MANY * 100,
        token_refusals_per_address: MANY,
        token_refusals_per_network: MANY,
        leak_reports_per_address: MANY,
        leak_reports_per_network: MANY,
        changes_per_caller: MANY,
        sign_ins_per_network: MANY,
        sign_in_attempts_per_email: MANY,
        sign_in_attempts_per_network: MANY,
        refusals_per_kind: MANY,
        refusals_in_all: MANY,
        ..LimitSettings::default()
    }
}

/// As environment variables of the binary.
pub fn wide_limit_variables() -> Vec<(String, String)> {
    let variable = |(name, value): (String, String)| {
        (format!("MANDATE_LIMITS__{}", name.to_uppercase()), value)
    };
    fields().into_iter().map(variable).collect()
}

/// As a section of a configuration file.
pub fn wide_limit_section() -> String {
    let lines = fields().into_iter().map(|(name, value)| format!("{name} = {value}\n"));
    format!("[limits]\n{}", lines.collect::<String>())
}

fn fields() -> Vec<(String, String)> {
    let settings = serde_json::to_value(wide_limits()).unwrap();
    let fields = settings.as_object().unwrap();
    fields.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}
