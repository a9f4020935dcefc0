//! Serving: from a configuration to a running platform, and back down in order.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::Arbiter;
use actors::guardian::{Household, RootCause, Vigil};
use anyhow::Context as _;
use domain::execution::ExecutionModel;
use domain::ports::Clock;
use domain::ports::predictions::Predictions;
use domain::ports::store::Store;
use domain::post::Origin;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::{ExposeSecret as _, SecretString};
use simulator::Simulator;
use tokio::sync::watch;

use crate::belief::Knowledge;
use crate::belief::jury::Jury;
use crate::belief::rounds::rounds;
use crate::belief::school::{self, School};
use crate::bus::Redis;
use crate::charts::Charts;
use crate::clock::WallClock;
use crate::config::Settings;
use crate::http::analytics::Analytics;
use crate::http::analytics::signal::Looking;
use crate::http::analytics::what_if::Asking;
use crate::http::discover::Discovery;
use crate::http::exports::Exports;
use crate::http::guard::Guard;
use crate::http::health::Health;
use crate::http::ingest::Inlets;
use crate::http::markets::Markets;
use crate::http::ml::Ml;
use crate::http::nodes::Census;
use crate::http::rates::Rates;
use crate::http::reviews::Desk;
use crate::http::stream::StreamState;
use crate::http::system::System;
use crate::http::{self, Edge, Services};
use crate::notify::{Courier, Way};
use crate::paths::VenuePaths;
use crate::platform::{self, Adapters, Brought, Retrying, Terms};
use crate::registrar::{Holder, Keyring, Registrar, digest};
use crate::store::Opened;
use crate::telemetry::Gauges;
use crate::wire::Encoder;

pub(crate) mod accounts;
mod belief;
mod bus;
mod presence;
mod ways;
mod world;

pub(crate) use world::feed;

use accounts::{Accounts, TillAt};
use belief::Belief;
use presence::Presence;
use world::World;

/// How long a stop waits for the mails that are on their way.
const MAILS: Duration = Duration::from_secs(5);

/// A running platform.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it tells how it is without asking who comes, if anywhere.
    pub monitoring: Option<SocketAddr>,
    /// The platform's doors.
    pub house: platform::House,
    simulator: Option<Simulator>,
    store: Opened,
    port: Arc<dyn Store>,
    redis: Option<Arc<Redis>>,
    server: actix_web::dev::ServerHandle,
    watched: Option<actix_web::dev::ServerHandle>,
    drain: watch::Sender<bool>,
    drain_for: Duration,
    given_up: Arc<GivenUp>,
    watching: Vec<tokio::task::JoinHandle<()>>,
    courier: tokio::task::JoinHandle<()>,
    presence: Presence,
    knowledge: Arc<Knowledge>,
}

/// Says when the guardian gives up, and why.
#[derive(Default)]
struct GivenUp {
    cause: Mutex<Option<RootCause>>,
    bell: tokio::sync::Notify,
}

/// Starts everything that the configuration asks for.
///
/// # Errors
///
/// When an address cannot be bound, the store cannot be opened or the house cannot be raised.
pub async fn start(
    settings: &Settings,
    open_access: bool,
    metrics: Option<PrometheusHandle>,
) -> anyhow::Result<Running> {
    start_at(settings, open_access, metrics, Arc::new(WallClock)).await
}

/// As [`start`], with addresses besides: tests alone have any.
///
/// # Errors
///
/// As [`start`].
pub async fn start_with(settings: &Settings, besides: Services) -> anyhow::Result<Running> {
    begin(settings, false, None, Arc::new(WallClock), besides).await
}

