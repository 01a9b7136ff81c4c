//! Forms with files: `multipart/form-data` (RFC 7578), which browsers send them as.
//!
//! Such a form is read whole, since what is taken is small. Of one that is larger the rest is read and dropped, up to
//! a limit: a browser that is cut off while it sends shows no answer, and so would not say that the file is too large.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// The most bytes of a form that is read.
const LARGEST_FORM: usize = 1024 * 1024;

/// The most bytes that are read of one, to drop what is too much.
const LONGEST_READ: usize = 32 * 1024 * 1024;

/// A form that was read.
#[derive(Debug)]
pub(crate) struct Multipart(Vec<Part>);

#[derive(Debug)]
struct Part {
    name: String,
    content: Bytes,
}

/// Why a form cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It has more bytes than are taken.
    #[error("the form is too large")]
    TooLarge,
    /// It is no such form, or breaks off.
    #[error("the form is malformed")]
    Malformed,
}

impl Multipart {
    /// Reads a request's form.
    ///
    /// # Errors
    /// When it is too large, or no form.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Unreadable> {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(boundary).ok_or(Unreadable::Malformed)?;
        parse(boundary, &whole(body).await?).ok_or(Unreadable::Malformed)
    }

    /// The content of a field, if it has one: a file that was not chosen is empty.
    pub(crate) fn field(&self, name: &str) -> Option<&Bytes> {
        let found = self.0.iter().find(|part| part.name == name);
        found.map(|part| &part.content).filter(|content| !content.is_empty())
    }
}

async fn whole(mut body: Body) -> Result<Bytes, Unreadable> {
    let (mut kept, mut received) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unreadable::Malformed)?.into_data() else { continue };
        received += data.len();
        if received <= LARGEST_FORM {
            kept.extend_from_slice(&data);
        } else if received > LONGEST_READ {
            break;
        }
    }
    if received > LARGEST_FORM { Err(Unreadable::TooLarge) } else { Ok(kept.freeze()) }
}

/// The boundary that a media type names (RFC 2046 section 5.1.1).
fn boundary(kind: &str) -> Option<&str> {
    let (essence, parameters) = kind.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

fn parse(boundary: &str, form: &Bytes) -> Option<Multipart> {
    let opening = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let mut parts = Vec::new();
    let mut at = find(form, 0, opening.as_bytes())? + opening.len();
    loop {
        let rest = &form[at..];
        if rest.starts_with(b"--") {
            return Some(Multipart(parts));
        }
        let head = at + rest.strip_prefix(b"\r\n").map(|_| 2)?;
        let head_ends = find(form, head, b"\r\n\r\n")?;
        let content = head_ends + 4;
        let ends = find(form, content, delimiter.as_bytes())?;
        let name = name_of(str::from_utf8(&form[head..head_ends]).ok()?)?;
        parts.push(Part { name, content: form.slice(content..ends) });
        at = ends + delimiter.len();
    }
}

/// The name of a part, by its head (RFC 7578 section 4.2).
fn name_of(head: &str) -> Option<String> {
    let disposition = head.split("\r\n").find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    disposition.split(';').find_map(|parameter| {
        let value = parameter.trim().strip_prefix("name=")?;
        Some(value.trim_matches('"').to_owned())
    })
}

/// Where this is found, from there on.
fn find(form: &[u8], from: usize, sought: &[u8]) -> Option<usize> {
    let at = form.get(from..)?.windows(sought.len()).position(|window| window == sought)?;
    Some(from + at)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// As browsers send it.
    const FORM: &str = "--X\r\nContent-Disposition: form-data; name=\"image\"; filename=\"name=x;.png\"\r\nContent-Type: image/png\r\n\r\n\u{1}\r\n--\r\n\r\n\r\n--X\r\nContent-Disposition: form-data; name=\"next\"\r\n\r\nlater\r\n--X--\r\n";

    async fn read(kind: &'static str, body: impl Into<Body>) -> Result<Multipart, Unreadable> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        Multipart::read(&headers, body.into()).await
    }

    #[tokio::test]
    async fn files_and_fields_are_read_as_they_were_sent() {
        for kind in
            ["multipart/form-data; boundary=X", "Multipart/Form-Data;charset=utf-8; boundary=\"X\""]
        {
            let form = read(kind, FORM).await.unwrap();
            assert_eq!(form.field("image").unwrap(), "\u{1}\r\n--\r\n\r\n".as_bytes(), "{kind}");
            assert_eq!(form.field("next").unwrap(), "later");
            assert_eq!(form.field("other"), None);
        }
    }

    #[tokio::test]
    async fn a_file_that_was_not_chosen_is_none() {
        let form = "--X\r\nContent-Disposition: form-data; name=\"image\"; filename=\"\"\r\n\r\n\r\n--X--\r\n";
        let form = read("multipart/form-data; boundary=X", form).await.unwrap();
        assert_eq!(form.field("image"), None);
    }

    #[tokio::test]
    async fn what_breaks_off_or_is_no_form_is_refused() {
        for end in 0..FORM.len() - "--\r\n".len() {
            let read = read("multipart/form-data; boundary=X", &FORM[..end]).await;
            assert_eq!(read.unwrap_err(), Unreadable::Malformed, "{end}");
        }
        for kind in [
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=X",
        ] {
            assert_eq!(read(kind, FORM).await.unwrap_err(), Unreadable::Malformed, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_form_that_is_too_large_says_so_though_it_was_read() {
        let large = format!("--X\r\n{}", "x".repeat(LARGEST_FORM));
        let read = read("multipart/form-data; boundary=X", large).await;
        assert_eq!(read.unwrap_err(), Unreadable::TooLarge);
    }
}
