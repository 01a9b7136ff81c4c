//! A key as the API shows it.

use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use contract::{AppId, ClientId, KeyId, Version};
use serde::Serialize;
use service::http::{Json, etag};
use utoipa::ToSchema;

use crate::allowed::{Access, KeyOperation};
use crate::key::Key;

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyState {
    /// It works, and counts towards the app's limit.
    Live,
    /// It was deleted and works until `ends_at`.
    Ending,
    /// It was deleted and works no more.
    Deleted,
    /// It reached its expiry.
    Expired,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyTrouble {
    /// It is live and expires within 30 days.
    EndsSoon,
}

/// What ends within so many days ends soon.
const SOON: TimeDelta = TimeDelta::days(30);

/// Whether what ends then ends soon.
pub(super) fn ends_soon(end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    end.is_some_and(|end| end - now <= SOON)
}

/// A key of an app. Its secret was shown when it was made, and is nowhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Key)]
pub(super) struct KeyBody {
    /// Its OAuth client id: 32 hex digits.
    #[schema(example = "0192aaaabbbb7ccc8dddeeeeffff0001")]
    pub(super) client_id: ClientId,
    /// The app.
    pub(super) app_id: AppId,
    /// Its name.
    #[schema(example = "production")]
    pub(super) name: String,
    /// The last four characters of its secret.
    #[schema(example = "x9-Q")]
    pub(super) hint: String,
    /// Where it is in its life.
    pub(super) state: KeyState,
    /// When it was made.
    pub(super) created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub(super) expires_at: Option<DateTime<Utc>>,
    /// When it was deleted: first, or to end it at once.
    pub(super) deleted_at: Option<DateTime<Utc>>,
    /// From when it works no more, if it was deleted.
    pub(super) ends_at: Option<DateTime<Utc>>,
    /// When it was last traded for a token, to the minute.
    pub(super) last_used_at: Option<DateTime<Utc>>,
    /// The key in whose place it came.
    pub(super) replaces: Option<ClientId>,
    /// When somebody reported that they had found its secret: it ended then.
    pub(super) leaked_at: Option<DateTime<Utc>>,
    /// What is wrong with it, if anything.
    pub(super) trouble: Option<KeyTrouble>,
    /// What you may do with it now. A replacement can still be refused because too many keys of the app work.
    pub(super) allowed: Vec<KeyOperation>,
    /// The number of its last event; also its ETag.
    #[schema(value_type = i64)]
    pub(super) version: Version,
}

impl KeyBody {
    /// The key as it is at this moment.
    pub(super) fn of(key: &Key, access: Access, now: DateTime<Utc>) -> Self {
        let state = match (key.works_at(now), key.deletion) {
            (true, None) => KeyState::Live,
            (true, Some(_)) => KeyState::Ending,
            (false, Some(_)) => KeyState::Deleted,
            (false, None) => KeyState::Expired,
        };
        Self {
            client_id: key.id.client_id(),
            app_id: key.app_id,
            name: key.name.as_str().to_owned(),
            hint: key.hint.clone(),
            state,
            created_at: key.created_at,
            expires_at: key.expires_at,
            deleted_at: key.deletion.map(|deletion| deletion.deleted_at),
            ends_at: key.deletion.map(|deletion| deletion.ends_at),
            last_used_at: key.last_used_at,
            replaces: key.replaces.map(KeyId::client_id),
            leaked_at: key.leaked_at,
            trouble: ends_soon(key.expires_at, now)
                .then_some(KeyTrouble::EndsSoon)
                .filter(|_| state == KeyState::Live),
            allowed: access.operations(key, now),
            version: key.version,
        }
    }
}

/// 200 with the key and its ETag.
pub(super) fn answer(key: &Key, access: Access, now: DateTime<Utc>) -> Response {
    ([(ETAG, etag(key.version))], Json(KeyBody::of(key, access, now))).into_response()
}
