//! A socket server of a few lines: it writes down what is asked, answers as a test says, tells
//! everybody what a test wants told, and cuts connections.

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use url::Url;

type Answer = dyn Fn(&Value) -> Vec<Value> + Send + Sync;

#[derive(Default)]
pub(crate) struct State {
    sessions: Vec<mpsc::Sender<String>>,
    /// Where each connection knocked: `/v2`.
    pub paths: Vec<String>,
    /// What was asked on the present connection.
    pub requests: Vec<Value>,
}

pub(crate) struct Stage {
    pub url: Url,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Stage {
    pub(crate) async fn open(
        answer: impl Fn(&Value) -> Vec<Value> + Send + Sync + 'static,
    ) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (shared, answer): (_, Arc<Answer>) = (Arc::clone(&state), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), Arc::clone(&answer)));
            }
        });
        let url = Url::parse(&url).unwrap();
        Self { url, state, task }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Tells everybody who is connected.
    pub(crate) fn tell(&self, frame: impl ToString) {
        for session in &self.state().sessions {
            session.try_send(frame.to_string()).unwrap();
        }
    }

    /// Cuts everyone off.
    pub(crate) fn cut(&self) {
        let mut state = self.state();
        state.sessions.clear();
        state.requests.clear();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>, answer: Arc<Answer>) {
    let (tell, mut told) = mpsc::channel(10_000);
    let weak = tell.downgrade();
    let knocked = Arc::clone(&state);
    #[expect(
        clippy::result_large_err,
        reason = "the signature is the library's own"
    )]
    let knock = move |request: &Request, response: Response| {
        let mut state = knocked.lock().unwrap();
        state.paths.push(request.uri().path().to_owned());
        state.sessions.push(tell);
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, knock).await else {
        return;
    };
    loop {
        tokio::select! {
            frame = told.recv() => match frame {
                Some(frame) => if socket.send(Message::text(frame)).await.is_err() { break },
                None => return,
            },
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let request: Value = serde_json::from_str(text.as_str()).unwrap();
                    let Some(tell) = weak.upgrade() else { return };
                    for frame in answer(&request) {
                        tell.try_send(frame.to_string()).unwrap();
                    }
                    state.lock().unwrap().requests.push(request);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            }
        }
    }
    if let Some(tell) = weak.upgrade() {
        let mut state = state.lock().unwrap();
        state
            .sessions
            .retain(|session| !session.same_channel(&tell));
    }
}
