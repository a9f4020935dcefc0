//! A scene: a world, an installation in it, and clients that resume; and the end, where everything is
//! compared.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::checker::{Fault, Wants, check};
use crate::client::{Client, Log};
use crate::running::Running;
use crate::sender::{self, Sender};
use crate::site::Site;
use crate::stored::Stored;
use crate::world::World;

/// The longest that anything is waited for: an unoptimised node on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) site: Site,
    clients: Vec<Client>,
    sender: Option<Sender>,
    /// From when on posts are looked for, in microseconds: whoever starts late begins with the last few.
    since: Cell<Option<i64>>,
}

/// What came of a scene.
pub(crate) struct Ended {
    /// What each client wrote down.
    pub(crate) logs: Vec<Log>,
    pub(crate) stored: Stored,
    /// What they asked for.
    pub(crate) wants: Vec<Wants>,
}

impl Scene {
    pub(crate) fn new(make: impl FnOnce(Site) -> Site) -> Self {
        let world = World::start();
        let site = make(Site::in_world(&world));
        Self {
            world,
            site,
            clients: Vec::new(),
            sender: None,
            since: Cell::new(None),
        }
    }

    /// A sender and so many clients come: some want everything, some a few channels, some a few symbols.
    pub(crate) fn listen(&mut self, many: usize) {
        self.sender = Some(Sender::start(&self.world.address));
        let (channels, symbols) = (self.world.channels(), self.world.symbols());
        for nth in 0..many {
            let some = |of: &[String]| {
                let picked = of.iter().cycle().skip(nth).step_by(2).take(of.len() / 3);
                picked.cloned().collect()
            };
            let mut wants = Wants::default();
            match nth % 4 {
                1 => wants.channels = some(&channels),
                3 => wants.symbols = some(&symbols),
                _ => {}
            }
            self.clients.push(Client::start(&self.world.address, wants));
        }
    }

    /// Waits until the first client, who wants everything, has heard so many events more.
    pub(crate) async fn goes_on(&self, events: u64) {
        let first = &self.clients[0];
        let begun = Instant::now();
        let mut from = None;
        while first
            .at()
            .is_none_or(|at| at < *from.get_or_insert(at) + events)
        {
            if begun.elapsed() > PATIENCE {
                let heard = first.look(|log| (log.position.clone(), log.ends.clone(), log.refused));
                panic!(
                    "events do not go on, from {from:?}: {heard:?}\n{}",
                    self.logged()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let since = self.since.get();
        self.since
            .set(since.or_else(|| Some(simulator::Clock::system().now())));
    }

    /// What the nodes have logged.
    fn logged(&self) -> String {
        std::fs::read_to_string(self.site.path("err")).unwrap()
    }

    /// How many connections have ended so far, of all clients.
    pub(crate) fn ends(&self) -> usize {
        let ends = self
            .clients
            .iter()
            .map(|client| client.look(|log| log.ends.len()));
        ends.sum()
    }

    /// Waits until everybody has heard everything that is stored now, lets them go, stops the node, and
    /// compares. Fails where anything was lost, doubled, swapped or left out without a word.
    pub(crate) async fn end(self, node: Running, what: &str) -> Ended {
        let posts = self.has_all_posts(&node).await;
        let (_, head) = node.api.position().await;
        let begun = Instant::now();
        while let Some(behind) = self.clients.iter().find(|it| it.at() < Some(head)) {
            let log = behind.look(|log| (log.position.clone(), log.ends.clone(), log.refused));
            assert!(
                begun.elapsed() < PATIENCE,
                "not everybody hears everything up to {head}: {log:?}\n{}",
                self.logged()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let taken = self.sender.expect("nobody sent").stop();
        let (_, versions) = self.site.rows().await;
        sender::holds(taken, &versions);
        let mut left = Vec::new();
        for client in self.clients {
            left.push(client.leave().await);
        }
        let stored = Stored::read(&node.api).await;
        node.stop().await;
        let (rows, _) = self.site.rows().await;
        // It wrote on until it had stopped.
        let known = stored.events.len();
        stored.agrees(&rows[..known]);
        let mut faults: Vec<(usize, Fault)> = Vec::new();
        let mut left_out = BTreeMap::<String, usize>::new();
        let (mut events, mut resumes) = (0, 0);
        for (nth, (wants, log)) in left.iter().enumerate() {
            let verdict = check(wants, &log.heard, &stored);
            faults.extend(verdict.faults.into_iter().map(|fault| (nth, fault)));
            events += verdict.events;
            resumes += verdict.resumes;
            for (why, count) in verdict.left_out {
                *left_out.entry(why).or_default() += count;
            }
        }
        assert!(
            faults.is_empty(),
            "{what}: {} faults: {:?}\n{}",
            faults.len(),
            &faults[..faults.len().min(20)],
            std::fs::read_to_string(self.site.path("err")).unwrap()
        );
        let (middle, longest) = pauses(&left);
        let refused: usize = left.iter().map(|(_, log)| log.refused).sum();
        println!(
            "{what}: {known} events stored, {events} told to {} clients over {resumes} resumes: 0 lost, 0 doubled, 0 swapped; \
             declared gaps {left_out:?}; {posts} posts of the world and {taken} that were sent are stored; pauses {middle:?} in the middle, {longest:?} at most; {refused} times asked to subscribe later",
            left.len(),
        );
        let (wants, logs) = left.into_iter().unzip();
        Ended {
            logs,
            stored,
            wants,
        }
    }
}

impl Scene {
    /// Waits until every post that the world has shown is stored, and gives how many there are.
    async fn has_all_posts(&self, node: &Running) -> usize {
        let since = self.since.get().expect("nothing went on");
        let until = simulator::Clock::system().now();
        let begun = Instant::now();
        loop {
            let (_, versions) = self.site.rows().await;
            let (missing, all) = self.world.missing((since, until), &versions);
            if missing.is_empty() {
                return all;
            }
            if begun.elapsed() > PATIENCE {
                let some = &missing[..missing.len().min(20)];
                let sources = node.api.json("/v1/sources").await;
                panic!(
                    "{} of {all} posts are not stored: {some:#?}\n{sources:#}\n{}",
                    missing.len(),
                    self.logged()
                );
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// The middle one and the longest of all pauses.
fn pauses(left: &[(Wants, Log)]) -> (Duration, Duration) {
    let mut pauses: Vec<Duration> = left
        .iter()
        .flat_map(|(_, log)| log.pauses.iter().copied())
        .collect();
    pauses.sort();
    let middle = pauses.get(pauses.len() / 2).copied();
    let longest = pauses.last().copied();
    (middle.unwrap_or_default(), longest.unwrap_or_default())
}

/// Lets a short while pass in which something is down: the condition is time itself.
pub(crate) async fn for_a_while(span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        tokio::time::sleep(span / 10).await;
    }
}
