//! One event to a thousand sockets, beside the same bytes written to a thousand bare ones.
//!
//! The clients are a second process (this program, told so by its arguments); the processor time
//! is the server process's alone.

#![expect(clippy::print_stdout, reason = "a measurement speaks to a person")]

use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bench::figures::{Times, spent};
use bench::{house, row, table};
use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use touchstone::config::{Channel, Durability, Settings};
use touchstone::serve::{self, Running};

const SOCKETS: usize = 1_000;
const PER_SECOND: u64 = 50;
const EVENTS: usize = 500;
const CHANNELS: usize = 8;

/// How long the clients wait for what they expect.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["clients", "bare", address, bytes] => clients(Kind::Bare(bytes.parse()?), address),
        ["clients", "stream", address] => clients(Kind::Stream, address),
        _ => actix::System::new().block_on(measure(&bench::folder())),
    }
}

async fn measure(folder: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    let server = start(folder.path()).await?;

    // What the events cost when nobody listens, and what the listeners cost when nothing happens.
    let before = spent()?;
    events(&server, 0).await?;
    let unheard = spent()? - before;

    let (mut child, mut told) = crew(&["stream", &server.address.to_string()])?;
    expect(&mut told, "ready")?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let seconds = Duration::from_secs(EVENTS as u64 / PER_SECOND);
    let before = spent()?;
    tokio::time::sleep(seconds).await;
    let idle = spent()? - before;

    let before = spent()?;
    events(&server, EVENTS).await?;
    let heard = report(&mut told)?;
    let stream = spent()? - before;
    child.wait()?;
    server.stop().await;

    let bytes = heard.bytes / heard.deliveries.max(1);
    let (bare, bare_heard) = bare(bytes).await?;

    let deliveries = u32::try_from(EVENTS * SOCKETS)?;
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(deliveries);
    table(
        "One event to 1,000 sockets, 50 events a second for 10 s",
        &[
            "what",
            "server CPU µs a delivery",
            "ratio to bare",
            "p50 ms",
            "p99 ms",
            "longest ms",
            "lost",
        ],
    );
    let net = stream.saturating_sub(unheard).saturating_sub(idle);
    let rows = [
        ("bare TCP", bare, Some(&bare_heard)),
        ("the stream, all of it", stream, Some(&heard)),
        (
            "the stream, without what events cost unheard and sessions cost idle",
            net,
            None,
        ),
    ];
    for (name, spent, heard) in rows {
        let cell = |of: fn(&Heard) -> f64| {
            heard.map_or_else(String::new, |heard| format!("{:.1}", of(heard)))
        };
        row(&[
            name.to_owned(),
            format!("{:.2}", each(spent)),
            format!("{:.2}", spent.as_secs_f64() / bare.as_secs_f64()),
            cell(|heard| heard.sent[0]),
            cell(|heard| heard.sent[1]),
            cell(|heard| heard.sent[2]),
            heard.map_or_else(String::new, |heard| heard.lost.to_string()),
        ]);
    }
    println!(
        "\nFrom stored to received: p50 {:.1} ms, p99 {:.1} ms. {bytes} bytes a delivery. In 10 s, {} posts cost \
         {:.0} ms of CPU when nobody listens, and 1,000 idle sessions {:.0} ms.",
        heard.stored[0],
        heard.stored[1],
        EVENTS,
        unheard.as_secs_f64() * 1e3,
        idle.as_secs_f64() * 1e3
    );
    ensure!(
        heard.lost == 0 && bare_heard.lost == 0,
        "something was lost"
    );
    Ok(())
}

/// The real server, with nobody who posts on his own.
async fn start(folder: &Path) -> anyhow::Result<Running> {
    let mut settings = Settings::load(None)?;
    settings.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    settings.simulator.enabled = false;
    settings.store.path = folder.join("bench.db");
    settings.store.durability = Durability::Full;
    for channel in house::channels(CHANNELS)? {
        let key = "a key that nobody uses here".to_owned().into();
        settings
            .channels
            .insert(channel.to_string(), Channel::Webhook { key });
    }
    serve::start(&settings, false, None).await
}

