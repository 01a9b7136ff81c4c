//! A server of ours: the log is below `/audit/log`.
//!
//! A log that goes on from another after a restore is there, too, and below `/audit/log/<number>`, which its origin ends
//! with. Everything is read from there once the origin is known: at the former address whatever caches answers may have
//! tiles of the former log still. The origin is believed before its signature is verified, for that only says where
//! to read what is verified in any case.

use std::num::NonZero;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio::runtime::Runtime;
use url::Url;

use super::{CHECKPOINT, Source, SourceError, unpack};

/// Where the log that there is, whichever it is, is below the address of the API.
const PREFIX: &str = "/audit/log";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a server that has too much to do is asked, and how long it may have itself waited for.
const TRIES: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// So many threads more than processors wait for answers.
const WAITING: usize = 6;

/// For how long a server is waited for.
#[derive(Clone, Copy)]
struct Patience {
    /// While it is silent within an answer.
    silence: Duration,
    /// Until a whole answer is there: else a byte a minute keeps whoever verifies for years.
    answer: Duration,
}

const PATIENCE: Patience =
    Patience { silence: Duration::from_mins(1), answer: Duration::from_mins(10) };

/// In which form a file is asked for. What comes in another is refused, and nothing is unpacked for looking like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is.
    Identity,
    /// Packed with gzip, or as it is.
    Gzip,
}

/// What a server answers.
enum Answer {
    Found(Vec<u8>),
    NotThere,
    NotPermitted(StatusCode),
}

/// A server, asked with a token if there is one.
pub(crate) struct Server {
    base: String,
    /// Of the log that has a prefix of its own, once that is known.
    number: OnceLock<String>,
    token: Option<String>,
    client: Client,
    runtime: Runtime,
    /// It was waited for in vain, and is asked for nothing more: what is to be read may be many files.
    is_silent: AtomicBool,
}

impl Server {
    /// # Errors
    /// When the token cannot be read.
    pub(crate) fn new(url: &Url, token_file: Option<&Path>) -> Result<Self, SourceError> {
        Self::with(PATIENCE, url, token_file)
    }

    fn with(patience: Patience, url: &Url, token_file: Option<&Path>) -> Result<Self, SourceError> {
        let unreadable = |error: String| SourceError::Unreadable(error);
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_plain {
            return Err(unreadable(format!("{url} is no address of a server")));
        }
        let (base, number) = base_and_number(url.as_str().trim_end_matches('/'));
        let token = token_file.map(|file| {
            let text = std::fs::read_to_string(file)
                .map_err(|error| unreadable(format!("{}: {error}", file.display())))?;
            Ok(text.lines().next().unwrap_or_default().trim().to_owned())
        });
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(patience.silence)
            .timeout(patience.answer)
            // What is packed is unpacked here, within its limit.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            // A token is for this server only, and a log does not move.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("mandate-verify/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unreadable(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| unreadable(error.to_string()))?;
        let number = number.map_or_else(OnceLock::new, |number| number.to_owned().into());
        let (base, token) = (base.to_owned(), token.transpose()?);
        Ok(Self { base, number, token, client, runtime, is_silent: AtomicBool::new(false) })
    }

    /// What the API answers at this path, `limit` bytes at most; none when there is nothing.
    pub(crate) fn api(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        self.get(path, Form::Identity, limit)
    }

    /// A file of the log, `limit` bytes at most; none when there is none, or it is not for this caller.
    pub(crate) fn read_if_permitted(
        &self,
        file: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let url = format!("{}{}", self.base, self.path(file));
        match self.runtime.block_on(self.ask(&url, Form::Identity, limit))? {
            Answer::Found(bytes) => Ok(Some(bytes)),
            Answer::NotThere | Answer::NotPermitted(_) => Ok(None),
        }
    }

    /// The address of the API.
    pub(crate) fn address(&self) -> &str {
        &self.base
    }

    /// Where a file of the log is below the address of the API.
    fn path(&self, file: &str) -> String {
        match self.number.get() {
            Some(number) => format!("{PREFIX}/{number}/{file}"),
            None => format!("{PREFIX}/{file}"),
        }
    }

    /// This checkpoint as it is below its log's own prefix, from where everything is read from now on; itself where
    /// there is no such prefix.
    fn moved(&self, checkpoint: Vec<u8>, limit: usize) -> Result<Vec<u8>, SourceError> {
        let origin = checkpoint.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Some((_, number)) = std::str::from_utf8(origin).ok().and_then(numbered) else {
            return Ok(checkpoint);
        };
        // Whoever named a log may have chosen such a name for it.
        let Some(own) = self.api(&format!("{PREFIX}/{number}/{CHECKPOINT}"), limit)? else {
            return Ok(checkpoint);
        };
        self.number.get_or_init(|| number.to_owned());
        Ok(own)
    }

    fn get(&self, path: &str, form: Form, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let url = format!("{}{path}", self.base);
        match self.runtime.block_on(self.ask(&url, form, limit))? {
            Answer::Found(bytes) => Ok(Some(bytes)),
            Answer::NotThere => Ok(None),
            Answer::NotPermitted(status) => Err(SourceError::Unreadable(format!(
                "{url} is not for this caller ({status}): name the token of somebody who may read the whole log, such as an operator, with --token-file"
            ))),
        }
    }

