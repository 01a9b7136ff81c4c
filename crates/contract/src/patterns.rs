//! The forms of the strings that events hold, as regular expressions: none admits what people type.

/// A name of the catalogue: a service's or a domain's.
pub(crate) const NAME: &str = "^[a-z][a-z0-9_]*$";

/// A domain at a level with its service: `<service>/<domain>:<level>`.
pub(crate) const SERVICE_DOMAIN: &str = "^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*:(read|manage)$";

/// An OAuth scope, `<scope_prefix>_<scope_name>_<level>`.
pub(crate) const SCOPE: &str = "^[A-Za-z0-9]+_[A-Za-z0-9]+_(Read|Manage)$";

/// Such scopes, separated by spaces (RFC 6749 section 3.3).
pub(crate) const SCOPES: &str =
    "^[A-Za-z0-9]+_[A-Za-z0-9]+_(Read|Manage)( [A-Za-z0-9]+_[A-Za-z0-9]+_(Read|Manage))*$";

/// A SHA-256 in lower-case hex digits.
pub(crate) const SHA256: &str = "^[0-9a-f]{64}$";

/// A kind of stream.
pub(crate) const KIND: &str = "^[a-z]+(-[a-z]+)*$";

/// An RFC 7638 thumbprint: a SHA-256 in base64url.
pub(crate) const THUMBPRINT: &str = "^[A-Za-z0-9_-]{43}$";

/// An OAuth client_id: 32 lower-case hex digits.
pub(crate) const CLIENT_ID: &str = "^[0-9a-f]{32}$";

/// An event without `mandate.` and its version, or an operation: `<aggregate>.<word>`.
pub(crate) const EVENT: &str = "^[a-z]+(-[a-z]+)*\\.[a-z]+(-[a-z]+)*$";

/// A thing, as `<aggregate>/<id>`.
pub(crate) const THING: &str =
    "^[a-z]+(-[a-z]+)*/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// ISO 3166-1 alpha-2.
pub(crate) const COUNTRY: &str = "^[A-Z]{2}$";

/// A verifier key of the log (c2sp.org/signed-note): `<name>+<id>+<base64>`.
pub(crate) const VERIFIER_KEY: &str = "^[^\\s+]+\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]+=*$";

/// A signed checkpoint (c2sp.org/tlog-checkpoint): origin, size, root, an empty line, and signatures.
pub(crate) const CHECKPOINT: &str =
    "^[^\\s+]+\n[0-9]+\n[A-Za-z0-9+/]{43}=\n\n(\u{2014} [^\\s+]+ [A-Za-z0-9+/]+=*\n)+$";
