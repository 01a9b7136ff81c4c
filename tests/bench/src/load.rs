//! Load over HTTP/1.1 from one thread: fixed requests on kept connections, and nothing allocated
//! per request. A general client would cost as much as the servers it measures.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cost::{Cost, Meter, Parts};

/// As many connections as the aims are for.
pub(crate) const CONNECTIONS: usize = 32;

/// So often everything that is compared is measured, each in its turn: these machines are now faster, now
/// slower, and what counts is a ratio.
pub(crate) const ROUNDS: usize = 3;

/// A page of the log has some fifty events of a kilobyte.
const LARGEST_ANSWER: usize = 128 * 1024;

/// What a load showed.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Answers of the wanted status per second.
    pub(crate) per_second: f64,
    /// The middle latency, in milliseconds.
    pub(crate) p50_ms: f64,
    /// The latency that one in a hundred exceeds.
    pub(crate) p99_ms: f64,
    /// How many were answered.
    pub(crate) answers: usize,
    /// What one answer costs, in CPU.
    pub(crate) costs: Vec<Cost>,
    /// What each took, the shortest first.
    pub(crate) latencies: Vec<Duration>,
}

/// Sends the same request on so many connections, each as soon as its last was answered.
pub(crate) async fn run(
    address: &str,
    request: &[u8],
    status: u16,
    connections: usize,
    duration: Duration,
    parts: Parts<'_>,
) -> anyhow::Result<Outcome> {
    // Warm: connections, caches, prepared statements.
    drive(address, request, status, connections, duration / 5).await?;
    let parts = parts.find().await?;
    let meter = Meter::start()?;
    let began = Instant::now();
    let mut latencies = drive(address, request, status, connections, duration).await?;
    let seconds = began.elapsed().as_secs_f64();
    let answers = latencies.len();
    let costs = meter.stop(&parts, answers)?;
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let per_second = answers as f64 / seconds;
    Ok(Outcome {
        per_second,
        p50_ms: percentile(&latencies, 50),
        p99_ms: percentile(&latencies, 99),
        answers,
        costs,
        latencies,
    })
}

/// The one in the middle, by its rate.
pub(crate) fn middle(mut rounds: Vec<Outcome>) -> anyhow::Result<Outcome> {
    rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle).context("nothing was measured")
}

/// A percentile over all rounds, in milliseconds.
pub(crate) fn percentile_of_all(rounds: &[Outcome], percent: usize) -> f64 {
    let mut latencies: Vec<_> = rounds.iter().flat_map(|round| &round.latencies).copied().collect();
    latencies.sort_unstable();
    percentile(&latencies, percent)
}

/// A percentile of sorted durations, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1000.0)
}

async fn drive(
    address: &str,
    request: &[u8],
    status: u16,
    connections: usize,
    duration: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let until = Instant::now() + duration;
    let connections = (0..connections).map(|_| connection(address, request, status, until));
    Ok(try_join_all(connections).await?.concat())
}

async fn connection(
    address: &str,
    request: &[u8],
    status: u16,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::with_capacity(1 << 16);
    let mut buffer = vec![0; LARGEST_ANSWER];
    loop {
        let began = Instant::now();
        if began >= until {
            return Ok(latencies);
        }
        stream.write_all(request).await?;
        let answered = answer(&mut stream, &mut buffer).await?;
        if answered != status {
            bail!("answered {answered} for {status}: {}", String::from_utf8_lossy(&buffer[..800]));
        }
        latencies.push(began.elapsed());
    }
}

/// Reads one answer and gives its status.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<u16> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            bail!("the connection was closed");
        }
        filled += read;
        let Some(head) = find(&buffer[..filled], b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&buffer[..head]).context("a head is text")?;
        let length = text
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")
                    .map(|l| l.trim().to_owned())
            })
            .context("an answer without a content-length")?
            .parse::<usize>()?;
        let status = text.get(9..12).context("a status line")?.parse()?;
        while filled < head + 4 + length {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                bail!("the connection was closed");
            }
            filled += read;
        }
        return Ok(status);
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The bytes of a request that posts.
pub(crate) fn request(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    message("POST", path, headers, body)
}

/// The bytes of a request that reads.
pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    message("GET", path, headers, "")
}

fn message(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    use std::fmt::Write;
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}
