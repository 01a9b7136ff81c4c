//! With the drawn pattern, with a picture, and with each refusal of a file.

use axum::http::StatusCode;
use axum::response::Response;

use super::{draw, why_not};
use crate::api::apps::{App, AppOperation};
use crate::api::{Closed, Refused};
use crate::gallery::apps;
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;

fn with_picture() -> App {
    let mut app = apps::draft();
    app.has_image = true;
    app.allowed.push(AppOperation::RemoveImage);
    app
}

fn refused(code: &str) -> Refused {
    let (status, code) = (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned());
    Refused { status, code, retry_after: None, errors: Vec::new(), closed: Closed::default() }
}

fn page(of: fn() -> App, code: &'static str) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let error = why_not(easel.browser.language.texts(), &refused(code));
        draw(easel.portal, easel.browser, StatusCode::OK, &of(), error)
    }
}

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("without", page(apps::draft, "")),
        Sample::new("with", page(with_picture, "")),
        Sample::new("too_large", page(apps::draft, "image-too-large")),
        Sample::new("other_format", page(apps::draft, "image-format")),
        Sample::new("too_many_pixels", page(with_picture, "image-too-many-pixels")),
        Sample::new("broken", page(with_picture, "image-broken")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn whatever_can_be_wrong_with_a_file_is_worded() {
        for language in Language::ALL {
            for code in ["image-too-large", "image-format", "image-too-many-pixels", "image-broken"]
            {
                assert!(why_not(language.texts(), &refused(code)).is_some(), "{code}");
            }
            assert_eq!(why_not(language.texts(), &refused("app-frozen")), None);
        }
    }
}
