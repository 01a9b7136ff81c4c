//! Whose portal it is: a logo and colours of an installation's own, from files that its settings name.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::settings::Settings;

/// A page is to weigh little, and this is on every page.
const LARGEST_LOGO: u64 = 64 * 1024;
const LARGEST_STYLESHEET: u64 = 32 * 1024;

/// Kept for good: another content has another address.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Pictures can have scripts in them (SVG): shown as a picture or not at all.
const PICTURE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// Why a brand cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum BrandError {
    /// The file of a setting cannot be read.
    #[error("`{setting}` is {path}, which cannot be read: {source}")]
    Unreadable {
        /// The setting.
        setting: &'static str,
        /// Its value.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a page should be.
    #[error("`{setting}` is {path}, which has more than {most} bytes")]
    TooLarge {
        /// The setting.
        setting: &'static str,
        /// Its value.
        path: PathBuf,
        /// How many it may have.
        most: u64,
    },
    /// It is of another kind.
    #[error("`{setting}` is {path}: its name has to end in {endings}")]
    WrongKind {
        /// The setting.
        setting: &'static str,
        /// Its value.
        path: PathBuf,
        /// The endings of the kinds that are taken.
        endings: &'static str,
    },
}

/// Where the brand's files are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brand {
    /// The logo, in place of ours.
    pub(crate) logo: Option<String>,
    /// The stylesheet, which comes after ours.
    pub(crate) style: Option<String>,
}

/// What a setting may name.
struct Kind {
    setting: &'static str,
    most: u64,
    endings: &'static str,
    types: &'static [(&'static str, &'static str)],
}

const LOGO: Kind = Kind {
    setting: "portal.logo",
    most: LARGEST_LOGO,
    endings: ".svg or .png",
    types: &[("svg", "image/svg+xml"), ("png", "image/png")],
};

const STYLESHEET: Kind = Kind {
    setting: "portal.stylesheet",
    most: LARGEST_STYLESHEET,
    endings: ".css",
    types: &[("css", "text/css; charset=utf-8")],
};

/// Reads the files, and makes the routes at which they are served.
pub(crate) fn load(settings: &Settings) -> Result<(Brand, Router), BrandError> {
    let mut routes = Router::new();
    let mut serve = |kind: &Kind, path: &Option<PathBuf>| {
        let Some(path) = path else { return Ok(None) };
        let (address, media_type, bytes) = kind.read(path)?;
        let policy = kind.policy();
        let handler = get(async move || {
            let headers: [(HeaderName, HeaderValue); 3] = [
                (CONTENT_TYPE, HeaderValue::from_static(media_type)),
                (CACHE_CONTROL, FOR_GOOD),
                (CONTENT_SECURITY_POLICY, policy),
            ];
            (headers, bytes)
        });
        routes = std::mem::take(&mut routes).route(&address, handler);
        Ok(Some(address))
    };
    let logo = serve(&LOGO, &settings.logo)?;
    let style = serve(&STYLESHEET, &settings.stylesheet)?;
    Ok((Brand { logo, style }, routes))
}

impl Kind {
    fn read(&self, path: &Path) -> Result<(String, &'static str, Vec<u8>), BrandError> {
        let (setting, named) = (self.setting, path.to_owned());
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let known = self.types.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
        let Some((ending, media_type)) = known else {
            return Err(BrandError::WrongKind { setting, path: named, endings: self.endings });
        };
        let bytes = std::fs::read(path).map_err(|source| BrandError::Unreadable {
            setting,
            path: named.clone(),
            source,
        })?;
        if bytes.len() as u64 > self.most {
            return Err(BrandError::TooLarge { setting, path: named, most: self.most });
        }
        let hash = Sha256::digest(&bytes).into_iter().take(8);
        let hash = hash.fold(0_u64, |hash, byte| hash << 8 | u64::from(byte));
        Ok((format!("/brand/{hash:016x}.{ending}"), media_type, bytes))
    }

    fn policy(&self) -> HeaderValue {
        if self.setting == LOGO.setting {
            PICTURE_POLICY
        } else {
            HeaderValue::from_static("default-src 'none'")
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    fn settings(logo: Option<&Path>, stylesheet: Option<&Path>) -> Settings {
        Settings {
            logo: logo.map(Path::to_owned),
            stylesheet: stylesheet.map(Path::to_owned),
            ..Settings::default()
        }
    }

    #[tokio::test]
    async fn files_are_served_as_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (logo, style) = (folder.path().join("logo.svg"), folder.path().join("brand.css"));
        std::fs::write(&logo, "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
        std::fs::write(&style, ":root { --accent: #7a1f5c }").unwrap();
        let (brand, routes) = load(&settings(Some(&logo), Some(&style))).unwrap();
        for (address, media_type) in
            [(brand.logo, "image/svg+xml"), (brand.style, "text/css; charset=utf-8")]
        {
            let request = Request::get(address.unwrap()).body(Body::empty()).unwrap();
            let Ok(answer) = routes.clone().oneshot(request).await;
            assert_eq!(answer.headers()[CONTENT_TYPE], media_type);
            assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
        }
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_the_settings_name() {
        let folder = tempfile::tempdir().unwrap();
        let (script, large) = (folder.path().join("logo.html"), folder.path().join("logo.png"));
        std::fs::write(&script, "x").unwrap();
        std::fs::write(&large, vec![0; 70_000]).unwrap();
        for wrong in [&script, &large, &folder.path().join("none.svg")] {
            let error = load(&settings(Some(wrong), None)).unwrap_err().to_string();
            assert!(error.starts_with("`portal.logo` is "), "{error}");
        }
        assert!(load(&settings(None, None)).unwrap().0.logo.is_none());
    }
}
