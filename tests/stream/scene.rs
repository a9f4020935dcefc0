//! A stream over a real store, ledger and hub, served on a port of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use actix::Arbiter;
use actix_web::{App, HttpServer, middleware, web};
use actors::guardian::{Household, Vigil};
use actors::hub::{Hub, Publish};
use actors::ledger::{Ledger, Write};
use actors::supervise::{Child, Door, Manners, Place};
use bytes::Bytes;
use domain::account::{
    Account, AccountId, Email, PasswordHash, Role, SecretDigest, Session, SessionId, Stay,
};
use domain::event::{Body, Event, Happening};
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Instrument, Price, Side};
use domain::plan::{Allowance, Plan, PlanId, Prices};
use domain::ports::accounts::{Accounts, Credential};
use domain::ports::chain::Chain as _;
use domain::ports::store::{ChannelCard, Entry, PostEntry, Receipt, Store};
use domain::ports::{Clock, Encode, Nobody, View};
use domain::post::{Action, Origin, Post};
use domain::reading::{self, Meaning, Reading, Target};
use domain::signal::Signal;
use domain::time::Timestamp;
use secrecy::SecretString;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use tokio::sync::watch;
use touchstone::accounts;
use touchstone::accounts::door::Openness;
use touchstone::accounts::seal::Seal;
use touchstone::accounts::tokens::{Named, Tokens};
use touchstone::http::guarded;
use touchstone::http::stream::{self, Limits, StreamState, stalled};
use touchstone::store::{Durability, Options, SqliteStore};
use touchstone::wire::Encoder;
use uuid::Uuid;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// When a signal expires that says nothing else.
pub(crate) const LATER: Timestamp = Timestamp::from_micros(1_700_000_600_000_000);

/// A clock that stands still until it is set.
pub(crate) struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Encodes; when it is told to, it panics once, and the hub with it.
#[derive(Default)]
pub(crate) struct Fragile(AtomicBool);

impl Encode for Fragile {
    fn encode(&self, event: &Event, view: View) -> Bytes {
        assert!(!self.0.swap(false, Ordering::SeqCst), "the hub dies here");
        Encoder.encode(event, view)
    }
}

pub(crate) struct Scene {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) state: StreamState,
    pub(crate) drain: watch::Sender<bool>,
    pub(crate) hub: Door<Hub>,
    ledger: Door<Ledger>,
    pub(crate) clock: Arc<Standing>,
    pub(crate) people: People,
    fragile: Arc<Fragile>,
    posts: AtomicU64,
    home: TempDir,
}

/// Limits in which a test needs not wait.
pub(crate) fn limits() -> Limits {
    Limits {
        heartbeat: Duration::from_millis(20),
        unanswered_pings: u32::MAX,
        drain: Duration::from_millis(20),
        ..Limits::default()
    }
}

/// Who listens, and how he shows it.
pub(crate) struct People {
    pub(crate) door: accounts::Door,
    tokens: Arc<Tokens>,
}

async fn people(store: &Arc<SqliteStore>, clock: &Arc<Standing>, to_all: bool) -> People {
    let accounts = || Arc::clone(store) as Arc<dyn Accounts>;
    let time = || Arc::clone(clock) as Arc<dyn Clock>;
    let secret = SecretString::from("the secret of a stream that is tested".to_owned());
    let seal = Arc::new(Seal::new(&secret).unwrap());
    let tokens = Arc::new(Tokens::open(accounts(), seal, time()).await.unwrap());
    let openness = Openness {
        here: false,
        to_all,
    };
    let stay = Stay {
        unseen: Duration::from_secs(86_400),
        longest: Duration::from_secs(864_000),
    };
    let reads = Arc::clone(store) as Arc<dyn Store>;
    let door = accounts::Door::open(
        accounts(),
        reads,
        Arc::clone(&tokens),
        time(),
        openness,
        stay,
    );
    let door = door.await.unwrap();
    actix_web::rt::spawn(door.clone().watch());
    People { door, tokens }
}

/// Raises what the stream needs, and serves it to whoever has an account.
pub(crate) async fn raise_closed(limits: Limits) -> Scene {
    raise_as(limits, stalled::STALLED, false).await
}

/// Raises what the stream needs, and serves it.
pub(crate) async fn raise(limits: Limits) -> Scene {
    raise_and_cut(limits, stalled::STALLED).await
}

/// Raises what the stream needs; clients that take nothing for so long are cut off.
pub(crate) async fn raise_and_cut(limits: Limits, after: Duration) -> Scene {
    raise_as(limits, after, true).await
}

