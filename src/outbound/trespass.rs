//! Ways into the house's own network by way of a server outside, each of them closed.
//!
//! `127.0.0.2` stands for a server of the internet, `127.0.0.1` for one of the house.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::reach::{Names, system};
use super::{Answer, Limits, Outbound, OutboundError, Reach};

/// A server that answers everything alike, and counts how often it was called.
struct Server {
    address: SocketAddr,
    called: Arc<AtomicUsize>,
}

impl Server {
    async fn start(host: &str, answer: impl Fn(SocketAddr) -> String) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = answer(address);
        let called = Arc::<AtomicUsize>::default();
        let counts = Arc::clone(&called);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                counts.fetch_add(1, Ordering::Relaxed);
                let mut asked = [0; 4_096];
                let _ = socket.read(&mut asked).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, called }
    }

    fn called(&self) -> usize {
        self.called.load(Ordering::Relaxed)
    }
}

fn ok(_: SocketAddr) -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".to_owned()
}

fn outside() -> Reach {
    Reach::PublicAnd([127, 0, 0, 2].into())
}

fn limits() -> Limits {
    Limits {
        redirects: 3,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_redirect_leads_out_and_never_in() {
    let secret = Server::start("127.0.0.1", ok).await;
    let port = secret.address.port();
    let mapped = format!("http://[::ffff:127.0.0.1]:{port}/");
    for target in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("//127.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
        mapped,
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let lure = Server::start("127.0.0.2", |_| {
            format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        })
        .await;
        let outbound = Outbound::new(outside(), limits()).unwrap();
        let url = Url::parse(&format!("http://{}/", lure.address)).unwrap();
        let answer = outbound.get(url, Default::default()).await;
        // What is no address of a web server is not gone to at all: the redirect itself is the answer.
        let stayed = |answer: &Answer| answer.status.is_redirection() && answer.body.is_empty();
        let kept_out = match &answer {
            Err(OutboundError::Failed(_)) => true,
            Ok(answer) => target.starts_with("file:") && stayed(answer),
            Err(_) => false,
        };
        assert!(kept_out, "{target}: {answer:?}");
        assert_eq!((lure.called(), secret.called()), (1, 0), "{target}");
    }
    // A redirect to a server outside is followed.
    let page = Server::start("127.0.0.2", ok).await;
    let lure = Server::start("127.0.0.2", |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: http://{}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", page.address)
    })
    .await;
    let outbound = Outbound::new(outside(), limits()).unwrap();
    let url = Url::parse(&format!("http://{}/", lure.address)).unwrap();
    let answer = outbound.get(url, Default::default()).await.unwrap();
    assert_eq!((answer.status.as_u16(), page.called()), (200, 1));
}

#[tokio::test]
async fn a_name_that_is_pointed_elsewhere_after_it_was_judged_gains_nothing() {
    let page = Server::start("127.0.0.2", ok).await;
    // The same port on the house's own address: where a second look at the name would lead.
    let inside = TcpListener::bind(("127.0.0.1", page.address.port()))
        .await
        .unwrap();
    let secret = Arc::<AtomicUsize>::default();
    let counts = Arc::clone(&secret);
    tokio::spawn(async move {
        while inside.accept().await.is_ok() {
            counts.fetch_add(1, Ordering::Relaxed);
        }
    });
    let looks = Arc::<AtomicUsize>::default();
    let counts = Arc::clone(&looks);
    // It leads outside when it is looked at for the first time, and inside from then on.
    let names: Names = Arc::new(move |_| {
        let first = counts.fetch_add(1, Ordering::Relaxed) == 0;
        let address = if first {
            [127, 0, 0, 2]
        } else {
            [127, 0, 0, 1]
        };
        Box::pin(async move { Ok(vec![SocketAddr::from((address, 0))]) })
    });
    let outbound = Outbound::by(outside(), limits(), names).unwrap();
    let url = Url::parse(&format!("http://rebound.example:{}/", page.address.port())).unwrap();
    let answer = outbound.get(url.clone(), Default::default()).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!((looks.load(Ordering::Relaxed), page.called()), (1, 1));
    let again = outbound.get(url, Default::default()).await;
    assert!(matches!(again, Err(OutboundError::Failed(_))), "{again:?}");
    assert_eq!((page.called(), secret.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn the_system_is_asked_for_names() {
    let found = system()("localhost".to_owned()).await.unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback()) && !found.is_empty());
}
