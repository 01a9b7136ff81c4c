//! What the user of a browser has set reaches pages.

use browser::{Browser, ColorScheme, Options, Viewport};

use crate::pages::Pages;

const MEDIA: &str = "return ['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)',
    '(forced-colors: active)'].map((query) => matchMedia(query).matches)";

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_light_window_zone_and_language_of_their_own() {
    let pages = Pages::serve(&[("/", "<h1>Here</h1>")]).await;
    let options = Options {
        color_scheme: ColorScheme::Dark,
        viewport: Viewport::PHONE,
        time_zone: "Asia/Tokyo",
        language: "fr-FR,fr",
        forced_colors: true,
        reduced_motion: true,
        ..Options::default()
    };
    // Two at once, neither of which has what the other has set.
    let (browser, usual) =
        tokio::join!(Browser::start(options), Browser::start(Options::default()));
    browser.goto(&pages.url("/")).await;
    usual.goto(&pages.url("/")).await;

    assert_eq!(browser.execute::<Vec<bool>>(MEDIA, Vec::new()).await, [true, true, true]);
    assert_eq!(usual.execute::<Vec<bool>>(MEDIA, Vec::new()).await, [false, true, false]);
    let size = "return [innerWidth, innerHeight]";
    assert_eq!(browser.execute::<Vec<u32>>(size, Vec::new()).await, [390, 844]);
    assert_eq!(usual.execute::<Vec<u32>>(size, Vec::new()).await, [1280, 800]);
    let zone = "return Intl.DateTimeFormat().resolvedOptions().timeZone";
    assert_eq!(browser.execute::<String>(zone, Vec::new()).await, "Asia/Tokyo");
    assert_eq!(usual.execute::<String>(zone, Vec::new()).await, "Europe/Paris");

    browser.goto(&pages.url("/language")).await;
    browser.says("fr-FR,fr").await;
    usual.prefer(ColorScheme::Dark).await;
    assert_eq!(usual.execute::<Vec<bool>>(MEDIA, Vec::new()).await, [true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_is_met_at_its_public_address_and_trusted_as_loopback_is() {
    let pages = Pages::serve(&[("/", "<h1>Here</h1>")]).await;
    let host = "mandate.example.com";
    let browser = Browser::start_for(Options::default(), host, pages.address()).await;
    browser.goto("http://mandate.example.com/").await;
    browser.heading("Here").await;
    assert!(browser.execute::<bool>("return isSecureContext", Vec::new()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_page_runs_none_and_is_still_used() {
    let script = "<h1 id=\"h\">Off</h1><noscript><p>No scripts here</p></noscript>\
                  <script>document.getElementById('h').textContent = 'On'</script>\
                  <a href=\"/next\">Next</a>";
    let pages = Pages::serve(&[("/", script), ("/next", script)]).await;
    let with = Browser::start(Options::default()).await;
    with.goto(&pages.url("/")).await;
    with.heading("On").await;

    let without = Browser::start(Options { scripts: false, ..Options::default() }).await;
    without.goto(&pages.url("/")).await;
    without.heading("Off").await;
    without.says("No scripts here").await;
    without.follow("Next").await;
    without.heading("Off").await;
    assert_eq!(without.path().await, "/next");
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_of_the_whole_page_and_paper_is_pdf() {
    let tall = "<h1>Tall</h1><div style=\"block-size: 3000px\"></div>";
    let pages = Pages::serve(&[("/", tall)]).await;
    let browser = Browser::start(Options { viewport: Viewport::PHONE, ..Options::default() }).await;
    browser.goto(&pages.url("/")).await;

    let picture = browser.screenshot().await;
    assert_eq!(picture, browser.screenshot().await);
    // The head of a PNG (section 11.2.2 of its specification) has width and height.
    let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!(number(16), 390);
    assert!(number(20) > 3000, "{} px high", number(20));
    assert!(browser.print().await.starts_with(b"%PDF-"));
}
