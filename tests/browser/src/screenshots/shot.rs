//! The ways in which a sample is looked at: every one on a laptop and a phone, in light and dark; what
//! the samples ask for besides.

use browser::{ColorScheme, Options, Viewport};

use crate::gallery::Sample;

/// One way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shot {
    /// Every sample.
    Plain { phone: bool, dark: bool },
    /// In French.
    French,
    /// Letters with accents, and 40 % longer: what is not translated or does not fit is seen.
    PseudoLocale,
    /// From right to left.
    RightToLeft,
    /// At 200 %.
    Zoomed,
    /// In the colours of the system.
    ForcedColors,
    /// Without JavaScript.
    NoScripts,
    /// On paper.
    Print,
}

impl Shot {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let plain = [(false, false), (false, true), (true, false), (true, true)];
        let plain = plain.map(|(phone, dark)| Self::Plain { phone, dark });
        let further = [
            Self::French,
            Self::PseudoLocale,
            Self::RightToLeft,
            Self::Zoomed,
            Self::ForcedColors,
            Self::NoScripts,
            Self::Print,
        ];
        plain.into_iter().chain(further).collect()
    }

    /// As samples ask for it, and as the file's name ends.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain { phone: false, dark: false } => "light",
            Self::Plain { phone: false, dark: true } => "dark",
            Self::Plain { phone: true, dark: false } => "phone",
            Self::Plain { phone: true, dark: true } => "phone-dark",
            Self::French => "french",
            Self::PseudoLocale => "pseudo",
            Self::RightToLeft => "rtl",
            Self::Zoomed => "zoomed",
            Self::ForcedColors => "forced-colors",
            Self::NoScripts => "no-scripts",
            Self::Print => "print",
        }
    }

    /// Whether this sample is looked at in this way.
    pub(crate) fn is_of(self, sample: &Sample) -> bool {
        matches!(self, Self::Plain { .. }) || sample.states.iter().any(|it| it == self.name())
    }

    /// Whether it is a document and not a picture.
    pub(crate) fn is_print(self) -> bool {
        self == Self::Print
    }

    /// The settings of the browser.
    pub(crate) fn options(self) -> Options {
        let usual = Options::default();
        match self {
            Self::Plain { phone, dark } => Options {
                viewport: if phone { Viewport::PHONE } else { Viewport::DESKTOP },
                color_scheme: if dark { ColorScheme::Dark } else { ColorScheme::Light },
                ..usual
            },
            Self::French => Options { language: "fr-FR,fr", ..usual },
            Self::Zoomed => Options { viewport: Viewport::ZOOMED, ..usual },
            Self::ForcedColors => Options { forced_colors: true, ..usual },
            Self::NoScripts => Options { scripts: false, ..usual },
            Self::PseudoLocale | Self::RightToLeft | Self::Print => usual,
        }
    }

    /// Where the sample is in this way: no browser asks for the pseudo-locale or for a direction, and
    /// a sample is in English whatever the browser asks for, so the gallery has a parameter for each.
    pub(crate) fn path(self, sample: &Sample) -> String {
        match self {
            Self::French => format!("{}?locale=fr", sample.path),
            Self::PseudoLocale => format!("{}?locale=pseudo", sample.path),
            Self::RightToLeft => format!("{}?dir=rtl", sample.path),
            _ => sample.path.clone(),
        }
    }
}
