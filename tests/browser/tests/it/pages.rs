//! A server of the pages of one test.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Request,
    http::{
        StatusCode,
        header::{ACCEPT_LANGUAGE, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, task::AbortHandle};

/// A running server. It ends with this value.
pub(crate) struct Pages {
    address: String,
    serving: AbortHandle,
}

impl Pages {
    /// Serves these, a path and the page's body each. Three paths are there always: `/secret.txt` is a
    /// download, `/language` says what the browser asks for, `/strict` is a page whose policy refuses its own script.
    pub(crate) async fn serve(pages: &[(&'static str, &'static str)]) -> Self {
        let pages: BTreeMap<&str, &str> = pages.iter().copied().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(move |request: Request| {
            let answer = answer(&pages, &request);
            async move { answer }
        });
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, serving: serving.abort_handle() }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn answer(pages: &BTreeMap<&str, &str>, request: &Request) -> Response {
    match request.uri().path() {
        "/secret.txt" => {
            let download = (CONTENT_DISPOSITION, "attachment; filename=\"secret.txt\"");
            ([(CONTENT_TYPE, "text/plain"), download], "client_secret=abc\n").into_response()
        }
        "/language" => {
            let asked = request.headers().get(ACCEPT_LANGUAGE);
            let asked = asked.map_or("nothing", |asked| asked.to_str().unwrap());
            page(&format!("<h1>Language</h1><p>{asked}</p>")).into_response()
        }
        "/strict" => {
            let policy = (CONTENT_SECURITY_POLICY, "default-src 'none'; img-src 'self'");
            ([policy], page("<h1>Strict</h1><script>document.title = 'run'</script>"))
                .into_response()
        }
        "/favicon.ico" => StatusCode::NO_CONTENT.into_response(),
        path => match pages.get(path) {
            Some(body) => page(body).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

fn page(body: &str) -> axum::response::Html<String> {
    axum::response::Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>A page</title></head>\
         <body><main>{body}</main></body></html>"
    ))
}
