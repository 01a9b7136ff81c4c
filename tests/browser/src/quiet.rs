//! What the console says: errors of scripts, resources that are missing, and what the page's
//! Content-Security-Policy refused, which Chromium reports there.

use crate::Browser;

/// How Chromium calls what a page does wrong.
const SEVERE: &str = "SEVERE";

impl Browser {
    /// All errors of the console since the start, in order.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn errors(&self) -> Vec<String> {
        let news = self.driver().browser_log().await.unwrap();
        let mut console = self.console.lock().unwrap();
        let severe = news.into_iter().filter(|entry| entry.level == SEVERE);
        console.extend(severe.map(|entry| entry.message));
        console.clone()
    }

    /// Fails when the console has an error or the content security policy refused anything.
    ///
    /// # Panics
    /// Then, with all errors.
    pub async fn assert_quiet(&self) {
        let errors = self.errors().await;
        assert!(errors.is_empty(), "the console says:\n{}", errors.join("\n"));
    }

    /// Leaves out what was said until now: an answer of 401 or 404 that a test asked for is an error
    /// of the console, too.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn forget_errors(&self) {
        self.errors().await;
        self.console.lock().unwrap().clear();
    }
}
