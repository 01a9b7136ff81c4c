//! What device a session is on, as people name it. It is a browser's word for itself (RFC 9110 section 10.1.5), and
//! helps to recognise one's own.

use crate::texts::Texts;

/// What names itself after others comes before them.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`; what is no browser's, as it is.
pub(crate) fn name(t: &Texts, user_agent: &str) -> String {
    let known = |list: &[(&str, &'static str)]| {
        list.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name)
    };
    let browser = known(&BROWSERS).or_else(|| {
        (user_agent.contains("Safari/") && user_agent.contains("Version/")).then_some("Safari")
    });
    match (browser, known(&SYSTEMS)) {
        (Some(browser), Some(system)) => t.device(browser, system),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => user_agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn browsers_are_told_apart_and_programs_name_themselves() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";
        for (agent, expected) in [
            (chrome.to_owned(), "Chrome|Windows"),
            (format!("{chrome} Edg/148.0.0.0"), "Edge|Windows"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1".to_owned(),
                "Safari|iPhone",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0".to_owned(), "Firefox|Linux"),
            ("curl/8.17.0".to_owned(), "curl/8.17.0"),
        ] {
            let told = name(Language::English.texts(), &agent);
            let told = told.replace(['\u{2068}', '\u{2069}'], "").replace(" on ", "|");
            assert_eq!(told, expected);
        }
    }
}
