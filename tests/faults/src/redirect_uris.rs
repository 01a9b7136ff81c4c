//! The load: redirect URIs, which come and go on an app that is active.

use reqwest::Method;
use serde_json::json;

use crate::cast::Developer;
use crate::client::{As, Body, Client, Command, End};

impl Client {
    /// An app that authenticates by authorization code: one redirect URI is added, and perhaps removed.
    pub(crate) async fn redirect_uris(&mut self, developer: &Developer) -> Result<(), End> {
        let by = As::Token(&developer.token);
        let app = self.app(developer, "authorization_code").await?;
        let path = format!("/v1/apps/{app}/activate");
        self.act("app.activated", by, Method::POST, &path, &[409], &app).await?;

        let (key, path) = (self.new_name("uri"), format!("/v1/apps/{app}/redirect-uris"));
        let command = Command {
            name: "app.redirect-uri-added",
            by,
            method: Method::POST,
            path: &path,
            body: Body::Json(json!({ "uri": format!("https://app.example.com/{key}") })),
            done_before: &[],
        };
        let added = self.run(command, Some(&key)).await?.unwrap_or_default();
        self.claim("app.redirect-uri-added", &app)?;
        let id = added["id"].as_str().ok_or(End::Wrong)?;
        if self.random.once_in(2) {
            let (event, path) = ("app.redirect-uri-removed", format!("{path}/{id}"));
            self.act(event, by, Method::DELETE, &path, &[], &app).await?;
        }
        Ok(())
    }
}
