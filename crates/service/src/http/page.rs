//! Lists in pages. The cursor is opaque to callers: base64url over the JSON of the last row's key,
//! so that a page begins where the last ended whatever was added in between.

use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::has_nul_escape;
pub use super::limit::MAX_LIMIT;
use super::limit::limit;
use crate::problem::{Fault, Problem};

/// Entries a page has when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;

/// Which page. Use it as `Query<PageQuery>`, or `#[serde(flatten)]` it into a query with filters.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many entries.
    #[serde(default, deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// How many entries the page has at most.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }

    /// How many rows to read: one more than the page has, which tells whether another follows.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit()) + 1
    }

    /// The key of the last entry before this page; none for the first page.
    ///
    /// # Errors
    /// 422 naming `cursor`.
    pub fn after<T: DeserializeOwned>(&self) -> Result<Option<T>, Problem> {
        self.cursor.as_deref().map(decode_cursor).transpose()
    }
}

/// A key as a cursor.
pub fn encode_cursor<T: Serialize>(key: &T) -> Result<String, Problem> {
    let json = serde_json::to_vec(key).map_err(Problem::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The key in a cursor.
///
/// # Errors
/// 422 naming `cursor`.
pub fn decode_cursor<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .filter(|json| !has_nul_escape(json))
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| Problem::invalid_field("cursor", Fault::bad_cursor()))
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of the rows that were read by [`PageQuery::rows`]; `key` gives an entry's key.
    pub fn of_rows<K: Serialize>(
        mut rows: Vec<T>,
        query: &PageQuery,
        key: impl Fn(&T) -> K,
    ) -> Result<Self, Problem> {
        let limit = query.limit() as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(encode_cursor(&key(last))?),
            _ => None,
        };
        Ok(Self { items: rows, next_cursor })
    }

    /// The same page of other entries.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

impl<T: Serialize> Page<T> {
    /// The answer to a request for `uri` (take it by axum's `OriginalUri`), with the next page as
    /// `Link: <…>; rel="next"` (RFC 8288).
    pub fn into_response_for(self, uri: &Uri) -> Response {
        let link = self.next_cursor.as_deref().and_then(|cursor| next_link(uri, cursor));
        let mut response = axum::Json(self).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

/// The header `Link: <…>; rel="next"` (RFC 8288) of a page of `uri`: the same address with this cursor, relative
/// to the server.
pub fn next_link(uri: &Uri, cursor: &str) -> Option<HeaderValue> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let given = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(given.filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", cursor);
    HeaderValue::from_str(&format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::extract::parse_urlencoded;
    use crate::http::limit::WRONG_LIMIT;
    use crate::problem::FaultCode;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ListApps {
        state: Option<String>,
        #[serde(flatten)]
        page: PageQuery,
    }

    fn read<T: DeserializeOwned>(query: &str) -> Result<T, serde_urlencoded::de::Error> {
        serde_urlencoded::from_str(query)
    }

    #[test]
    fn a_page_query_stands_alone_or_beside_filters() {
        assert_eq!(read::<PageQuery>("limit=7").unwrap().limit(), 7);
        assert_eq!(read::<PageQuery>("").unwrap().limit(), 50);
        assert!(read::<PageQuery>("page=2").is_err());
        let apps: ListApps = read("limit=7&state=active&cursor=x").unwrap();
        assert_eq!((apps.page.limit(), apps.state.as_deref()), (7, Some("active")));
        assert_eq!(apps.page.cursor.as_deref(), Some("x"));
        assert!(read::<ListApps>("stat=active").unwrap_err().to_string().contains("stat"));
    }

    #[test]
    fn limits_outside_1_to_200_are_refused() {
        for limit in ["0", "201", "-1", "ten", ""] {
            let query = format!("limit={limit}");
            for problem in [
                parse_urlencoded::<PageQuery>(query.as_bytes()).unwrap_err(),
                parse_urlencoded::<ListApps>(query.as_bytes()).unwrap_err(),
            ] {
                let error = &problem.errors()[0];
                assert_eq!(
                    (error.field.as_str(), error.fault.code),
                    ("limit", FaultCode::OutOfRange)
                );
                assert_eq!(error.fault.message, WRONG_LIMIT, "{limit}");
                assert_eq!(error.fault.parameters["max"], MAX_LIMIT);
            }
        }
    }

    #[test]
    fn a_cursor_leads_to_the_row_after_the_page() {
        let query = PageQuery { limit: Some(2), cursor: None };
        let page = Page::of_rows(vec![10, 20, 30], &query, |row| (*row, "x")).unwrap();
        assert_eq!(page.items, [10, 20]);
        let next = PageQuery { limit: Some(2), cursor: page.next_cursor };
        assert_eq!(next.after::<(i32, String)>().unwrap(), Some((20, "x".to_owned())));
        assert_eq!(Page::of_rows(vec![30, 40], &next, |row| *row).unwrap().next_cursor, None);
    }

    #[test]
    fn a_made_up_cursor_is_named() {
        for cursor in ["!", "e30", "AAAA"] {
            let problem = decode_cursor::<(i32,)>(cursor).unwrap_err();
            assert_eq!(problem.errors()[0].field, "cursor");
        }
    }

    #[test]
    fn the_link_keeps_the_filters() {
        let page = Page { items: vec![1], next_cursor: Some("abc".to_owned()) };
        let uri = "/v1/apps?state=active&cursor=old".parse().unwrap();
        let response = page.into_response_for(&uri);
        assert_eq!(response.headers()[LINK], "</v1/apps?state=active&cursor=abc>; rel=\"next\"");
    }
}