    async fn ask(&self, url: &str, form: Form, limit: usize) -> Result<Answer, SourceError> {
        if self.is_silent.load(Ordering::Relaxed) {
            let why = format!(
                "{url} was not read: nothing is asked of a server that did not answer in time"
            );
            return Err(SourceError::Unreadable(why));
        }
        let mut wait = Duration::from_millis(500);
        for tries_left in (0..TRIES).rev() {
            let mut request = self.client.get(url).header(ACCEPT_ENCODING, form.name());
            if let Some(token) = &self.token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.map_err(|error| self.unreachable(url, &error))?;
            match response.status() {
                StatusCode::OK => {
                    return self.unpacked(url, response, form, limit).await.map(Answer::Found);
                }
                StatusCode::NOT_FOUND => return Ok(Answer::NotThere),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
                    if tries_left > 0 =>
                {
                    tokio::time::sleep(asked_wait(&response).unwrap_or(wait).min(LONGEST_WAIT))
                        .await;
                    wait *= 2;
                }
                status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    return Ok(Answer::NotPermitted(status));
                }
                status => return Err(SourceError::Unreadable(format!("{url} answers {status}"))),
            }
        }
        Err(SourceError::Unreadable(format!("{url} has no answer yet")))
    }

    /// The body as it was asked for, unpacked if its `Content-Encoding` says that it is packed.
    async fn unpacked(
        &self,
        url: &str,
        mut response: Response,
        form: Form,
        limit: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let encodings = response.headers().get_all(CONTENT_ENCODING).iter();
        let encodings: Vec<_> =
            encodings.map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
        let encoding = encodings.join(", ").to_ascii_lowercase();
        match (&*encoding, form) {
            ("" | "identity", _) => self.body(url, &mut response, limit).await,
            ("gzip" | "x-gzip", Form::Gzip) => {
                let packed = self.body(url, &mut response, unpack::packed_limit(limit)).await?;
                unpack::unpack(&packed, limit)
            }
            // Somebody between recodes it: that is no fault of the log.
            _ => Err(SourceError::Unreadable(format!(
                "{url} comes with the content encoding `{encoding}`, which nobody asked for"
            ))),
        }
    }

    /// The body, of which no more is read than there may be.
    async fn body(
        &self,
        url: &str,
        response: &mut Response,
        limit: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.unreachable(url, &error))?
        {
            if bytes.len() + chunk.len() > limit {
                return Err(SourceError::TooLarge(limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn unreachable(&self, url: &str, error: &reqwest::Error) -> SourceError {
        if error.is_timeout() {
            self.is_silent.store(true, Ordering::Relaxed);
        }
        let mut causes = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            causes = format!("{causes}: {error}");
            cause = error.source();
        }
        SourceError::Unreadable(format!("{url} was not read: {causes}"))
    }
}

/// The address of the API, and the number of the log, if this is the address of one.
fn base_and_number(address: &str) -> (&str, Option<&str>) {
    let of_log =
        numbered(address).and_then(|(log, number)| Some((log.strip_suffix(PREFIX)?, Some(number))));
    of_log.unwrap_or_else(|| (address.strip_suffix(PREFIX).unwrap_or(address), None))
}

/// What ends with a number, without it, and the number.
fn numbered(name: &str) -> Option<(&str, &str)> {
    let (before, number) = name.rsplit_once('/')?;
    let is_number =
        number.bytes().all(|byte| byte.is_ascii_digit()) && number.parse::<u64>().is_ok();
    is_number.then_some((before, number))
}

/// How long the server asks to be left alone, in seconds (RFC 9110 section 10.2.3).
fn asked_wait(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Form {
    /// As `Accept-Encoding` has it (RFC 9110 section 12.5.3).
    const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
        }
    }
}

impl Source for Server {
    fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        match self.api(&self.path(path), limit)? {
            Some(checkpoint) if path == CHECKPOINT && self.number.get().is_none() => {
                self.moved(checkpoint, limit).map(Some)
            }
            found => Ok(found),
        }
    }

    fn read_unpacked(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, SourceError> {
        self.get(&self.path(path), Form::Gzip, limit)
    }

    fn readers(&self) -> usize {
        std::thread::available_parallelism().map_or(1, NonZero::get) + WAITING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_answer_is_waited_for_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let silence = Duration::from_millis(20);
        let patience = Patience { silence, answer: PATIENCE.answer };
        let server = Server::with(patience, &url, None).unwrap();
        for why in ["timed out", "did not answer in time", "did not answer in time"] {
            let error = server.read(CHECKPOINT, 100).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        // None, where the time was over before it connected.
        let connections = std::iter::from_fn(|| listener.accept().ok());
        assert!(connections.count() <= 1);
    }

    #[test]
    fn a_log_is_known_by_the_number_that_its_address_ends_with() {
        for (address, base, number) in [
            ("https://example.com", "https://example.com", None),
            ("https://example.com:8080/api/2", "https://example.com:8080/api/2", None),
            ("https://example.com/audit/log", "https://example.com", None),
            ("https://example.com/audit/log/2", "https://example.com", Some("2")),
        ] {
            assert_eq!(base_and_number(address), (base, number), "{address}");
        }
        assert_eq!(numbered("log.example.com/anew/12"), Some(("log.example.com/anew", "12")));
        let long = format!("log/{}", "9".repeat(30));
        for other in ["", "2", "log", "log2", "log/", "log/x2", "log/+2", "log/2/", &long] {
            assert_eq!(numbered(other), None, "{other}");
        }
    }
}
