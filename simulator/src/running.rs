//! Starting and stopping: the simulator in a thread of its own, and the handle to it.

use std::io::{Error, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::RETRY_AFTER;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer};
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use tracing::warn;

use crate::channels::{CHANNELS, Channel, Kind, Press, channel};
use crate::export;
use crate::faults::Faults;
use crate::market::{Market, Symbol};
use crate::options::Options;
use crate::payments::{self, Payments, Room};
use crate::truth::{self, Scribe, Truth};
use crate::webhook;
use crate::world::World;

/// How often the truth is written.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The pace is not a pace.
    #[error("a pace of {0} is none: it must be above zero and at most 10,000")]
    Pace(f64),
    /// The address is taken, or no address of this machine.
    #[error("could not listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The truth cannot be written.
    #[error("could not write the truth into {0}")]
    Truth(PathBuf, #[source] std::io::Error),
    /// The state of payments cannot be read, or its webhooks have no address.
    #[error("could not open the payments room")]
    Payments(#[source] std::io::Error),
    /// The machine gives no thread.
    #[error("could not start a thread")]
    Thread(#[source] std::io::Error),
}

/// A channel as the platform may be told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelCard {
    /// Its name, as in `/s/NAME`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How its posts get out.
    pub kind: Kind,
    /// What it proves itself with, where it comes by webhook.
    pub secret: Option<String>,
}

/// A running simulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    world: World,
    payments: Option<Payments>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a simulator in a thread of its own.
///
/// # Errors
///
/// [`StartError`] where an option cannot be followed.
pub fn start(mut options: Options) -> Result<Simulator, StartError> {
    if !(options.pace > 0.0 && options.pace <= 10_000.0) {
        return Err(StartError::Pace(options.pace));
    }
    let unheard = |error| StartError::Listen(options.listen, error);
    let listener = std::net::TcpListener::bind(options.listen).map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let (stop, stopped) = watch::channel(false);
    let recordings = std::mem::take(&mut options.recordings);
    let market = if recordings.is_empty() {
        Market::new(options.seed)
    } else {
        Market::playing(recordings)
    };
    let world = World {
        started: options.clock.now(),
        clock: options.clock.clone(),
        press: Press::new(market, options.pace),
        faults: Faults::default(),
        connection_age: options.connection_age,
        stop: stopped,
    };
    let scribe = match &options.truth_dir {
        Some(dir) => {
            let scribe = Scribe::open(dir, world.now());
            Some(scribe.map_err(|error| StartError::Truth(dir.clone(), error))?)
        }
        None => None,
    };
    let payments = open_payments(&options)?;
    let room = payments.as_ref().map(|(_, payments)| payments.clone());
    let inside = world.clone();
    let kept = room.clone();
    let thread = thread::Builder::new()
        .name("simulator".to_owned())
        .spawn(move || {
            let system = actix_web::rt::System::new();
            if let Some((listener, Payments(room))) = payments {
                system
                    .runtime()
                    .spawn(serve_payments(listener, room, inside.clone()));
            }
            if let Err(error) = system.block_on(serve(listener, inside, options, scribe)) {
                warn!(%error, "the simulator ended: {error}");
            }
            // The system ends as soon as the exchange has, so the room may not have come to it.
            if let Some(Payments(room)) = kept {
                room.keep();
            }
        })
        .map_err(StartError::Thread)?;
    Ok(Simulator {
        address,
        world,
        payments: room,
        stop,
        thread: Some(thread),
    })
}

/// Opens the payments room on a port of its own, if there is to be one.
fn open_payments(
    options: &Options,
) -> Result<Option<(std::net::TcpListener, Payments)>, StartError> {
    let Some(wanted) = &options.payments else {
        return Ok(None);
    };
    let unheard = |error| StartError::Listen(wanted.listen, error);
    let listener = std::net::TcpListener::bind(wanted.listen).map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let room = Room::open(wanted, address, options.seed, options.clock.clone());
    let room = room.map_err(StartError::Payments)?;
    Ok(Some((listener, Payments(Arc::new(room)))))
}

async fn serve_payments(listener: std::net::TcpListener, room: Arc<Room>, world: World) {
    let until = async move { world.stopped().await };
    if let Err(error) = payments::serve(listener, room, until).await {
        warn!(%error, "the payments room ended: {error}");
    }
}

async fn serve(
    listener: std::net::TcpListener,
    world: World,
    options: Options,
    scribe: Option<Scribe>,
) -> std::io::Result<()> {
    let shared = Data::new(world.clone());
    let recorded = world.press.market().is_recorded();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .wrap(from_fn(misbehave))
            .configure(crate::exchange::routes)
            .configure(|config| {
                if !recorded {
                    crate::preview::routes(config);
                }
            })
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    if let Some(target) = options.webhooks.as_ref().filter(|_| !recorded) {
        webhook::post_all(&world, target);
    }
    if let Some(scribe) = scribe {
        actix_web::rt::spawn(write_truth(scribe, world.clone()));
    }
    let handle = server.handle();
    let waiting = world.clone();
    actix_web::rt::spawn(async move {
        waiting.stopped().await;
        handle.stop(false).await;
    });
    server.await
}

async fn write_truth(mut scribe: Scribe, world: World) {
    loop {
        if let Err(error) = scribe.write(&world.press, world.now()) {
            warn!(%error, "could not write the truth: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(WRITE_EVERY) => {}
            () = world.stopped() => return,
        }
    }
}

/// The faults that are switched on, before anything else is done.
async fn misbehave(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let path = request.path();
    let socket = path.starts_with("/ws") || path.starts_with("/stream");
    let exchange = socket || path.starts_with("/api/");
    let switches = request.app_data::<Data<World>>().map(|world| {
        let faults = &world.faults;
        if exchange {
            faults.exchange.clone()
        } else {
            faults.pages.clone()
        }
    });
    let Some(switches) = switches else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    if let Some(seconds) = switches.refusing_for() {
        let refusal = HttpResponse::TooManyRequests()
            .insert_header((RETRY_AFTER, seconds))
            .json(json!({ "code": -1003, "msg": "Too many requests." }));
        return Ok(request.into_response(refusal));
    }
    // A stalled socket is opened and then says nothing; a stalled page does not come.
    while switches.is_stalled() && !socket {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

impl Simulator {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its channels; none beside recorded prices.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelCard> {
        let seed = self.market().seed();
        let card = |channel: &Channel| ChannelCard {
            name: channel.name,
            title: channel.title,
            kind: channel.kind,
            secret: (channel.kind == Kind::Webhook).then(|| webhook::secret(seed, channel)),
        };
        let silent = self.market().is_recorded();
        let channels = CHANNELS.iter().filter(|_| !silent);
        channels.map(card).collect()
    }

    /// What its venue trades.
    #[must_use]
    pub fn symbols(&self) -> Vec<&'static Symbol> {
        self.market().symbols()
    }

    /// Its market, for a second opinion.
    #[must_use]
    pub const fn market(&self) -> &Market {
        self.world.press.market()
    }

    /// Its room that speaks Stripe's API, if it has one.
    #[must_use]
    pub const fn payments(&self) -> Option<&Payments> {
        self.payments.as_ref()
    }

    /// The switches of its faults.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// The truth about a post; nothing where there is no such channel or number.
    #[must_use]
    pub fn truth(&self, name: &str, id: i64) -> Option<Truth> {
        let press = &self.world.press;
        let story = press.story(channel(name)?, Some(id).filter(|id| *id > 0)?);
        Some(truth::tell(press, &story))
    }

    /// The truth about all posts after one instant and not after another (in microseconds), in the
    /// order of time.
    #[must_use]
    pub fn truth_between(&self, after: i64, until: i64) -> Vec<Truth> {
        truth::between(&self.world.press, after, until)
    }

    /// Writes what a channel posted after one instant and not after another (in microseconds), as
    /// Telegram Desktop would export it at the latter: `result.json`.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or the channel is none that has a chat.
    pub fn export(
        &self,
        name: &str,
        after: i64,
        until: i64,
        out: impl Write,
    ) -> std::io::Result<()> {
        let unknown = || Error::new(ErrorKind::NotFound, format!("there is no channel {name}"));
        let channel = channel(name).ok_or_else(unknown)?;
        export::write(&self.world.press, channel, after, until, out)
    }

    /// Stops it, and returns when it has stopped.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        // Without anyone listening it has stopped already.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told why already.
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.halt();
    }
}
