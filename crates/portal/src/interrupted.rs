//! A form that somebody filled in while their session ended.

/// A form that is larger is not kept.
const LARGEST: usize = 64 * 1024;

/// A form that was not done, and is not lost: its address, and its fields as they were sent, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) path: String,
    pub(crate) fields: String,
}

/// On the answer to a form without a session: it is to carry the form along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended;

/// On the answer to a sign-in: the form that is to be drawn again.
#[derive(Debug, Clone)]
pub(crate) struct Resume(pub(crate) Kept);

impl Kept {
    /// Those of a form's fields that can be kept: what is secret is typed again.
    pub(crate) fn of(path: &str, body: &[u8]) -> Option<Self> {
        if body.len() > LARGEST {
            return None;
        }
        let fields = url::form_urlencoded::parse(body);
        let fields = fields.filter(|(name, _)| {
            !["password", "secret", "token"].iter().any(|secret| name.contains(secret))
        });
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        let fields = kept.extend_pairs(fields).finish();
        Some(Self { path: path.to_owned(), fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_kept() {
        let body = b"name=Bid+Pacing&password=x&new_password=y&client_secret=z&description=a%26b";
        let kept = Kept::of("/apps/new/method", body).unwrap();
        assert_eq!(kept.fields, "name=Bid+Pacing&description=a%26b");
        assert_eq!(Kept::of("/apps", &vec![b'x'; LARGEST + 1]), None);
    }
}