/// As [`start`], by another clock than the one on the wall.
///
/// # Errors
///
/// As [`start`].
pub async fn start_at(
    settings: &Settings,
    open_access: bool,
    metrics: Option<PrometheusHandle>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Running> {
    begin(settings, open_access, metrics, clock, |_| ()).await
}

async fn begin(
    settings: &Settings,
    open_access: bool,
    metrics: Option<PrometheusHandle>,
    clock: Arc<dyn Clock>,
    besides: Services,
) -> anyhow::Result<Running> {
    let listen = settings.http.listen;
    // Bound first, so that a taken address is told before anything else happens, and so that the
    // simulator knows where to post; served last, when everybody is there to answer.
    let listener = bind("http.listen", listen)?;
    let address = listener.local_addr()?;
    let watched = settings.monitoring.listen;
    let watched = watched.map(|listen| bind("monitoring.listen", listen));
    let watched = watched.transpose()?;
    let monitoring = watched.as_ref().map(TcpListener::local_addr).transpose()?;
    let opened = open_store(settings).await?;
    let store = opened.port();
    let redis = bus::open(settings, &opened).await?;
    let World {
        feeds,
        candles,
        postings,
        keys,
        scout,
        ways,
        simulator,
    } = World::make(settings, &clock, address)?;

    let origin = if settings.simulator.enabled {
        Origin::Simulator
    } else {
        Origin::Live
    };
    let predictions = opened.predictions();
    let belief = Belief::open(settings, origin, &*store, &*predictions).await?;
    let fixed = postings
        .iter()
        .map(|posting| posting.card.id.clone())
        .collect();

    let given_up = Arc::<GivenUp>::default();
    let told = Arc::clone(&given_up);
    let escalate = Arc::new(move |cause: RootCause| {
        told.cause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(cause);
        told.bell.notify_one();
    });
    let household = Household::found(Arc::clone(&clock), escalate, Vigil::default());
    let (trouble, brought) = watch::channel(Some(bus::NOT_YET.to_owned()));
    let charts = Arc::new(Charts::new(candles.clone()));
    let paths = Arc::new(VenuePaths::new(Arc::clone(&charts), Arc::clone(&clock)));
    let adapters = Adapters {
        store: Arc::clone(&store),
        chain: Some(opened.chain()),
        clock: Arc::clone(&clock),
        feeds: feeds.clone(),
        channels: postings,
        models: belief.models(),
        witness: Arc::clone(&belief.knowledge) as _,
        encode: Arc::new(Encoder),
        bus: redis.as_ref().map(|redis| Brought {
            bus: Arc::clone(redis) as _,
            keep: Duration::from_secs(settings.redis.keep_s),
            trouble,
        }),
        retrials: Some(Retrying {
            retrials: opened.retrials(),
            paths: Arc::clone(&paths) as _,
        }),
    };
    let terms = Terms {
        channels: Arbiter::new().handle(),
        markets: Arbiter::new().handle(),
        records: Arbiter::new().handle(),
        patient: false,
        model: ExecutionModel::DEFAULT,
    };
    let house = platform::raise(adapters, household, terms).await?;

    let watcher = belief.watcher(candles, house.followed.clone(), &clock);
    let jury = Jury {
        lineup: Arc::clone(&belief.lineup),
        predictions,
        clock: Arc::clone(&clock),
    };
    let till = simulator
        .as_ref()
        .and_then(Simulator::payments)
        .map(|room| TillAt {
            base: room.base_url(),
            key: SecretString::from(room.secret_key().to_owned()),
            signs_with: SecretString::from(room.webhook_secret().to_owned()),
        });
    let simulated = till.is_some();
    let way_in = (open_access, till);
    accounts::reseal(settings, &*opened.accounts(), clock.now()).await?;
    let people = Accounts::open(settings, &opened, &clock, Some(address), way_in).await?;
    if simulated {
        // The room begins without prices, and nobody is there to run a command.
        let billing = people.billing.clone();
        actix::spawn(async move {
            if let Err(error) = billing.sync().await {
                tracing::warn!("the simulated till was not told what plans cost: {error}");
            }
        });
    }
    let rates = Rates::new(opened.accounts(), Arc::clone(&clock), redis.clone());
    let scoring = &settings.scoring;
    let round = Duration::from_secs(scoring.round_s);
    let terms = school::Terms {
        folder: scoring.trained.clone(),
        after: scoring.retrain_after,
        order: school::order(1),
    };
    let school = School::new(jury.clone(), Arc::clone(&store), terms);
    let listens: Vec<_> = std::iter::once(address).chain(monitoring).collect();
    let presence = Presence::new(
        opened.nodes(),
        Arc::clone(&clock),
        house.household.clone(),
        &listens,
    );
    let feeds: Arc<[_]> = feeds.into();
    let gauges = metrics.map(|counted| Gauges {
        counted,
        household: house.household.clone(),
        sources: house.sources.clone(),
        followed: house.followed.clone(),
        feeds: Arc::clone(&feeds),
        store: opened.clone(),
        clock: Arc::clone(&clock),
    });
    let mut watching = vec![
        actix::spawn(watcher.watch()),
        actix::spawn(rounds(jury.clone(), round)),
        actix::spawn(school.attend(round)),
        actix::spawn(people.door.clone().watch()),
        actix::spawn(rates.clone().write()),
        actix::spawn(people.billing.clone().work()),
        actix::spawn(people.desk.clone().tidy()),
        actix::spawn(presence.clone().watch()),
    ];
    watching.extend(gauges.clone().map(|gauges| actix::spawn(gauges.watch())));
    let (drain, draining) = watch::channel(false);
    let way = Way::open(&settings.mail)?;
    let courier = Courier::new(&people.mailer, settings.mail.sender()?, way);
    let courier = actix::spawn(courier.run(draining.clone()));
    let keyring = Keyring::default();
    for (id, key) in keys {
        let holder = Holder {
            key: digest(key.expose_secret()),
            origin,
            door: house.crew.door(&id),
        };
        keyring.insert(id, holder);
    }
    let registrar = Registrar::new(
        opened.roster(),
        house.crew.clone(),
        keyring.clone(),
        ways,
        Arc::clone(&clock),
        fixed,
    );
    let known = registrar.open().await;
    known.context("could not read which channels were made")?;
    let drain_for = Duration::from_millis(settings.http.drain_ms);
    let mut origins = settings.http.allowed_origins.clone();
    origins.extend(settings.accounts.origin());
    let edge = Edge {
        door: people.door,
        desk: people.desk,
        billing: people.billing,
        rates,
        forms: people.forms,
        stream: StreamState::new(
            house.hub.clone(),
            Arc::clone(&store),
            Arc::clone(&clock),
            draining.clone(),
            &settings.stream,
            drain_for,
        ),
        health: Health {
            sources: house.sources.clone(),
            store: Arc::clone(&store),
        },
        markets: Markets {
            floor: house.floor.clone(),
            followed: house.followed.clone(),
            feeds,
            charts: Arc::clone(&charts),
            clock: Arc::clone(&clock),
        },
        inlets: Inlets {
            keys: keyring,
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
        },
        registrar: Arc::new(registrar),
        ml: Ml {
            scorer: house.scorer.clone(),
            floor: house.floor.clone(),
            jury,
            turn: Arc::new(tokio::sync::Semaphore::new(1)),
        },
        reviews: Desk {
            reviews: opened.reviews(),
            clock: Arc::clone(&clock),
        },
        system: System {
            household: house.household.clone(),
            store: Arc::clone(&store),
            unstored: house.unstored.clone(),
            redis: redis.is_some().then_some(brought),
            leaving: draining,
            gauges,
        },
        census: Census {
            nodes: opened.nodes(),
            clock: Arc::clone(&clock),
            here: presence.id(),
        },
        analytics: Analytics::new(
            Arc::clone(&store),
            opened.retrials(),
            opened.scrutiny(),
            Arc::clone(&clock),
        ),
        exports: Exports::new(opened.shelves(), Arc::clone(&clock)),
        looking: Looking {
            store: Arc::clone(&store),
            retrials: opened.retrials(),
            charts: Arc::clone(&charts),
            clock: Arc::clone(&clock),
        },
        asking: Asking::new(Arc::clone(&store), paths, Arc::clone(&clock)),
        records: Arc::clone(&store),
        time: Arc::clone(&clock),
        links: opened.chain(),
        discovery: Discovery::new(scout),
        guard: Guard::new(&origins, open_access)
            .behind(settings.http.proxies()?)
            .found_at(settings.accounts.origin().as_deref()),
        body_limit: settings.http.body_limit,
        besides,
    };
    let watched = watched.map(|listener| http::monitoring::serve(edge.system.clone(), listener));
    let watched = watched.transpose()?.map(serving);
    let server = serving(http::serve(edge, listener, drain_for)?);
    Ok(Running {
        address,
        monitoring,
        house,
        simulator,
        store: opened,
        port: store,
        redis,
        server,
        watched,
        drain,
        drain_for,
        given_up,
        watching,
        courier,
        presence,
        knowledge: belief.knowledge,
    })
}

fn bind(key: &str, listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).with_context(|| format!("{key}: could not listen on {listen}"))
}

