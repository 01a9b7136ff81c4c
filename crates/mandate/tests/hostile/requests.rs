//! The rows on requests as such: what HTTP is, who calls, and which address is asked.

#![allow(clippy::too_many_lines, reason = "a table is as long as it is")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::row::Answer::{Bare, Closed, Field, Page, Problem, Taken};
use crate::row::{Rows, With, numbered};
use crate::system::{MAX_HEADER_BYTES, MAX_HEADER_FIELDS};
use crate::wire::Wire;

pub(crate) fn http(with: &With) -> Rows {
    let post = || Wire::new("POST /v1/apps").token(&with.owner);
    let json = || post().header("content-type: application/json");
    let health = || Wire::new("GET /healthz");
    let fields = "a: b\r\n".repeat(MAX_HEADER_FIELDS);
    vec![
        (
            "bytes that are no HTTP",
            vec![0x16, 3, 1, 2, 0, 1, 0, b'\r', b'\n', b'\r', b'\n'],
            Bare(400),
        ),
        ("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), Closed),
        (
            "no `Host`",
            b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n".to_vec(),
            Problem(400, "ambiguous-request"),
        ),
        ("two `Host`s", health().header("host: y").bytes(), Problem(400, "ambiguous-request")),
        ("two `Content-Type`s", json().json("{}").bytes(), Problem(400, "ambiguous-request")),
        (
            "two `Content-Length`s that differ",
            post().header("content-length: 3\r\ncontent-length: 2").header("\r\n{}").bytes(),
            Bare(400),
        ),
        ("a negative `Content-Length`", post().header("content-length: -1").bytes(), Bare(400)),
        (
            "an unknown `Transfer-Encoding`",
            post().header("transfer-encoding: x").bytes(),
            Bare(400),
        ),
        (
            "a body under `Content-Encoding: gzip`",
            post().header("content-encoding: gzip").json("\u{1f}\u{8b}").bytes(),
            Problem(415, "unsupported-content-encoding"),
        ),
        (
            "a body under `Transfer-Encoding: gzip, chunked`",
            json().header("transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n").bytes(),
            Problem(415, "unsupported-content-encoding"),
        ),
        (
            "a chunk whose size is no number",
            json().header("transfer-encoding: chunked\r\n\r\nzz").bytes(),
            Problem(400, "unreadable-body"),
        ),
        (
            "a chunk of 2^68 bytes",
            json().header("transfer-encoding: chunked\r\n\r\nfffffffffffffffff").bytes(),
            Problem(400, "unreadable-body"),
        ),
        ("a NUL in a header", health().header(b"x: a\0b").bytes(), Bare(400)),
        ("a folded header", health().header("x: a\r\n b").bytes(), Bare(400)),
        ("a space before a header's colon", health().header("x : a").bytes(), Bare(400)),
        (
            "a header that is too long",
            health().header(format!("x: {}", "x".repeat(MAX_HEADER_BYTES))).bytes(),
            Bare(431),
        ),
        ("too many headers", health().header(fields.trim_end()).bytes(), Bare(431)),
        (
            "an unknown method",
            Wire::new("BREW /v1/apps").bytes(),
            Problem(405, "method-not-allowed"),
        ),
        ("`TRACE`", Wire::new("TRACE /v1/apps").bytes(), Problem(405, "method-not-allowed")),
        ("`CONNECT` elsewhere", Wire::new("CONNECT example.com:443").bytes(), Page(404)),
        (
            "a `Range` of many parts",
            Wire::new("GET /v1/apps")
                .token(&with.owner)
                .header("range: bytes=0-1,5-6,-9999999999999999")
                .bytes(),
            Taken(200),
        ),
        (
            "line breaks in `X-Request-Id`, percent-encoded",
            health().header("x-request-id: a%0d%0aset-cookie:b").bytes(),
            Taken(200),
        ),
        (
            "bytes that are no text in `User-Agent`",
            health()
                .header(b"user-agent: \xff\xfe\x1b[31m".map(|b| if b == 0x1b { 0x80 } else { b }))
                .bytes(),
            Taken(200),
        ),
    ]
}

pub(crate) fn credentials(with: &With) -> Rows {
    let apps = || Wire::new("GET /v1/apps");
    let me = || Wire::new("GET /v1/me/accounts");
    let sign_in = |pair: &[u8]| {
        let header = format!("authorization: Basic {}", STANDARD.encode(pair));
        Wire::new("POST /v1/api-tokens").header(header).json(r#"{"name": "t"}"#).bytes()
    };
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let unsigned = format!(
        "{}.{}.",
        encode(r#"{"alg":"none","typ":"at+jwt"}"#),
        encode(r#"{"iss":"x","sub":"x","aud":"x","exp":9999999999}"#)
    );
    vec![
        (
            "two `Authorization`s, the first of them good",
            apps().token(&with.owner).token("x").bytes(),
            Problem(401, "unauthenticated"),
        ),
        (
            "bytes that are no text as a token",
            apps().header(b"authorization: Bearer \xff\xfe").bytes(),
            Problem(401, "unauthenticated"),
        ),
        (
            "a token of the right form that nobody has",
            apps().token(&format!("mandate_pat_{}", "A".repeat(43))).bytes(),
            Problem(401, "invalid-token"),
        ),
        (
            "a token of 5000 characters",
            apps().token(&format!("mandate_pat_{}", "A".repeat(5000))).bytes(),
            Problem(401, "invalid-token"),
        ),
        (
            "an access token with `alg: none`",
            me().token(&unsigned).bytes(),
            Problem(401, "invalid-token"),
        ),
        (
            "a person's token where an app's belongs",
            me().token(&with.owner).bytes(),
            Problem(401, "invalid-token"),
        ),
        (
            "a NUL in an email at sign-in",
            sign_in(b"a\0b@example.com:x"),
            Problem(401, "sign-in-refused"),
        ),
        (
            "bytes that are no text at sign-in",
            sign_in(b"\xff\xfe:\xff"),
            Problem(401, "sign-in-refused"),
        ),
        (
            "a password of 5000 characters",
            sign_in(format!("owner@example.com:{}", "x".repeat(5000)).as_bytes()),
            Problem(401, "sign-in-refused"),
        ),
    ]
}

pub(crate) fn addresses(with: &With) -> Rows {
    let get = |path: &str| Wire::new(format!("GET {path}")).token(&with.operator).bytes();
    let owner = |path: &str| Wire::new(format!("GET {path}")).token(&with.owner).bytes();
    let audit = |path: &str| Wire::new(format!("GET {path}")).token(&with.auditor).bytes();
    let cursor = |json: &str| format!("cursor={}", URL_SAFE_NO_PAD.encode(json));
    let id = "01234567-89ab-7cde-8f01-23456789abcd";
    let parameters = numbered(0..900, |n| format!("p{n}=&"));
    let types = numbered(0..300, |n| format!("mandate.t{n},"));
    vec![
        ("`..` in the path", owner("/v1/apps/../people/me"), Problem(404, "not-found")),
        (
            "`..` in the path, percent-encoded",
            owner("/v1/apps/%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
            Problem(404, "app-not-found"),
        ),
        ("doubled slashes", owner("//v1//apps"), Page(404)),
        ("a NUL as an id", owner("/v1/apps/%00"), Problem(404, "not-found")),
        ("bytes that are no text as an id", owner("/v1/apps/%ff%fe"), Problem(404, "not-found")),
        (
            "an id of 5000 characters",
            owner(&format!("/v1/apps/{}", "a".repeat(5000))),
            Problem(404, "app-not-found"),
        ),
        (
            "a NUL in a consent link's token",
            owner("/v1/consent-requests/mandate_cl_%00"),
            Problem(404, "not-found"),
        ),
        ("a NUL in a query", get("/v1/accounts?service=%00"), Field("service")),
        ("a parameter twice", owner("/v1/apps?limit=1&limit=2"), Field("limit")),
        ("an unknown parameter", owner("/v1/apps?limti=1"), Field("limti")),
        ("a misspelt filter", get("/v1/accounts?servcie=x"), Field("servcie")),
        (
            "an unknown parameter where there is none",
            owner("/v1/people/me?fields=id"),
            Field("fields"),
        ),
        (
            "an event type that there is not",
            audit("/v1/events?type=mandate.app.created"),
            Field("type"),
        ),
        (
            "a position beyond the end of the log",
            audit("/v1/events?after=9000000000000"),
            Field("after"),
        ),
        ("a limit of -1", owner("/v1/apps?limit=-1"), Field("limit")),
        (
            "a limit of -1, where there are no filters",
            owner("/v1/api-tokens?limit=-1"),
            Field("limit"),
        ),
        ("a time in a leap second", audit("/v1/events?from=2016-12-31T23:59:60Z"), Field("from")),
        ("a limit of 10^20", owner("/v1/apps?limit=100000000000000000000"), Field("limit")),
        ("a cursor that is no base64", owner("/v1/apps?cursor=!"), Field("cursor")),
        (
            "a made-up cursor of another list",
            owner(&format!("/v1/apps?{}", cursor("{\"a\":1}"))),
            Field("cursor"),
        ),
        (
            "a made-up cursor that nests 5000 deep",
            owner(&format!("/v1/apps?{}", cursor(&"[".repeat(5000)))),
            Field("cursor"),
        ),
        (
            "a made-up cursor from before there were times",
            owner(&format!(
                "/v1/apps?{}",
                cursor(&format!("[\"-262143-01-01T00:00:00Z\",\"{id}\"]"))
            )),
            Problem(422, "invalid-request"),
        ),
        (
            "a made-up cursor past the end of the log",
            audit(&format!("/v1/events?{}", cursor("9223372036854775807"))),
            Taken(200),
        ),
        ("900 unknown parameters", audit(&format!("/v1/events?{parameters}")), Field("p0")),
        (
            "300 event types",
            audit(&format!("/v1/events?type={}", types.trim_end_matches(','))),
            Field("type"),
        ),
        (
            "a time in the year 262142",
            audit("/v1/events?from=%2B262142-01-01T00:00:00Z"),
            Field("from"),
        ),
    ]
}
