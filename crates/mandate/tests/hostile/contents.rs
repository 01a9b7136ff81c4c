//! The rows on what requests carry: JSON, forms, images and files.

#![allow(clippy::too_many_lines, reason = "a table is as long as it is")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::images;
use crate::row::Answer::{Field, OAuth, Problem, Taken};
use crate::row::{Rows, With, numbered};
use crate::system::MAX_BODY_BYTES;
use crate::wire::Wire;

pub(crate) fn bodies(with: &With) -> Rows {
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
        ("a byte order mark", raw("\u{feff}{}".as_bytes()), Problem(400, "malformed-json")),
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
        ("a name that nobody sees", app("\u{3164}"), Field("name")),
        ("a name with a word joiner in it", app("ad\u{2060}min"), Field("name")),
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
            Problem(412, "unusable-if-match"),
        ),
        ("an expiry in the year 262142", token("+262142-12-31T23:59:59Z"), Field("expires_at")),
        (
            "an expiry that is in the year 10000 in UTC",
            token("9999-12-31T23:59:59-01:00"),
            Field("expires_at"),
        ),
    ]
}

pub(crate) fn tokens(with: &With) -> Rows {
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
        (
            "a form under `Content-Encoding: gzip`",
            Wire::new("POST /oauth2/token")
                .header("content-encoding: gzip")
                .body(FORM, good.as_str())
                .bytes(),
            OAuth(400, "invalid_request"),
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

pub(crate) fn pictures(with: &With) -> Rows {
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
        ("half a photograph", put(images::half_a_photograph()), Problem(422, "image-broken")),
        (
            "half a photograph with the mark of its end",
            put([&images::half_a_photograph()[..], b"\xff\xd9"].concat()),
            Problem(422, "image-broken"),
        ),
        (
            "a photograph with its place, and another behind its end",
            put(images::PHOTOGRAPH.to_vec()),
            Taken(200),
        ),
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

pub(crate) fn imports(with: &With) -> Rows {
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
        ("100000 columns in a line", line(&"x,".repeat(100_000)), Problem(422, "import-refused")),
        ("100000 rows of commas", line(&",\n".repeat(100_000)), Problem(422, "unreadable-file")),
        (
            "semicolons between its columns",
            send(HEADER.replace(',', ";").as_bytes()),
            Problem(422, "unreadable-file"),
        ),
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
            "a name that nobody sees",
            line("\u{3164},advertiser,retail_media,S,,"),
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
