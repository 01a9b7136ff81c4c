//! The portal's gallery, served for one test.

use browser::Browser;
use serde::Deserialize;
use stage::{Addresses, Client};
use tokio::{net::TcpListener, task::AbortHandle};

/// A page in one case.
#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    pub(crate) path: String,
    /// In which further ways it is looked at: the key samples.
    pub(crate) states: Vec<String>,
}

/// A running server. It ends with this value.
pub(crate) struct Gallery {
    address: String,
    serving: AbortHandle,
}

impl Gallery {
    pub(crate) async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving =
            tokio::spawn(async move { axum::serve(listener, portal::gallery()).await.unwrap() });
        Self { address, serving: serving.abort_handle() }
    }

    /// All that it has.
    pub(crate) async fn samples(&self) -> Vec<Sample> {
        let client = Client::anonymous(Addresses::One(self.address.clone()));
        serde_json::from_value(client.get("/gallery").await.expect(200).json).unwrap()
    }

    /// Opens a path of it.
    pub(crate) async fn visit(&self, browser: &Browser, path: &str) {
        browser.goto(&format!("{}{path}", self.address)).await;
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
