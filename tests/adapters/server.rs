//! A web server of a few lines that answers as a test tells it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use domain::ports::Clock;
use domain::time::Timestamp;

/// The wall's time.
pub(crate) struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

/// Waits for a condition; a test that waits this long has failed.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Looks again and again until it is so.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    within(what, async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A request as far as tests care.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub path: String,
    pub query: HashMap<String, String>,
    pub headers: HashMap<String, String>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::ok("")
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// Who came, and who is still being answered.
#[derive(Default)]
struct Guests {
    came: Vec<SocketAddr>,
    inside: usize,
}

/// The server; it stops with the test.
pub(crate) struct Server {
    pub base: Url,
    seen: Arc<Mutex<Vec<Request>>>,
    guests: Arc<Mutex<Guests>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Answer> = Arc::new(answer);
        let guests = Arc::new(Mutex::new(Guests::default()));
        let (log, book) = (Arc::clone(&seen), Arc::clone(&guests));
        let task = tokio::spawn(async move {
            while let Ok((stream, who)) = listener.accept().await {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                let book = Arc::clone(&book);
                {
                    let mut book = book.lock().unwrap();
                    book.came.push(who);
                    book.inside += 1;
                }
                tokio::spawn(async move {
                    // A client that goes away in the middle is its own business.
                    drop(serve(stream, &*answer, &log).await);
                    book.lock().unwrap().inside -= 1;
                });
            }
        });
        Self {
            base: Url::parse(&base).unwrap(),
            seen,
            guests,
            task,
        }
    }

    /// Waits until everybody who has asked is answered, also those who went away meanwhile: their
    /// requests may still be on their way, and are heard before this ends.
    pub(crate) async fn settled(&self) {
        let at = (self.base.host_str().unwrap(), self.base.port().unwrap());
        // Guests are let in as they came, so this one is let in after all of them.
        let last = TcpStream::connect(at).await.unwrap();
        let who = last.local_addr().unwrap();
        drop(last);
        until("nobody is inside", || {
            let guests = self.guests.lock().unwrap();
            guests.inside == 0 && guests.came.contains(&who)
        })
        .await;
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests there were so far for paths that end so.
    pub(crate) fn count(&self, path: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|request| request.path.ends_with(path))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &Answer,
    log: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let request = parse(&String::from_utf8_lossy(&head));
    let reply = answer(&request);
    log.lock().unwrap().push(request);
    let mut text = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        text += &format!("{name}: {value}\r\n");
    }
    if reply.status != 304 {
        text += &format!("Content-Length: {}\r\n", reply.body.len());
    }
    text += "\r\n";
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(&reply.body).await?;
    stream.shutdown().await
}

fn parse(head: &str) -> Request {
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap();
    let url = Url::parse("http://test").unwrap().join(target).unwrap();
    Request {
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
    }
}