async fn raise_as(limits: Limits, after: Duration, to_all: bool) -> Scene {
    let home = tempfile::tempdir().unwrap();
    let options = Options {
        durability: Durability::Normal,
        ..Options::file(home.path().join("record.db"))
    };
    let store = Arc::new(SqliteStore::open(options).await.unwrap());
    for name in ["a", "b"] {
        let card = ChannelCard {
            id: channel(name),
            platform: "test".to_owned(),
            title: name.to_owned(),
            origin: Origin::Live,
        };
        store.register(&card, START).await.unwrap();
    }
    let clock = Arc::new(Standing(AtomicI64::new(START.as_micros())));
    let fragile = Arc::<Fragile>::default();
    let house = Household::found(Arc::clone(&clock) as _, Arc::new(|_| {}), Vigil::default());
    let records = Place::Shared(Arbiter::new().handle());
    let encode = Arc::clone(&fragile);
    let (hub, child) = Child::new(
        "hub",
        "hub",
        records.clone(),
        Manners::default(),
        move || Hub::new(Arc::clone(&encode) as _),
    );
    house.raise(child).await;
    let inside = (Arc::clone(&store), Arc::clone(&clock), hub.clone());
    let (ledger, child) = Child::new("ledger", "ledger", records, Manners::default(), move || {
        let (store, clock, hub) = inside.clone();
        Ledger::new(store, clock, hub, Arc::new(Nobody))
    });
    house.raise(child).await;

    let (drain, draining) = watch::channel(false);
    let (reads, time) = (Arc::clone(&store) as _, Arc::clone(&clock) as _);
    let state = StreamState::within(limits, hub.clone(), reads, time, draining);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = state.clone();
    let people = people(&store, &clock, to_all).await;
    let door = people.door.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(served.clone()))
            .app_data(web::Data::new(door.clone()))
            .wrap(middleware::from_fn(guarded::identify))
            .route("/v1/stream", web::get().to(stream::stream))
            .route("/v1/stream/sse", web::get().to(stream::sse::sse))
            .route("/v1/stream/position", web::get().to(stream::position))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .on_connect(move |connection, _| stalled::cut_after(after, connection))
        .listen(listener);
    actix_web::rt::spawn(server.unwrap().run());
    Scene {
        address,
        store,
        state,
        drain,
        hub,
        ledger,
        clock,
        people,
        fragile,
        posts: AtomicU64::new(0),
        home,
    }
}

impl Scene {
    /// Makes the plan that everybody has.
    pub(crate) async fn plan(&self, allows: Allowance) {
        let plan = Plan {
            id: PlanId::parse("free").unwrap(),
            title: "Free".to_owned(),
            rank: 0,
            prices: Prices::default(),
            allows,
        };
        self.store.write_plan(&plan, false).await.unwrap();
        self.people.door.hear().await;
    }

    /// Somebody with an account, and what he shows. He chose channel `a`.
    pub(crate) async fn somebody(&self) -> (Session, String) {
        let id = AccountId::from_uuid(Uuid::from_u128(7));
        let account = Account {
            id,
            email: Email::parse("anna@example.org").unwrap(),
            password: PasswordHash("none".to_owned()),
            verified: Some(START),
            role: Role::User,
            language: "en".into(),
            granted: None,
            second: None,
            chosen: vec![channel("a")],
            created: START,
            closed: None,
            revision: 1,
        };
        assert!(self.store.open(&account).await.unwrap());
        let session = Session {
            id: SessionId::from_uuid(Uuid::from_u128(8)),
            account: id,
            agent: String::new(),
            address: None,
            began: START,
            seen: START,
            expires: START + Duration::from_secs(86_400),
        };
        let with = Credential::Refresh(SecretDigest([1; 32]));
        self.store.begin(&session, with).await.unwrap();
        let named = Named {
            account: id,
            session: session.id,
        };
        let (token, _) = self.people.tokens.issue(named).unwrap();
        (session, token)
    }

