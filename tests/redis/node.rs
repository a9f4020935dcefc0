//! A relay and a bell beside a scene's store, ledger and hub.

use std::sync::Arc;
use std::time::Duration;

use actors::guardian::{Household, Vigil};
use actors::hub::Hub;
use actors::relay::{Bell, Relay, Rooms};
use actors::supervise::{Child, Door, Manners, Place};
use actors::way::Underway;
use domain::ports::bus::Bus;
use domain::time::Timestamp;
use secrecy::SecretString;
use tokio::sync::watch;
use touchstone::bus::Redis;
use touchstone::wire::Encoder;

use super::scene::Scene;
use super::server::Server;

/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

/// Longer than any trouble.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Node {
    pub(crate) trouble: watch::Receiver<Option<String>>,
    house: Household,
    name: String,
}

/// A guardian for what a test raises.
fn household(scene: &Scene) -> Household {
    let clock = Arc::clone(&scene.clock) as _;
    Household::found(clock, Arc::new(|_| {}), Vigil::default())
}

pub(crate) fn rooms(scene: &Scene, url: &str, hub: &Door<Hub>, keep: Duration) -> Rooms {
    let redis = Redis::connect(&SecretString::from(url.to_owned())).unwrap();
    Rooms {
        store: Arc::clone(&scene.store) as _,
        bus: Arc::new(redis),
        encode: Arc::new(Encoder),
        clock: Arc::clone(&scene.clock) as _,
        hub: hub.clone(),
        keep,
        trouble: watch::channel(None).0,
        underway: Underway::default(),
    }
}

/// Raises a relay that hears of events from the scene's hub.
pub(crate) async fn relay(scene: &Scene, server: &Server) -> Node {
    relay_with(
        scene,
        "relay",
        rooms(scene, &server.url(), &scene.hub, LONG),
    )
    .await
}

pub(crate) async fn relay_with(scene: &Scene, name: &str, rooms: Rooms) -> Node {
    let (house, trouble) = (household(scene), rooms.trouble.subscribe());
    let (_, child): (Door<Relay>, _) =
        Child::new("relay", name, Place::Own, Manners::default(), move || {
            Relay::new(rooms.clone())
        });
    house.raise(child).await;
    let name = name.to_owned();
    Node {
        trouble,
        house,
        name,
    }
}

/// Raises a bell.
pub(crate) async fn bell(scene: &Scene, server: &Server) -> Arc<dyn Bus> {
    let rooms = rooms(scene, &server.url(), &scene.hub, LONG);
    let (house, bus) = (household(scene), Arc::clone(&rooms.bus));
    let (_, child): (Door<Bell>, _) =
        Child::new("bell", "bell", Place::Own, Manners::default(), move || {
            Bell::new(rooms.clone())
        });
    house.raise(child).await;
    bus
}

/// Raises another hub, as another node has one.
pub(crate) async fn hub(scene: &Scene) -> Door<Hub> {
    let house = household(scene);
    let (hub, child) = Child::new("hub", "hub 2", Place::Own, Manners::default(), || {
        Hub::new(Arc::new(Encoder))
    });
    house.raise(child).await;
    hub
}

impl Node {
    /// Waits until events do not reach Redis, and says why.
    pub(crate) async fn in_trouble(&mut self) -> String {
        let waiting = self.trouble.wait_for(Option::is_some);
        let trouble = tokio::time::timeout(PATIENCE, waiting).await;
        trouble
            .expect("there is no trouble")
            .unwrap()
            .clone()
            .unwrap()
    }

    /// Waits until this is said of why they do not.
    pub(crate) async fn says(&self, words: &str) -> String {
        let said = |why: &Option<String>| why.as_ref().is_some_and(|why| why.contains(words));
        let mut trouble = self.trouble.clone();
        let waiting = tokio::time::timeout(PATIENCE, trouble.wait_for(said)).await;
        match waiting {
            Ok(trouble) => trouble.unwrap().clone().unwrap(),
            Err(_) => panic!("not `{words}`: {:?}", self.trouble.borrow()),
        }
    }

    /// Waits until they do.
    pub(crate) async fn well(&mut self) {
        let waiting = self.trouble.wait_for(Option::is_none);
        let well = tokio::time::timeout(PATIENCE, waiting).await;
        well.expect("the trouble does not end").unwrap();
    }

    /// Takes it down.
    pub(crate) async fn dismiss(self) {
        self.house.dismiss(self.name).await;
    }
}

/// So long after the beginning.
pub(crate) fn after(span: Duration) -> Timestamp {
    super::scene::START + span
}
