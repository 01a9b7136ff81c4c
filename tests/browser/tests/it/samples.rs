//! Every page in every case of the portal's gallery, judged by machine: on a laptop in light, on a phone in dark; the
//! key samples in French and from right to left as well.

use browser::{Browser, ColorScheme, Options, Viewport};

use crate::gallery::{Gallery, Sample};

/// What is wrong with these samples in this look.
async fn faults(look: Options, is_wanted: impl Fn(&Sample) -> bool, query: &str) -> Vec<String> {
    let gallery = Gallery::serve().await;
    let samples = gallery.samples().await;
    assert!(samples.len() > 50, "the gallery has {} samples", samples.len());
    let browser = Browser::start(look).await;
    let mut faults = Vec::new();
    for Sample { path, .. } in samples.into_iter().filter(is_wanted) {
        gallery.visit(&browser, &format!("{path}{query}")).await;
        // The console tells of the answer's status as of an error: many samples are refusals.
        let found = browser.faults_at_rest().await.into_iter();
        let found = found.filter(|fault| !fault.contains("responded with a status of"));
        faults.extend(found.map(|fault| format!("{path}{query}: {fault}")));
    }
    faults
}

/// A phone in dark.
fn phone() -> Options {
    let color_scheme = ColorScheme::Dark;
    Options { viewport: Viewport::PHONE, color_scheme, ..Options::default() }
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sample_has_a_fault_on_a_laptop_in_light() {
    assert_none(&faults(Options::default(), |_| true, "").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sample_has_a_fault_on_a_phone_in_dark() {
    assert_none(&faults(phone(), |_| true, "").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_sample_has_a_fault_in_french_or_from_right_to_left() {
    for (state, query) in [("french", "?locale=fr"), ("rtl", "?dir=rtl")] {
        let has = |sample: &Sample| sample.states.iter().any(|it| it == state);
        assert_none(&faults(phone(), has, query).await);
    }
}
