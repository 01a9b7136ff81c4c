//! What the user of a browser has set, and the window they look through.

use serde_json::{Value, json};

/// Light or dark, as the system prefers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    /// Dark ink on light paper.
    Light,
    /// The reverse.
    Dark,
}

impl ColorScheme {
    /// As CSS calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The part of a page that is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Pixels of the picture for one of CSS.
    pub scale: f64,
}

impl Viewport {
    /// A laptop.
    pub const DESKTOP: Self = Self { width: 1280, height: 800, scale: 1.0 };
    /// A phone, held upright.
    pub const PHONE: Self = Self { width: 390, height: 844, scale: 1.0 };
    /// A laptop whose user has zoomed to 200 %: half as many CSS pixels, each twice as large.
    pub const ZOOMED: Self = Self { width: 640, height: 400, scale: 2.0 };

    pub(crate) fn metrics(self) -> Value {
        let Self { width, height, scale } = self;
        json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false})
    }
}

/// What a user has set.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in a browser")]
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Light or dark.
    pub color_scheme: ColorScheme,
    /// The window.
    pub viewport: Viewport,
    /// Whether pages may run scripts.
    pub scripts: bool,
    /// Whether cookies are kept.
    pub cookies: bool,
    /// By its name in the IANA database.
    pub time_zone: &'static str,
    /// What pages are asked to be in (RFC 9110, Accept-Language), without weights: `fr-FR,fr`.
    pub language: &'static str,
    /// Whether the system's colours replace those of pages.
    pub forced_colors: bool,
    /// Whether the user asked for little motion.
    pub reduced_motion: bool,
}

impl Default for Options {
    /// A laptop in Paris that asks for English, with little motion so that nothing is seen half-way.
    fn default() -> Self {
        Self {
            color_scheme: ColorScheme::Light,
            viewport: Viewport::DESKTOP,
            scripts: true,
            cookies: true,
            time_zone: "Europe/Paris",
            language: "en-GB,en",
            forced_colors: false,
            reduced_motion: true,
        }
    }
}

impl Options {
    /// As `Emulation.setEmulatedMedia` of the DevTools protocol wants it.
    pub(crate) fn media(&self) -> Value {
        let forced = if self.forced_colors { "active" } else { "none" };
        let motion = if self.reduced_motion { "reduce" } else { "no-preference" };
        json!({
            "media": "",
            "features": [
                {"name": "prefers-color-scheme", "value": self.color_scheme.name()},
                {"name": "prefers-reduced-motion", "value": motion},
                {"name": "forced-colors", "value": forced},
            ],
        })
    }
}