/// Begins to serve, and says how to stop it.
fn serving(server: actix_web::dev::Server) -> actix_web::dev::ServerHandle {
    let handle = server.handle();
    actix::spawn(server);
    handle
}

async fn open_store(settings: &Settings) -> anyhow::Result<Opened> {
    let place = settings.database();
    let opened = place.open().await;
    opened.with_context(|| format!("could not open the database {place}"))
}

impl Running {
    /// The simulator, where one runs: tests ask it for the truth.
    #[must_use]
    pub const fn simulator(&self) -> Option<&Simulator> {
        self.simulator.as_ref()
    }

    /// What models said.
    #[must_use]
    pub fn predictions(&self) -> Arc<dyn Predictions> {
        self.store.predictions()
    }

    /// What is known of markets and channels at this moment.
    #[must_use]
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// What is kept.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.port
    }

    /// Waits until the guardian gives up, and says why.
    pub async fn gave_up(&self) -> String {
        self.given_up.bell.notified().await;
        let cause = self
            .given_up
            .cause
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        cause.map_or_else(String::new, |cause| {
            format!("{} {}", cause.child, cause.exit)
        })
    }

    /// Comes down in order: nothing new comes in, what was taken is stored, sessions are told
    /// to come back, the store is closed.
    pub async fn stop(mut self) {
        self.drain.send_replace(true);
        // Sessions leave one after the other within this time, each told when to come back.
        tokio::time::sleep(self.drain_for.min(Duration::from_secs(10))).await;
        self.server.stop(true).await;
        for task in &self.watching {
            task.abort();
        }
        // It ends what it is trying. A mail that takes longer stays in the outbox for the next start.
        if tokio::time::timeout(MAILS, &mut self.courier)
            .await
            .is_err()
        {
            self.courier.abort();
        }
        self.house.household.stop().await;
        drop(self.simulator);
        if let Some(redis) = &self.redis {
            redis.close().await;
        }
        self.presence.leave().await;
        self.store.close().await;
        // Last, so that whoever watches sees it live for as long as it works at its end.
        if let Some(watched) = &self.watched {
            watched.stop(true).await;
        }
    }
}
