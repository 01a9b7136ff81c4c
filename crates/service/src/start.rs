//! Why a service does not start.

/// What kept a service from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error("the setting `{setting}` is wrong: {reason}")]
    Setting {
        /// Which.
        setting: String,
        /// Why.
        reason: String,
    },
    /// PostgreSQL refuses.
    #[error("PostgreSQL: {0}")]
    Database(#[from] sqlx::Error),
    /// NATS refuses.
    #[error("NATS: {0}")]
    Nats(String),
    /// What the service records at its start could not be.
    #[error(transparent)]
    Append(#[from] eventstore::AppendError),
    /// Something of the service's own.
    #[error("{0}")]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl StartError {
    /// A wrong setting.
    #[expect(clippy::needless_pass_by_value, reason = "reads best with an error passed as it is")]
    pub fn setting(setting: impl Into<String>, reason: impl ToString) -> Self {
        Self::Setting { setting: setting.into(), reason: reason.to_string() }
    }
}