/// Brings posts at an even pace, numbered from `first`; each becomes one event.
async fn events(server: &Running, first: usize) -> anyhow::Result<()> {
    let channels = house::channels(CHANNELS)?;
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(PER_SECOND)?);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut brought = Vec::with_capacity(EVENTS);
    for number in first..first + EVENTS {
        pace.tick().await;
        let entry = 40_000 + number;
        let channel = &channels[number % CHANNELS];
        let post = house::post(
            channel,
            number,
            [entry, entry + 3_000, entry - 2_000],
            house::now(),
        );
        let house = server.house.clone();
        brought.push(actix::spawn(
            async move { house::bring(&house, post).await },
        ));
    }
    for post in brought {
        post.await??;
    }
    Ok(())
}

/// The same bytes to as many sockets at the same pace, and nothing else.
async fn bare(bytes: usize) -> anyhow::Result<(Duration, Heard)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?.to_string();
    let (mut child, mut told) = crew(&["bare", &address, &bytes.to_string()])?;
    let mut sockets = Vec::with_capacity(SOCKETS);
    while sockets.len() < SOCKETS {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    expect(&mut told, "ready")?;
    let mut pace = interval(Duration::from_secs(1) / u32::try_from(PER_SECOND)?);
    let mut frame = vec![b'x'; bytes];
    let before = spent()?;
    for _ in 0..EVENTS {
        pace.tick().await;
        for socket in &sockets {
            frame[..8].copy_from_slice(&house::now().as_micros().to_be_bytes());
            write(socket, &frame).await?;
        }
    }
    let spent = spent()? - before;
    let heard = report(&mut told)?;
    child.wait()?;
    Ok((spent, heard))
}

