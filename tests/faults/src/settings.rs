//! The settings of the replicas.

/// Under which address the replicas say that they are reached, all alike.
const BASE_URL: &str = "http://mandate.example.com";

/// Where identity providers send people back to.
pub(crate) const RETURN_URL: &str = "http://mandate.example.com/sign-in/return";

/// More often than anybody does anything.
const OFTEN: u16 = 60_000;

/// What all replicas have in common, as variables: they send mail to this port of this machine, and seal with this
/// key. What bounds people is so wide that nobody meets it, and what ends by itself does not although a clock is
/// hours behind.
pub(crate) fn variables(mail_port: u16, master_key: &str) -> Vec<(&'static str, String)> {
    let often = || OFTEN.to_string();
    vec![
        ("MANDATE_DATABASE__MAX_CONNECTIONS", "8".to_owned()),
        ("MANDATE_PUBLIC_BASE_URL", BASE_URL.to_owned()),
        ("MANDATE_KEY_ISSUER__MASTER_KEY", master_key.to_owned()),
        ("MANDATE_AUDIT__MASTER_KEY", master_key.to_owned()),
        ("MANDATE_LOG__FILTER", "info,async_nats=warn,sqlx=warn".to_owned()),
        ("NO_COLOR", "1".to_owned()),
        ("MANDATE_DIRECTORY__MASTER_KEY", master_key.to_owned()),
        ("MANDATE_DIRECTORY__MAIL__SMTP", format!("smtp://127.0.0.1:{mail_port}")),
        ("MANDATE_DIRECTORY__MAIL__FROM", "no-reply@example.com".to_owned()),
        ("MANDATE_DIRECTORY__OUTGOING__REACHABLE", "127.0.0.1".to_owned()),
        ("MANDATE_DIRECTORY__CONTACT_CONFIRMATIONS_PER_HOUR", often()),
        ("MANDATE_DIRECTORY__MAX_UNCONFIRMED_ORGANIZATIONS", often()),
        ("MANDATE_DIRECTORY__MAX_SESSIONS", often()),
        ("MANDATE_DIRECTORY__INVITATIONS__MAX_OPEN", often()),
        ("MANDATE_DIRECTORY__INVITATIONS__MAX_SENDINGS", often()),
        ("MANDATE_DIRECTORY__INVITATIONS__MAX_MAILS_PER_DAY", often()),
        ("MANDATE_DIRECTORY__PASSWORD_RESET_MINUTES", often()),
        ("MANDATE_DIRECTORY__SIGN_IN_MINUTES", often()),
        // Weak on purpose: nobody attacks them.
        ("MANDATE_DIRECTORY__PASSWORDS__MEMORY_KIB", "64".to_owned()),
        ("MANDATE_DIRECTORY__PASSWORDS__PASSES", "1".to_owned()),
    ]
}
