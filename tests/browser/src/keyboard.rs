//! The keyboard alone.

use serde_json::Value;
use thirtyfour::Key;

use crate::Browser;

/// More stops than a form has before any of its fields.
const STOPS: usize = 60;

impl Browser {
    /// Presses a key, wherever the focus is.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn press(&self, key: Key) {
        let chain = self.driver().action_chain().key_down(key.clone()).key_up(key);
        chain.perform().await.unwrap_or_else(|error| panic!("a key: {error}"));
    }

    /// Goes to the next stop.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn press_tab(&self) {
        self.press(Key::Tab).await;
    }

    /// Goes on to the first stop that has this in what is written on it.
    ///
    /// # Panics
    /// When there is none in a page's length.
    pub async fn tab_to(&self, name: &str) {
        let mut passed = Vec::new();
        while passed.len() < STOPS {
            self.press_tab().await;
            let focused = self.focused().await;
            if focused.contains(name) {
                return;
            }
            passed.push(focused);
        }
        panic!("no stop \"{name}\" among {passed:?}");
    }

    /// Types where the focus is.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn type_text(&self, text: &str) {
        let chain = self.driver().action_chain().send_keys(text);
        chain.perform().await.unwrap_or_else(|error| panic!("typing: {error}"));
    }

    /// What is written on what has the focus: its label, its text, or else its tag.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub async fn focused(&self) -> String {
        let script = "const it = document.activeElement;
            const label = [...(it.labels ?? [])].map((label) => label.innerText).join(' ');
            const own = it === document.body ? '' : it.innerText || it.value;
            return (label || it.ariaLabel || own || it.tagName.toLowerCase()).trim()";
        let focused: Value = self.execute(script, Vec::new()).await;
        focused.as_str().unwrap_or_default().to_owned()
    }
}
