//! A browser: its start, its settings, and what is seen of it as a whole.

use std::{fs, path::PathBuf, sync::Mutex};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use local_servers::testing::{ChromeDriver, Chromium};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stage::eventually;
use thirtyfour::{
    ChromiumLikeCapabilities as _, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
};

use crate::{ColorScheme, Options};

/// A browser of its own: profile, cookies, downloads. All ends and is removed with this value.
#[derive(Debug)]
pub struct Browser {
    // Dropped in this order: the session ends before its driver.
    driver: WebDriver,
    downloads: PathBuf,
    options: Options,
    /// What the console has said and was fetched, since fetching empties it.
    pub(crate) console: Mutex<Vec<String>>,
    _process: ChromeDriver,
}

impl Browser {
    /// Starts one, in which nobody has been before.
    ///
    /// # Panics
    /// When there is none on this machine: `cargo xtask test` sees to it.
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, &[]).await
    }

    /// Starts one for which `host` is the server at `address` of this machine, which is a host and a
    /// port: a system is then met at its public address. It trusts that as it would trust loopback,
    /// so that pages may use the clipboard, and are sent `Sec-Fetch-Site`.
    ///
    /// # Panics
    /// See [`Browser::start`].
    pub async fn start_for(options: Options, host: &str, address: &str) -> Self {
        let rules = format!("--host-resolver-rules=MAP {host} {address}");
        let trusted = format!("--unsafely-treat-insecure-origin-as-secure=http://{host}");
        Self::start_with(options, &[&rules, &trusted]).await
    }

    async fn start_with(options: Options, further: &[&str]) -> Self {
        let chromium = Chromium::provide().unwrap_or_else(|error| panic!("{error}"));
        let process = chromium
            .start_driver(options.time_zone)
            .unwrap_or_else(|error| panic!("no browser: {error}"));
        let downloads = process.folder().join("downloads");
        fs::create_dir(&downloads).unwrap();

        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(chromium.browser().to_str().unwrap()).unwrap();
        let language = format!("--accept-lang={}", options.language);
        for argument in [
            "--headless=new",
            // Chromium refuses to run as root with its sandbox. The pages are our own.
            "--no-sandbox",
            // Containers have too little of /dev/shm.
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            // The same letters on every machine.
            "--font-render-hinting=none",
            "--force-color-profile=srgb",
            &language,
        ]
        .iter()
        .chain(further)
        {
            wanted.add_arg(argument).unwrap();
        }
        let preferences = json!({
            // 1 allows, 2 blocks.
            "profile.default_content_setting_values.cookies": if options.cookies { 1 } else { 2 },
            "download.default_directory": downloads,
            "download.prompt_for_download": false,
            // A test reads several downloads of one page.
            "profile.default_content_setting_values.automatic_downloads": 1,
            "intl.accept_languages": options.language,
            // It would ask before it fills in what was typed.
            "credentials_enable_service": false,
        });
        wanted.add_experimental_option("prefs", preferences).unwrap();
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::new(process.url(), wanted).await.expect("a browser starts");
        let browser =
            Self { driver, downloads, options, console: Mutex::new(Vec::new()), _process: process };
        browser.set_up().await;
        browser
    }

    async fn set_up(&self) {
        self.devtools("Emulation.setEmulatedMedia", self.options.media()).await;
        let metrics = self.options.viewport.metrics();
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let off = json!({"value": !self.options.scripts});
        self.devtools("Emulation.setScriptExecutionDisabled", off).await;
    }

    /// Whether pages run scripts in it.
    pub(crate) const fn runs_scripts(&self) -> bool {
        self.options.scripts
    }

    /// Everything else that a WebDriver can do.
    pub(crate) fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// A command of the DevTools protocol.
    ///
    /// # Panics
    /// When the browser refuses.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let answer = self.driver.cdp().send_raw(command, parameters).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// What a script of ours returns, run in the page as the body of a function. It runs where the
    /// page's own scripts may not.
    ///
    /// # Panics
    /// When it throws, or returns something else.
    pub async fn execute<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> T {
        let returned = self.driver.execute(script, arguments).await;
        let returned = returned.unwrap_or_else(|error| panic!("{error} in: {script:.200}"));
        returned.convert().unwrap_or_else(|error| panic!("{error} of: {script:.200}"))
    }

    /// Opens an address and waits until it is loaded.
    ///
    /// # Panics
    /// When nothing answers there.
    pub async fn goto(&self, url: &str) {
        self.driver.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// As the button *Back*.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// As the button *Reload*: what a form sent is sent again.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    /// Path and query of the page.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// The text that is seen of the page.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn text(&self) -> String {
        self.execute("return document.body.innerText", Vec::new()).await
    }

    /// Another light.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn prefer(&self, color_scheme: ColorScheme) {
        let options = Options { color_scheme, ..self.options };
        self.devtools("Emulation.setEmulatedMedia", options.media()).await;
    }

    /// A picture of the whole page as PNG, also of what is below the window.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn screenshot(&self) -> Vec<u8> {
        // Nothing that a script waits for comes where the page runs none.
        if self.runs_scripts() {
            self.execute::<Value>("return document.fonts.ready.then(() => null)", Vec::new()).await;
        }
        let page = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = &page["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
        });
        let parameters = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.devtools("Page.captureScreenshot", parameters).await;
        BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    /// The page as it is printed on A4, as PDF.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn print(&self) -> Vec<u8> {
        // In inches.
        let parameters = json!({"paperWidth": 8.27, "paperHeight": 11.69});
        let printed = self.devtools("Page.printToPDF", parameters).await;
        BASE64_STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }

    /// Waits for a download by the name of its file, and gives its content.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn download(&self, name: &str) -> String {
        // Chromium writes under another name first, and renames what is complete.
        let file = self.downloads.join(name);
        eventually(&format!("download {name}"), async || fs::read_to_string(&file)).await
    }
}
