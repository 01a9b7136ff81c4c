//! Pages in a language that nobody speaks: accented, longer by two fifths, or from right to left. What breaks then
//! breaks in a language to come.

use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use http_body_util::{BodyExt, Collected};

/// A page with its words changed so.
pub(super) async fn change(page: Response, longer: bool, right_to_left: bool) -> Response {
    let (mut parts, body) = page.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let mut html = String::from_utf8_lossy(&body).into_owned();
    if longer {
        html = lengthen(&html);
    }
    if right_to_left {
        html = html.replacen("<html ", "<html dir=\"rtl\" ", 1);
    }
    Response::from_parts(parts, Body::from(html))
}

/// Each word accented, and followed by more of the same.
fn lengthen(html: &str) -> String {
    let mut out = String::with_capacity(html.len() * 2);
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        words(&rest[..open], &mut out);
        let end = verbatim(&rest[open..]).unwrap_or_else(|| close(&rest[open..]));
        labelled(&rest[open..open + end], &mut out);
        rest = &rest[open + end..];
    }
    words(rest, &mut out);
    out
}

/// A tag, whose label for readers grows as what is seen does.
fn labelled(tag: &str, out: &mut String) {
    let label = tag.split_once(" aria-label=\"").and_then(|(before, after)| {
        let (label, after) = after.split_once('"')?;
        Some((before, label, after))
    });
    match label {
        // What is verbatim has more than the tag.
        Some((before, label, after)) if !before.contains('>') => {
            out.push_str(before);
            out.push_str(" aria-label=\"");
            words(label, out);
            out.push('"');
            out.push_str(after);
        }
        _ => out.push_str(tag),
    }
}

/// The length of an element whose content is no prose.
fn verbatim(html: &str) -> Option<usize> {
    ["code", "pre", "svg", "time", "title", "textarea"].iter().find_map(|name| {
        let begins = html.strip_prefix('<')?.strip_prefix(name)?;
        begins.starts_with(['>', ' ']).then_some(())?;
        let end = format!("</{name}>");
        html.find(&end).map(|at| at + end.len())
    })
}

fn close(tag: &str) -> usize {
    tag.find('>').map_or(tag.len(), |at| at + 1)
}

fn words(text: &str, out: &mut String) {
    let mut letters = 0_usize;
    let mut entity = false;
    for letter in text.chars() {
        entity = (entity || letter == '&') && letter != ';';
        if !letter.is_alphabetic() || entity {
            out.extend(std::iter::repeat_n('·', letters * 2 / 5));
            letters = 0;
            out.push(letter);
            continue;
        }
        letters += 1;
        out.push(match letter {
            'a' => 'å',
            'e' => 'é',
            'i' => 'ï',
            'o' => 'ø',
            'u' => 'ü',
            'c' => 'ç',
            'n' => 'ñ',
            'A' => 'Å',
            'E' => 'É',
            other => other,
        });
    }
    out.extend(std::iter::repeat_n('·', letters * 2 / 5));
}

#[cfg(test)]
mod tests {
    use super::lengthen;

    #[test]
    fn words_grow_and_what_is_no_prose_stays() {
        assert_eq!(lengthen("<p>Keep the secret</p>"), "<p>Kéép· thé· séçrét··</p>");
        assert_eq!(lengthen("<code>client_id</code>"), "<code>client_id</code>");
        assert_eq!(lengthen("<a aria-label=\"Copy it\">"), "<a aria-label=\"Cøpy· ït\">");
        assert_eq!(lengthen("a &amp; b"), "å &amp; b");
    }
}
