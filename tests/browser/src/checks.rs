//! What is checked of every page by machine. Each gives the faults as lines that say where; none is
//! what a page should have.

use serde::Deserialize;

use crate::Browser;

/// More stops than any page has: a page that never ends is a fault of its own.
const STOPS: usize = 2_000;

/// A stop of the Tab key.
#[derive(Debug, Deserialize)]
struct Stop {
    name: String,
    visible: bool,
    inside: bool,
}

/// What the browser fetched for a page.
#[derive(Debug, Deserialize)]
struct Fetched {
    name: String,
    bytes: u64,
}

impl Browser {
    /// Overflow, clipped text, targets that are too small, other than one h1.
    ///
    /// # Panics
    /// When the browser does not answer.
    async fn layout_faults(&self) -> Vec<String> {
        self.execute(include_str!("checks.js"), Vec::new()).await
    }

    /// Stops of the Tab key at which the focus is not seen. Moves the focus, and ends at the end of
    /// the page: load it anew before clicking on.
    ///
    /// # Panics
    /// When the browser does not answer.
    async fn focus_faults(&self) -> Vec<String> {
        let start = "window.focusStops = []; document.activeElement?.blur?.();
            window.getSelection()?.removeAllRanges(); window.scrollTo(0, 0)";
        self.execute::<()>(start, Vec::new()).await;
        let mut faults = Vec::new();
        for _ in 0..STOPS {
            self.press_tab().await;
            let stop: Option<Stop> = self.execute(include_str!("focus.js"), Vec::new()).await;
            let Some(stop) = stop else { return faults };
            if !stop.visible {
                faults.push(format!("focus: {} shows no focus", stop.name));
            }
            if !stop.inside {
                faults.push(format!("focus: {} has it out of sight", stop.name));
            }
        }
        faults.push(format!("focus: more than {STOPS} stops"));
        faults
    }

    /// Bytes that the page cost as they were sent, compressed and without heads, if they are more
    /// than `limit`; with all that was fetched.
    ///
    /// What the browser had kept counts, too: it is what a first visit costs.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn weight_faults(&self, limit: u64) -> Vec<String> {
        let script = "const all = [...performance.getEntriesByType('navigation'),
                ...performance.getEntriesByType('resource')];
            return all.map((it) => ({ name: it.name, bytes: it.encodedBodySize }))";
        let fetched: Vec<Fetched> = self.execute(script, Vec::new()).await;
        let sum: u64 = fetched.iter().map(|it| it.bytes).sum();
        if sum <= limit {
            return Vec::new();
        }
        let parts: Vec<String> =
            fetched.iter().map(|it| format!("{} of {}", it.bytes, it.name)).collect();
        vec![format!("weight: {sum} bytes of at most {limit}: {}", parts.join(", "))]
    }

    /// What can be judged without touching the page: its layout, what axe-core finds, and what the console says.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn faults_at_rest(&self) -> Vec<String> {
        let mut faults = self.layout_faults().await;
        faults.extend(self.violations().await.into_iter().map(|line| format!("axe: {line}")));
        // That a refusal's page is answered with its status is no fault of the page.
        let itself =
            format!("{} - Failed to load resource:", self.driver().current_url().await.unwrap());
        let errors = self.errors().await.into_iter().filter(|line| !line.starts_with(&itself));
        faults.extend(errors.map(|line| format!("console: {line}")));
        self.forget_errors().await;
        faults
    }

    /// All of it, what axe-core finds, and what the console says. `limit` is for the page's weight.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn faults(&self, limit: u64) -> Vec<String> {
        let mut faults = self.faults_at_rest().await;
        faults.extend(self.weight_faults(limit).await);
        faults.extend(self.focus_faults().await);
        faults
    }
}
