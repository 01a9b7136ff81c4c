//! Finding as a user does: by role and by what is written there. Each waits until it is there, and
//! that there is exactly one.

use serde_json::json;
use stage::eventually;
use thirtyfour::WebElement;

use crate::Browser;

const ISOLATES: [char; 2] = ['\u{2068}', '\u{2069}'];

const FIND: &str = include_str!("find.js");

impl Browser {
    /// The button on which this is written.
    ///
    /// # Panics
    /// When there is none, or several.
    pub async fn button(&self, name: &str) -> WebElement {
        self.only("button", name, None).await
    }

    /// The link on which this is written.
    ///
    /// # Panics
    /// When there is none, or several.
    pub async fn link(&self, name: &str) -> WebElement {
        self.only("link", name, None).await
    }

    /// The heading that says this.
    ///
    /// # Panics
    /// When there is none, or several.
    pub async fn heading(&self, name: &str) -> WebElement {
        self.only("heading", name, None).await
    }

    /// The field, choice or checkbox with this label.
    ///
    /// # Panics
    /// When there is none, or several.
    pub async fn field(&self, label: &str) -> WebElement {
        self.only("field", label, None).await
    }

    async fn only(&self, role: &str, name: &str, group: Option<&str>) -> WebElement {
        let look = async || self.try_only(role, name, group).await;
        eventually(&format!("{role} \"{name}\""), look).await
    }

    /// The element, or what there is instead. Also while a page is exchanged for the next, when
    /// there is none.
    async fn try_only(
        &self,
        role: &str,
        name: &str,
        group: Option<&str>,
    ) -> Result<WebElement, String> {
        let arguments = vec![json!(role), json!(name), json!(group)];
        let returned = self.driver().execute(FIND, arguments).await;
        let returned = returned.map_err(|error| error.to_string())?;
        if let Some(instead) = returned.json().as_str() {
            return Err(instead.to_owned());
        }
        returned.element().map_err(|error| error.to_string())
    }

    /// Clicks the button on which this is written.
    ///
    /// # Panics
    /// When there is none, or it cannot be clicked.
    pub async fn click_button(&self, name: &str) {
        click(&self.button(name).await, name).await;
    }

    /// Clicks twice on the button on which this is written, as fast as people do.
    ///
    /// # Panics
    /// When there is none, or it cannot be clicked.
    pub async fn double_click_button(&self, name: &str) {
        let button = self.button(name).await;
        let chain = self.driver().action_chain().double_click_element(&button);
        chain.perform().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Follows the link on which this is written.
    ///
    /// # Panics
    /// When there is none, or it cannot be clicked.
    pub async fn follow(&self, name: &str) {
        click(&self.link(name).await, name).await;
    }

    /// Chooses the radio button or the checkbox with this label.
    ///
    /// # Panics
    /// When there is none, or it cannot be clicked.
    pub async fn choose(&self, label: &str) {
        click(&self.only("choice", label, None).await, label).await;
    }

    /// The same in the group with this legend, where other groups have such choices, too.
    ///
    /// # Panics
    /// When there is none, or it cannot be clicked.
    pub async fn choose_in(&self, group: &str, label: &str) {
        click(&self.only("choice", label, Some(group)).await, label).await;
    }

    /// Types into the field with this label, in place of what was there.
    ///
    /// # Panics
    /// When there is none, or it takes nothing.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap_or_else(|error| panic!("{label}: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{label}: {error}"));
    }

    /// What stands in the field with this label.
    ///
    /// # Panics
    /// When there is none, or the browser does not answer.
    pub async fn value(&self, label: &str) -> String {
        self.field(label).await.value().await.unwrap().unwrap_or_default()
    }

    /// Waits until the page says this nowhere any more.
    ///
    /// # Panics
    /// When it does in time, still.
    pub async fn says_no_more(&self, text: &str) {
        let script = "return document.body?.innerText ?? ''";
        eventually(&format!("the page does not say \"{text}\""), async || {
            let returned = self.driver().execute(script, Vec::new()).await;
            let said = returned.map_err(|error| error.to_string())?;
            let said = said.json().as_str().unwrap_or_default().to_owned();
            if said.contains(text) { Err(said) } else { Ok(()) }
        })
        .await;
    }

    /// Waits until the page says this somewhere.
    ///
    /// # Panics
    /// When it does not in time, with what it says instead.
    pub async fn says(&self, text: &str) {
        let script = "return document.body?.innerText ?? ''";
        eventually(&format!("the page says \"{text}\""), async || {
            let returned = self.driver().execute(script, Vec::new()).await;
            let said = returned.map_err(|error| error.to_string())?;
            // Around what is put into a sentence stand marks that nobody sees (Unicode UAX 9).
            let said = said.json().as_str().unwrap_or_default().replace(ISOLATES, "");
            if said.contains(text) { Ok(()) } else { Err(said) }
        })
        .await;
    }
}

async fn click(element: &WebElement, name: &str) {
    element.click().await.unwrap_or_else(|error| panic!("{name}: {error}"));
}