async fn write(socket: &TcpStream, mut bytes: &[u8]) -> anyhow::Result<()> {
    while !bytes.is_empty() {
        match socket.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                socket.writable().await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The second process.
fn crew(arguments: &[&str]) -> anyhow::Result<(Child, BufReader<ChildStdout>)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("clients")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let told = child.stdout.take().context("no standard output")?;
    Ok((child, BufReader::new(told)))
}

fn expect(told: &mut impl BufRead, word: &str) -> anyhow::Result<()> {
    let mut line = String::new();
    told.read_line(&mut line)?;
    ensure!(line.trim() == word, "the clients said `{}`", line.trim());
    Ok(())
}

/// What the clients heard. Times in milliseconds: p50, p99, the longest.
struct Heard {
    deliveries: usize,
    lost: usize,
    bytes: usize,
    sent: [f64; 3],
    stored: [f64; 3],
}

fn report(told: &mut impl BufRead) -> anyhow::Result<Heard> {
    let mut line = String::new();
    told.read_line(&mut line)?;
    let numbers: Vec<f64> = line
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("the clients said `{}`", line.trim()))?;
    let [deliveries, lost, bytes, a, b, c, d, e, f] = numbers[..] else {
        bail!("the clients said `{}`", line.trim());
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts that were written as whole numbers"
    )]
    let count = |number: f64| number as usize;
    Ok(Heard {
        deliveries: count(deliveries),
        lost: count(lost),
        bytes: count(bytes),
        sent: [a, b, c],
        stored: [d, e, f],
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Stream,
    Bare(usize),
}

/// What one client noted of each delivery.
#[derive(Default)]
struct Notes {
    bytes: usize,
    sent: Vec<Duration>,
    stored: Vec<Duration>,
}

fn clients(kind: Kind, address: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let address: SocketAddr = address.parse()?;
    let notes = runtime.block_on(async {
        let here = Arc::new(Barrier::new(SOCKETS + 1));
        let listening: Vec<_> = (0..SOCKETS)
            .map(|_| tokio::spawn(client(kind, address, Arc::clone(&here))))
            .collect();
        here.wait().await;
        println!("ready");
        std::io::stdout().flush()?;
        try_join_all(listening).await.map_err(anyhow::Error::from)
    })?;
    let notes: Vec<_> = notes.into_iter().collect::<anyhow::Result<_>>()?;
    let (mut bytes, mut sent, mut stored) = (0, Vec::new(), Vec::new());
    for notes in notes {
        bytes += notes.bytes;
        sent.extend(notes.sent);
        stored.extend(notes.stored);
    }
    let (count, lost) = (sent.len(), SOCKETS * EVENTS - sent.len());
    let [sent, stored] = [sent, stored].map(|times| {
        let times = Times::of(times);
        [times.p50(), times.p99(), times.at(1_000)]
            .map(|time| (time.as_secs_f64() * 1e3).to_string())
            .join(" ")
    });
    println!("{count} {lost} {bytes} {sent} {stored}");
    Ok(())
}

async fn client(kind: Kind, address: SocketAddr, here: Arc<Barrier>) -> anyhow::Result<Notes> {
    let socket = TcpStream::connect(address).await?;
    let mut notes = Notes::default();
    let until = match kind {
        Kind::Bare(bytes) => {
            here.wait().await;
            let until = Instant::now() + PATIENCE;
            tokio::time::timeout_at(until, read_bare(&socket, bytes, &mut notes)).await
        }
        Kind::Stream => {
            // 128 KiB for each of a thousand sockets would be a benchmark of the allocator.
            let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
            let address = format!("ws://{address}/v1/stream?channels=*");
            let joined =
                tokio_tungstenite::client_async_with_config(address, socket, Some(config)).await?;
            let mut messages = joined.0;
            let first = messages.next().await.context("closed at once")??;
            ensure!(first.to_text()?.contains(r#""resumed":"live""#), "{first}");
            here.wait().await;
            let until = Instant::now() + PATIENCE;
            tokio::time::timeout_at(until, async {
                let mut last = None;
                while notes.sent.len() < EVENTS {
                    let message = messages.next().await.context("closed early")??;
                    let text = message.to_text().unwrap_or_default();
                    if !text.contains(r#""type":"signal""#) {
                        continue;
                    }
                    let now = house::now().as_micros();
                    let (prev, seq) = (number(text, r#""prev":"#)?, number(text, r#""seq":"#)?);
                    ensure!(last.is_none_or(|last| last == prev), "a hole before {seq}");
                    last = Some(seq);
                    notes.bytes += text.len() + 4;
                    notes.sent.push(since(now, number(text, r#""sent":"#)?));
                    notes.stored.push(since(now, number(text, r#""stored":"#)?));
                }
                Ok(())
            })
            .await
        }
    };
    // Whoever waited in vain has noted less than he should: that is counted as lost.
    until.unwrap_or(Ok(()))?;
    Ok(notes)
}

async fn read_bare(socket: &TcpStream, bytes: usize, notes: &mut Notes) -> anyhow::Result<()> {
    let mut frame = vec![0; bytes];
    let mut filled = 0;
    while notes.sent.len() < EVENTS {
        socket.readable().await?;
        match socket.try_read(&mut frame[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        }
        if filled == bytes {
            filled = 0;
            let stamp = i64::from_be_bytes(frame[..8].try_into()?);
            notes.bytes += bytes;
            notes.sent.push(since(house::now().as_micros(), stamp));
        }
    }
    Ok(())
}

fn since(now: i64, then: i64) -> Duration {
    Duration::from_micros(u64::try_from(now - then).unwrap_or(0))
}

/// The number behind a key. Reading the whole JSON would measure the clients.
fn number(text: &str, key: &str) -> anyhow::Result<i64> {
    let (_, rest) = text
        .split_once(key)
        .with_context(|| format!("no {key} in {text}"))?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    Ok(rest[..end].parse()?)
}
