use super::*;
use crate::Envelope;

/// Between them they have every member, and every kind of value.
const EVENTS: [&str; 3] = [
    concat!(
        r#"{"actor":"user/0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e11","authority":"account:admin","#,
        r#""causationid":"0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e12","#,
        r#""contexthash":"1zLmYfmMVfy-IpWRvWlBaMSn0_CLwRhXRnp1LdHmlUw","#,
        r#""correlationid":"0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e13","#,
        r#""data":{"a":[],"b":{},"c":[1,-20,0,"x"],"d":true,"e":false,"f":null,"g":{"h":"i"}},"#,
        r#""datacontenttype":"application/json","dataschema":"urn:mandate:schema:x","#,
        r#""detailshash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","#,
        r#""id":"0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e14","#,
        r#""organization":"0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e15","source":"/mandate/consent-broker","#,
        r#""specversion":"1.0","streamversion":12,"#,
        r#""subject":"consent/0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e16","time":"2026-10-31T23:59:59.000000Z","#,
        r#""traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","type":"mandate.x.y.v1"}"#
    ),
    concat!(
        r#"{"actor":"system/directory","authority":"system","#,
        r#""correlationid":"00000000-0000-0000-0000-000000000000","data":{"expires_at":1234567},"#,
        r#""datacontenttype":"","dataschema":"","id":"ffffffff-ffff-ffff-ffff-ffffffffffff","#,
        r#""source":"/mandate/directory","specversion":"","streamversion":1,"#,
        r#""subject":"unicorn/01234567-89ab-cdef-0123-456789abcdef","time":"1999-02-28T00:00:00.123456Z","type":""}"#
    ),
    concat!(
        r#"{"actor":"anonymous","authority":"none","#,
        r#""correlationid":"0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e13","data":"text","#,
        r#""datacontenttype":"a","dataschema":"b","id":"0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e14","#,
        r#""source":"/mandate/audit","specversion":"c","streamversion":999999999,"#,
        r#""subject":"access/0199d5b6-1f0a-7c3e-9a43-5f0a5a1c7e16","time":"2026-11-30T12:00:00.999999Z","type":"d"}"#
    ),
];

/// What the slow way finds, which parses the JSON and writes it anew.
fn slowly(bytes: &[u8]) -> Option<(Envelope, &str)> {
    let envelope = Envelope::parse(bytes).ok()?;
    let is_canonical = envelope.is_serialized_as(bytes) && envelope.is_subject_canonical();
    let (stream_kind, _) =
        str::from_utf8(bytes).ok()?.split_once(r#""subject":""#)?.1.split_once('/')?;
    (is_canonical && kinds::is_stream_kind(stream_kind.as_bytes()))
        .then_some((envelope, stream_kind))
}

fn assert_both_read_the_same(plain: PlainEnvelope<'_>, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (envelope, stream_kind) = slowly(bytes).unwrap_or_else(|| panic!("not canonical: {text}"));
    let (_, stream) = envelope.stream().unwrap();
    let expected = PlainEnvelope {
        id: envelope.id.uuid(),
        source: envelope.source,
        version: envelope.streamversion.into(),
        stream_kind,
        stream,
        kind: &envelope.kind,
    };
    assert_eq!(plain, expected, "{text}");
}

#[test]
fn both_ways_read_the_same() {
    for text in EVENTS {
        assert_both_read_the_same(PlainEnvelope::read(text.as_bytes()).unwrap(), text.as_bytes());
    }
}

/// Whatever becomes of an event by one byte: no way in by the fast way that the slow way has not.
#[test]
fn nothing_is_canonical_the_fast_way_that_is_not_the_slow_way() {
    let others = b"\0\x1f\x20\"\\/-.,:{}[]09aAfgGzZ_~\x7f\x80\xc3\xff";
    let mut read_fast = 0;
    let mut compare = |entry: &[u8]| {
        if let Some(plain) = PlainEnvelope::read(entry) {
            assert_both_read_the_same(plain, entry);
            read_fast += 1;
        }
    };
    for text in EVENTS {
        for at in 0..text.len() {
            let mut entry = text.as_bytes().to_vec();
            for other in others {
                entry[at] = *other;
                compare(&entry);
            }
            let (before, after) = text.as_bytes().split_at(at);
            compare(&[before, &after[1..]].concat());
            for other in others {
                compare(&[before, &[*other], after].concat());
            }
        }
        compare(&text.as_bytes()[..text.len() - 1]);
        compare(&[text.as_bytes(), b" "].concat());
    }
    assert!(read_fast > 1000, "{read_fast} were compared");
}

#[test]
fn what_is_not_plain_is_left_to_the_slow_way() {
    let text = EVENTS[0];
    for (of, by) in [
        (r#""d":true"#, r#""d":1.5"#),
        (r#""d":true"#, r#""d":-0"#),
        (r#""d":true"#, r#""d":9007199254740993"#),
        (r#""d":true"#, r#""d":"ü""#),
        (r#""d":true"#, r#""c":true"#),
        (r#""d":true"#, "\"d\":\"\\n\""),
        ("2026-10-31", "2024-02-29"),
        ("2026-10-31", "2026-02-30"),
        (r#""streamversion":12"#, r#""streamversion":0"#),
        ("5f0a5a1c7e16", "5F0A5A1C7E16"),
        (r#""traceparent""#, r#""trace""#),
    ] {
        let changed = text.replacen(of, by, 1);
        assert_ne!(changed, text);
        assert_eq!(PlainEnvelope::read(changed.as_bytes()), None, "{changed}");
    }
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(PlainEnvelope::read(EVENTS[2].replace(r#""text""#, &deep).as_bytes()), None);
}

#[test]
fn the_first_byte_that_is_not_plain_is_found_wherever_it_is() {
    for length in 0..40 {
        let plain: Vec<u8> = (0..length).map(|at| b"az !~#[]"[at % 8]).collect();
        assert_eq!(plain_bytes(&plain), length);
        for at in 0..length {
            for other in [0, 0x1f, b'"', b'\\', 0x80, 0xff] {
                let mut bytes = plain.clone();
                bytes[at] = other;
                assert_eq!(plain_bytes(&bytes), at, "{other} at {at} of {length}");
            }
        }
    }
}
