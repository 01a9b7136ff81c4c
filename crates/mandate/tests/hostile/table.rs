//! The table: what is sent, and the answer it gets. `docs/hostile-input.md` shows it.

#![allow(clippy::too_many_lines, reason = "a table is as long as it is")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::images;
use crate::system::{MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADER_FIELDS};
use crate::wire::Wire;

/// The answer to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A problem with this status and slug.
    Problem(u16, &'static str),
    /// 422 `invalid-request` that names this field.
    Field(&'static str),
    /// The token endpoint's error.
    OAuth(u16, &'static str),
    /// It is harmless, and taken.
    Taken(u16),
    /// The HTTP layer's own answer, without a body.
    Bare(u16),
    /// None: the connection is closed.
    Closed,
}

/// One input.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) input: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) answer: Answer,
}

/// Whom and what the inputs use.
pub(crate) struct With {
    pub(crate) operator: String,
    pub(crate) owner: String,
    pub(crate) auditor: String,
    pub(crate) organization: String,
    pub(crate) draft: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl With {
    /// Of the demo, and a draft of its organization.
    pub(crate) fn demo(demo: &Value, draft: String) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let token = |name: &str| {
            let people = demo["people"].as_array().into_iter().flatten();
            let of = format!("{name}@example.com");
            people
                .filter(|person| person["email"] == *of)
                .map(|person| text(&person["api_token"]))
                .collect()
        };
        Self {
            operator: token("operator"),
            owner: token("owner"),
            auditor: token("auditor"),
            organization: text(&demo["organization_id"]),
            draft,
            client_id: text(&demo["app"]["client_id"]),
            client_secret: text(&demo["app"]["client_secret"]),
        }
    }
}

use Answer::{Bare, Closed, Field, OAuth, Problem, Taken};

/// So many texts, one behind the other.
fn numbered(range: std::ops::Range<u32>, text: impl Fn(u32) -> String) -> String {
    range.map(text).collect::<Vec<_>>().concat()
}

/// All of it.
pub(crate) fn rows(with: &With) -> Vec<Row> {
    let groups = [
        ("HTTP", http(with)),
        ("Credentials", credentials(with)),
        ("Paths and queries", addresses(with)),
        ("JSON bodies", bodies(with)),
        ("The token endpoint", tokens(with)),
        ("Images", pictures(with)),
        ("CSV imports", imports(with)),
    ];
    let rows = groups.into_iter().flat_map(|(group, rows)| {
        rows.into_iter().map(move |(input, bytes, answer)| Row { group, input, bytes, answer })
    });
    rows.collect()
}

type Rows = Vec<(&'static str, Vec<u8>, Answer)>;

fn http(with: &With) -> Rows {
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
        (
            "`CONNECT` elsewhere",
            Wire::new("CONNECT example.com:443").bytes(),
            Problem(404, "not-found"),
        ),
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

fn credentials(with: &With) -> Rows {
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

fn addresses(with: &With) -> Rows {
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
        ("doubled slashes", owner("//v1//apps"), Problem(404, "not-found")),
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

fn bodies(with: &With) -> Rows {
    let raw = |body: &[u8]| Wire::new("POST /v1/apps").token(&with.owner).json(body).bytes();
    let app = |name: &str| {
        let body = json!({"organization_id": with.organization, "name": name, "authentication_method": "client_credentials"});
        raw(body.to_string().as_bytes())
    };
    let large = "x".repeat(MAX_BODY_BYTES + 1);
    let typed = |kind: &str| Wire::new("POST /v1/apps").token(&with.owner).body(kind, "{}").bytes();
    let keyed =
        |key: &str| Wire::new("POST /v1/apps").token(&with.owner).header(key).json("{}").bytes();
    let patched = |matching: &str| {
        let line = format!("PATCH /v1/apps/{}", with.draft);
        Wire::new(line).token(&with.owner).header(matching).json("{}").bytes()
    };
    let token = |expiry: &str| {
        let body = format!(r#"{{"name": "t", "expires_at": "{expiry}"}}"#);
        Wire::new("POST /v1/api-tokens").token(&with.owner).json(body).bytes()
    };
    vec![
        ("a body that is too large", raw(large.as_bytes()), Problem(413, "too-large")),
        (
            "the same in chunks, without a length",
            Wire::new("POST /v1/apps").token(&with.owner).json(large).chunked(),
            Problem(413, "too-large"),
        ),
        ("no body", raw(b""), Problem(400, "malformed-json")),
        ("half a document", raw(br#"{"name": "#), Problem(400, "malformed-json")),
        ("10000 nested lists", raw("[".repeat(10_000).as_bytes()), Field("body")),
        (
            "a field that nests 3000 deep",
            raw(format!("{{\"name\":{}", "{\"a\":".repeat(3000)).as_bytes()),
            Field("name"),
        ),
        (
            "a list of the fields in their order",
            raw(br#"[null, "x", null, "client_credentials", null, []]"#),
            Field("body"),
        ),
        ("null", raw(b"null"), Field("body")),
        ("a number for a text", raw(br#"{"name": 1}"#), Field("name")),
        ("1e999", raw(br#"{"name": 1e999}"#), Problem(400, "malformed-json")),
        ("NaN", raw(br#"{"name": NaN}"#), Problem(400, "malformed-json")),
        ("a field twice", raw(br#"{"name": "a", "name": "b"}"#), Field("name")),
        ("an unknown field", raw(br#"{"__proto__": {}}"#), Field("__proto__")),
        (
            "an unknown field of 10000 characters",
            raw(format!("{{\"{}\":1}}", "k".repeat(10_000)).as_bytes()),
            Problem(422, "invalid-request"),
        ),
        ("half a surrogate pair", raw(br#"{"name": "\ud800"}"#), Problem(400, "malformed-json")),
        (
            "bytes that are no UTF-8",
            raw(b"{\"name\": \"\xff\xfe\"}"),
            Problem(400, "malformed-json"),
        ),
        (
            "an overlong UTF-8 form of NUL",
            raw(b"{\"name\": \"\xc0\x80\"}"),
            Problem(400, "malformed-json"),
        ),
        ("UTF-16", raw(b"{\0}\0"), Problem(400, "malformed-json")),
        ("a NUL in a text", app("a\0b"), Field("name")),
        ("a line break in a name", app("a\nb"), Field("name")),
        ("a name that reverses what follows it", app("\u{202e}nimda"), Field("name")),
        ("a name of 101 characters", app(&"x".repeat(101)), Field("name")),
        ("no media type", typed("x"), Problem(415, "unsupported-media-type")),
        (
            "two media types in one",
            typed("application/json, text/html"),
            Problem(415, "unsupported-media-type"),
        ),
        (
            "two `Idempotency-Key`s",
            keyed("idempotency-key: a\r\nidempotency-key: b"),
            Problem(400, "invalid-idempotency-key"),
        ),
        (
            "an `Idempotency-Key` of 256 characters",
            keyed(&format!("idempotency-key: {}", "k".repeat(256))),
            Problem(400, "invalid-idempotency-key"),
        ),
        (
            "an `If-Match` of 30 digits",
            patched("if-match: \"999999999999999999999999999999\""),
            Problem(412, "changed-meanwhile"),
        ),
        ("an expiry in the year 262142", token("+262142-12-31T23:59:59Z"), Field("expires_at")),
        (
            "an expiry that is in the year 10000 in UTC",
            token("9999-12-31T23:59:59-01:00"),
            Field("expires_at"),
        ),
    ]
}

fn tokens(with: &With) -> Rows {
    const FORM: &str = "application/x-www-form-urlencoded";
    let (id, secret) = (&with.client_id, &with.client_secret);
    let good = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let form = |body: &str| Wire::new("POST /oauth2/token").body(FORM, body).bytes();
    let and = |extra: &str| form(&format!("{good}&{extra}"));
    let basic = |pair: &[u8]| {
        let header = format!("authorization: Basic {}", STANDARD.encode(pair));
        Wire::new("POST /oauth2/token").header(header)
    };
    let grant = "grant_type=client_credentials";
    let many = numbered(0..1000, |n| format!("p{n}=1&"));
    vec![
        ("a parameter twice", and("client_id=x"), OAuth(400, "invalid_request")),
        ("an unknown parameter twice", and("a=1&a=2"), OAuth(400, "invalid_request")),
        ("1000 unknown parameters", and(&many), Taken(200)),
        ("a body that is too large", and(&"x".repeat(70_000)), OAuth(413, "invalid_request")),
        ("broken percent-encoding", and("x=%zz%"), Taken(200)),
        ("a NUL in the scope", and("scope=%00"), OAuth(400, "invalid_scope")),
        ("line breaks in the scope", and("scope=a%0d%0ab"), OAuth(400, "invalid_scope")),
        (
            "a NUL as the client id",
            form(&format!("{grant}&client_id=%00&client_secret=x")),
            OAuth(401, "invalid_client"),
        ),
        ("JSON", Wire::new("POST /oauth2/token").json("{}").bytes(), OAuth(400, "invalid_request")),
        (
            "credentials in the query",
            Wire::new(format!("POST /oauth2/token?{good}")).body(FORM, "").bytes(),
            OAuth(401, "invalid_client"),
        ),
        (
            "Basic and the body at once",
            basic(format!("{id}:{secret}").as_bytes()).body(FORM, good.clone()).bytes(),
            OAuth(400, "invalid_request"),
        ),
        (
            "Basic twice",
            basic(b"a:b").header("authorization: Basic YTpi").body(FORM, grant).bytes(),
            OAuth(400, "invalid_request"),
        ),
        (
            "bytes that are no text in Basic",
            basic(b"\xff:\xff").body(FORM, grant).bytes(),
            OAuth(401, "invalid_client"),
        ),
        (
            "broken percent-encoding in Basic",
            basic(b"%f:%zz").body(FORM, grant).bytes(),
            OAuth(401, "invalid_client"),
        ),
        (
            "two `Content-Type`s",
            Wire::new("POST /oauth2/token")
                .header(format!("content-type: {FORM}"))
                .body(FORM, good.clone())
                .bytes(),
            OAuth(400, "invalid_request"),
        ),
        ("another method", Wire::new("PUT /oauth2/token").bytes(), OAuth(405, "invalid_request")),
        (
            "another address",
            Wire::new("POST /oauth2/tokens").bytes(),
            OAuth(404, "invalid_request"),
        ),
        (
            "half a body",
            Wire::new("POST /oauth2/token")
                .header(format!("content-type: {FORM}\r\ncontent-length: 100\r\n\r\ngrant"))
                .bytes(),
            OAuth(408, "invalid_request"),
        ),
        (
            "4000 characters without a colon in Basic",
            basic(&[b'a'; 4000]).body(FORM, grant).bytes(),
            OAuth(401, "invalid_client"),
        ),
    ]
}

fn pictures(with: &With) -> Rows {
    let put = |bytes: Vec<u8>| {
        let line = format!("PUT /v1/apps/{}/image", with.draft);
        Wire::new(line).token(&with.owner).body("image/png", bytes).bytes()
    };
    let behind = |tail: &[u8]| [&images::good()[..], tail].concat();
    let animation = images::chunk(*b"acTL", &[0x7f; 8]);
    let mut cut = images::good();
    cut.truncate(60);
    vec![
        (
            "60000 by 60000 pixels",
            put(images::png(60_000, 60_000, b"", b"x")),
            Problem(422, "image-too-many-pixels"),
        ),
        (
            "2^31 by 2^31 pixels",
            put(images::png(1 << 31, 1 << 31, b"", b"x")),
            Problem(422, "image-broken"),
        ),
        ("0 by 0 pixels", put(images::png(0, 0, b"", b"x")), Problem(422, "image-broken")),
        ("a colour profile that inflates to 60 MB", put(images::profile_bomb()), Taken(200)),
        ("a text that inflates to 60 MB", put(images::text_bomb()), Taken(200)),
        ("pixels that inflate to 60 MB for 8 by 8", put(images::pixel_stream_bomb()), Taken(200)),
        (
            "an animation of 2^31 frames",
            put(images::png(8, 8, &animation, &images::stored(&[0; 200]))),
            Taken(200),
        ),
        (
            "a script and a ZIP behind the image",
            put(behind(b"<script>alert(1)</script>PK\x03\x04")),
            Taken(200),
        ),
        ("half an image", put(cut), Problem(422, "image-broken")),
        (
            "the first bytes of a JPEG",
            put(b"\xff\xd8\xff\xe0".to_vec()),
            Problem(422, "image-broken"),
        ),
        (
            "an SVG with a script",
            put(b"<svg onload='alert(1)'/>".to_vec()),
            Problem(415, "image-format"),
        ),
        (
            "a GIF that says it is a PNG",
            put(b"GIF89a\x08\0\x08\0\0\0\0;".to_vec()),
            Problem(415, "image-format"),
        ),
        ("500001 bytes", put(behind(&vec![0; 500_001])), Problem(413, "image-too-large")),
    ]
}

fn imports(with: &With) -> Rows {
    const HEADER: &str = "account_name,kind,service,external_id,email,role\n";
    let send = |body: &[u8]| {
        let wire = Wire::new("POST /v1/accounts/import?dry_run=true").token(&with.operator);
        wire.body("text/csv", body).bytes()
    };
    let line = |line: &str| send(format!("{HEADER}{line}\n").as_bytes());
    vec![
        ("no CSV", send(&[0; 1000]), Problem(422, "unreadable-file")),
        ("bytes that are no UTF-8", send(b"\xff\xfea\0"), Problem(422, "unreadable-file")),
        ("100000 columns in the header", send(&[b','; 100_000]), Problem(422, "unreadable-file")),
        ("100000 columns in a line", line(&",".repeat(100_000)), Problem(422, "import-refused")),
        ("100000 lines", line(&"x\n".repeat(100_000)), Problem(422, "unreadable-file")),
        (
            "a quote that does not end",
            line("\"x,advertiser,retail_media,Q,,"),
            Problem(422, "import-refused"),
        ),
        (
            "a NUL in a name",
            line("a\0b,advertiser,retail_media,N,,"),
            Problem(422, "import-refused"),
        ),
        (
            "a line break in a name",
            line("\"a\nb\",advertiser,retail_media,L,,"),
            Problem(422, "import-refused"),
        ),
        (
            "a name that reverses what follows it",
            line("\u{202e}x,advertiser,retail_media,R,,"),
            Problem(422, "import-refused"),
        ),
        (
            "a name of 100000 characters",
            line(&format!("{},advertiser,retail_media,M,,", "x".repeat(100_000))),
            Problem(422, "import-refused"),
        ),
        (
            "one account with two services",
            line("x,advertiser,retail_media,D,,\ny,advertiser,marketing_solutions,D,,"),
            Problem(422, "import-refused"),
        ),
        (
            "a formula as a name: no export is opened by a spreadsheet",
            line("\"=HYPERLINK(\"\"http://example.com\"\")\",advertiser,retail_media,F,,"),
            Taken(200),
        ),
        (
            "a byte order mark",
            send(format!("\u{feff}{HEADER}x,advertiser,retail_media,B,,\n").as_bytes()),
            Taken(200),
        ),
        ("more than 2 MB", send(&vec![b'x'; 2 * 1024 * 1024 + 1]), Problem(413, "too-large")),
        (
            "`dry_run` twice",
            Wire::new("POST /v1/accounts/import?dry_run=true&dry_run=false")
                .token(&with.operator)
                .body("text/csv", HEADER)
                .bytes(),
            Field("dry_run"),
        ),
    ]
}