    /// The history that the store is in.
    pub(crate) async fn epoch(&self) -> String {
        self.store.span().await.unwrap().epoch.to_string()
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.clock.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Stores a signal of channel `a` and shows it.
    pub(crate) async fn signal(&self) {
        self.signals(&[self.idea("a", "BTC/USDT", LATER)]).await;
    }

    /// Stores `many` signals, one after the other.
    pub(crate) async fn many(&self, many: usize) {
        for _ in 0..many {
            self.signal().await;
        }
    }

    /// Stores these signals in one post and shows them.
    pub(crate) async fn signals(&self, ideas: &[Signal]) {
        let entry = Entry::Post(Box::new(entry(ideas)));
        self.ledger.ask(Write::of(entry)).await.unwrap().unwrap();
    }

    /// Stores `many` signals of one post, and shows them at once.
    pub(crate) async fn burst(&self, many: usize) {
        let first = self.idea("a", "BTC/USDT", LATER);
        let nth = |nth| Signal {
            id: SignalId::of(&first.channel, &first.post, nth),
            ..first.clone()
        };
        self.signals(&(0..many).map(nth).collect::<Vec<_>>()).await;
    }

    /// Stores that the author changed a signal's post, behind the hub's back.
    pub(crate) async fn only_store_edit(&self, idea: &Signal, text: &str) {
        let mut edit = entry(std::slice::from_ref(idea));
        edit.post.text = text.to_owned();
        edit.post.action = Action::Edited;
        edit.post.received = START + Duration::from_secs(1);
        edit.happenings[0].body = Body::Revision {
            action: Action::Edited,
            post: idea.post.clone(),
        };
        let entries = [Entry::Post(Box::new(edit))];
        self.store.commit(&entries, START).await.unwrap();
    }

    /// Has the day before the clock's sealed, and the seal told.
    pub(crate) async fn seal(&self) {
        let until = self.store.gather(9_999).await.unwrap().until.unwrap();
        let due = self.store.due(until, self.clock.now()).await.unwrap();
        let entry = Entry::Seal(Box::new(due.unwrap()));
        self.ledger.ask(Write::of(entry)).await.unwrap().unwrap();
    }

    /// Stores these signals behind the hub's back.
    pub(crate) async fn only_store(&self, ideas: &[Signal]) -> Vec<Arc<Event>> {
        let entries = [Entry::Post(Box::new(entry(ideas)))];
        match &self.store.commit(&entries, START).await.unwrap()[..] {
            [Receipt::Stored(events)] => events.clone(),
            other => panic!("not stored: {other:?}"),
        }
    }

    /// Takes the oldest events out of the record, as a retention would.
    pub(crate) async fn keep_only_after(&self, seq: u64) {
        let file = SqliteConnectOptions::new().filename(self.home.path().join("record.db"));
        let pool = sqlx::SqlitePool::connect_with(file).await.unwrap();
        let sql = format!("DELETE FROM events WHERE seq <= {seq}");
        let sql = sqlx::AssertSqlSafe(sql);
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub(crate) async fn only_show(&self, events: Vec<Arc<Event>>) {
        self.hub.ask(Publish(events)).await.unwrap();
    }

    /// The hub dies over the next event that somebody wants.
    pub(crate) fn break_the_hub(&self) {
        self.fragile.0.store(true, Ordering::SeqCst);
    }

    /// A new idea, in a post of its own.
    pub(crate) fn idea(&self, name: &str, pair: &str, expires_at: Timestamp) -> Signal {
        let post = self.posts.fetch_add(1, Ordering::SeqCst);
        idea(name, &PostKey::new(post.to_string()), pair, expires_at)
    }

    /// `many` ideas with so large a post key that each makes an event of about `bytes`.
    pub(crate) fn large(&self, many: usize, bytes: usize) -> Vec<Signal> {
        let large = |nth: usize| {
            let post = PostKey::new(format!("{nth}{}", "x".repeat(bytes)));
            idea("a", &post, "BTC/USDT", LATER)
        };
        (0..many).map(large).collect()
    }
}

fn channel(name: &str) -> ChannelId {
    ChannelId::parse(name).unwrap()
}

fn idea(name: &str, post: &PostKey, pair: &str, expires_at: Timestamp) -> Signal {
    let price = |text| Price::parse(text).unwrap();
    Signal {
        id: SignalId::of(&channel(name), post, 0),
        channel: channel(name),
        post: post.clone(),
        origin: Origin::Live,
        instrument: Instrument::parse(&format!("sim:spot:{pair}")).unwrap(),
        substituted: false,
        side: Side::Long,
        entry: reading::Entry::Limit(price("100")),
        targets: vec![Target {
            price: price("110"),
            weight: None,
        }],
        stop: Some(price("95")),
        leverage: None,
        breakeven_after: None,
        posted: START,
        received: START,
        expires_at,
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: None,
        ambiguous: false,
    }
}

/// A post that opens these trades.
fn entry(ideas: &[Signal]) -> PostEntry {
    let first = &ideas[0];
    let opening = |idea: &Signal| Happening {
        signal: idea.id,
        channel: idea.channel.clone(),
        instrument: idea.instrument.clone(),
        side: idea.side,
        origin: idea.origin,
        posted: Some(idea.posted),
        received: idea.received,
        scored: None,
        body: Body::Signal {
            signal: Arc::new(idea.clone()),
            score: None,
        },
    };
    PostEntry {
        post: Post {
            channel: first.channel.clone(),
            key: first.post.clone(),
            action: Action::Original,
            author: None,
            text: first.post.to_string(),
            media: Vec::new(),
            reply_to: None,
            forwarded_from: None,
            posted: first.posted,
            received: first.received,
            origin: first.origin,
        },
        reading: Reading {
            parser: "rules/1",
            meaning: Meaning::Signals(Vec::new()),
        },
        note: None,
        happenings: ideas.iter().map(opening).collect(),
        assessments: Vec::new(),
        cursor: None,
    }
}
