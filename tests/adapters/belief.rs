//! The models of a folder: who speaks, who is tried beside him, and who is refused.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{ChannelId, PostKey, SignalId};
use domain::market::{Instrument, Price, Side};
use domain::ports::predictions::{Fulfilled, Predictions, Promotion, Spoken};
use domain::ports::store::StoreError;
use domain::ports::{Asked, Scorer as _};
use domain::post::Origin;
use domain::reading::{Entry, Target};
use domain::score::{Score, Seen};
use domain::signal::Signal;
use domain::time::Timestamp;
use scoring::dataset::{Fate, Row};
use scoring::features::{Known, schema, vector};
use scoring::registry::{Name, TrainedOn, save};
use scoring::training::{Order, train};
use tempfile::TempDir;
use touchstone::belief::jury::{Jury, Refused};
use touchstone::belief::rule::Stays;
use touchstone::belief::scorer::Believer;
use touchstone::belief::{Knowledge, Lineup};
use touchstone::clock::WallClock;

const HOUR: i64 = 3_600_000_000;

/// One signal an hour, its target nearer or farther than its stop.
fn signal(nth: i64) -> Signal {
    let channel = ChannelId::parse("alpha").unwrap();
    let post = PostKey::new(nth.to_string());
    let price = |whole: i64| Price::parse(&whole.to_string()).unwrap();
    let received = Timestamp::from_micros(nth * HOUR);
    Signal {
        id: SignalId::of(&channel, &post, 0),
        channel,
        post,
        origin: Origin::Simulator,
        instrument: Instrument::parse("sim:spot:QBT/USDT").unwrap(),
        substituted: false,
        side: Side::Long,
        entry: Entry::Limit(price(1_000)),
        targets: vec![Target {
            price: price(1_030 + nth % 40),
            weight: None,
        }],
        stop: Some(price(950)),
        leverage: None,
        breakeven_after: None,
        posted: received,
        received,
        expires_at: Timestamp::from_micros((nth + 24) * HOUR),
        held_at_most: Duration::from_secs(86_400),
        price_at_receipt: Some(price(1_000)),
        ambiguous: false,
    }
}

/// Signals that are over, of which somewhat more than half reached their target.
fn rows() -> Vec<Row> {
    let row = |nth: i64| {
        let signal = signal(nth);
        let won = nth * 7_919 % 101 < 55;
        Row {
            id: signal.id,
            channel: signal.channel.clone(),
            instrument: signal.instrument.clone(),
            received: signal.received,
            ended: Timestamp::from_micros((nth + 1) * HOUR),
            features: vector(&Known::of(&signal)).unwrap(),
            fates: vec![if won { Fate::Target } else { Fate::Stop }],
            r: if won { 0.9 } else { -1.02 },
        }
    };
    (0..400).map(row).collect()
}

/// A folder with models of these names, trained on the simulator.
fn models(names: &[&str]) -> TempDir {
    let order = Order {
        networks: Vec::new(),
        trees: Vec::new(),
        ..Order::quick(1)
    };
    trained(names, &order)
}

/// The same, trained so.
fn trained(names: &[&str], order: &Order) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    let trained = train(&rows, order, |_, _| {}).unwrap();
    for name in names {
        let called = Name {
            name: (*name).to_owned(),
            version: 1,
            trained_on: TrainedOn::Simulator,
            source: "a test".to_owned(),
            seed: 1,
        };
        save(&folder.path().join(name), &called, &trained, &rows).unwrap();
    }
    folder
}

fn lineup(folder: &Path, origin: Origin, wanted: &str) -> Arc<Lineup> {
    Arc::new(Lineup::load(
        &[folder.to_owned()],
        origin,
        &[wanted.to_owned()],
    ))
}

fn believer(lineup: &Arc<Lineup>) -> Believer {
    let knowledge = Arc::new(Knowledge::new(BTreeMap::new()));
    Believer::new(knowledge, Arc::clone(lineup), Arc::default())
}

fn refused(lineup: &Lineup) -> HashMap<String, String> {
    let (models, _) = lineup.all();
    let refused = models.into_iter();
    refused
        .filter_map(|entrant| Some((entrant.id, entrant.model.err()?)))
        .collect()
}

#[test]
fn a_champion_gives_way_between_two_signals_and_none_is_lost() {
    let folder = models(&["one", "two"]);
    let lineup = lineup(folder.path(), Origin::Simulator, "one");
    let (mut believer, done) = (believer(&lineup), Arc::new(AtomicBool::new(false)));
    let asking = {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            let mut told = Vec::new();
            // A few more after the other one was let speak.
            let mut more = 20;
            while more > 0 {
                more -= i32::from(done.load(Ordering::SeqCst));
                let asked = Asked::of(Arc::new(signal(told.len() as i64)));
                told.extend(believer.score(&[asked]));
            }
            told
        })
    };
    thread::sleep(Duration::from_millis(50));
    assert!(lineup.promote("two"));
    done.store(true, Ordering::SeqCst);
    let told = asking.join().unwrap();

    let told: Vec<_> = told.into_iter().map(Option::unwrap).collect();
    let spoke: Vec<&str> = told.iter().map(|told| &*told.score.model).collect();
    let swapped = spoke.iter().position(|model| *model == "two/1").unwrap();
    assert!(spoke[..swapped].iter().all(|model| *model == "one/1"));
    assert!(spoke[swapped..].iter().all(|model| *model == "two/1"));
    for told in &told {
        let [shadow] = &told.shadows[..] else {
            panic!("the other one is tried beside it");
        };
        assert_ne!(shadow.model, told.score.model);
        assert_eq!(shadow.targets, told.score.targets, "they learned the same");
        let seen = told.seen.as_ref().unwrap();
        assert_eq!(seen.schema, schema().hash);
        assert_eq!(seen.values.len(), schema().signal.len());
    }
    assert!(!lineup.promote("three"), "there is none");
}

#[test]
fn where_another_step_speaks_for_a_model_its_network_in_burn_is_tried_by_itself_and_may_win() {
    let order = Order {
        trees: Vec::new(),
        ..Order::quick(1)
    };
    let folder = trained(&["one"], &order);
    let lineup = lineup(folder.path(), Origin::Simulator, "one");
    let (models, speaks) = lineup.all();
    let ids: Vec<&str> = models.iter().map(|entrant| &*entrant.id).collect();
    assert_eq!(
        (ids, speaks.as_deref()),
        (vec!["one", "one.burn"], Some("one"))
    );
    let by: Vec<&str> = models
        .iter()
        .map(|entrant| entrant.model.as_ref().unwrap().speaks_by())
        .collect();
    assert!(by[0] != "burn" && by[1] == "burn", "{by:?}");

    let asked = [Asked::of(Arc::new(signal(1)))];
    let mut believer = believer(&lineup);
    let told = believer.score(&asked).remove(0).unwrap();
    assert_eq!(
        (&*told.score.model, &*told.shadows[0].model),
        ("one/1", "one.burn/1")
    );
    let said = told.shadows[0].clone();
    assert!(lineup.promote("one.burn"));
    let told = believer.score(&asked).remove(0).unwrap();
    assert_eq!(told.score, said, "it says what it said while it was tried");
    assert_eq!(told.shadows[0].model, "one/1");

    // Who was promoted speaks after a restart, and goes on when the folders are looked at again.
    let again = Lineup::load(
        &[folder.path().to_owned()],
        Origin::Simulator,
        &["one.burn".to_owned(), "one".to_owned()],
    );
    assert_eq!(again.all().1.as_deref(), Some("one.burn"));
    assert!(again.promote("one"));
    again.reload();
    assert_eq!(again.all().1.as_deref(), Some("one"));
}

#[test]
fn what_is_damaged_foreign_twice_or_of_the_simulator_is_refused_by_name_and_the_rest_speaks() {
    let folder = models(&["one", "two"]);
    let at = |name: &str| folder.path().join(name);
    let speaks = |lineup: &Arc<Lineup>| believer(lineup).model();

    // Cut short: the other one is there, and geometry speaks where it was not asked for.
    let weights = at("two").join("steps.json");
    let whole = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    let cut = lineup(folder.path(), Origin::Simulator, "two");
    assert!(refused(&cut)["two"].contains("steps.json is cut short"));
    assert_eq!(speaks(&cut), "geometry/2");
    let asked = [Asked::of(Arc::new(signal(1)))];
    let told = believer(&cut).score(&asked).remove(0).unwrap();
    assert_eq!(told.score.model, "geometry/2");
    assert_eq!(told.shadows[0].model, "one/1", "it is tried all the same");

    // Somebody else's weights under this card.
    let other = std::fs::read(at("one").join("reference.json")).unwrap();
    std::fs::write(&weights, other).unwrap();
    let foreign = lineup(folder.path(), Origin::Simulator, "one");
    assert!(refused(&foreign)["two"].contains("belongs to another model"));
    assert_eq!(speaks(&foreign), "one/1");

    // Another folder with the same model.
    std::fs::remove_dir_all(at("two")).unwrap();
    std::fs::create_dir(at("two")).unwrap();
    for file in std::fs::read_dir(at("one")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), at("two").join(file.file_name())).unwrap();
    }
    let twice = lineup(folder.path(), Origin::Simulator, "one");
    assert!(refused(&twice)["two"].contains("`one` is one/1 as well"));

    // What learned from the simulator says nothing of real signals.
    let real = lineup(folder.path(), Origin::Live, "one");
    assert!(refused(&real)["one"].contains("trained on the simulator"));
    assert_eq!(speaks(&real), "geometry/2");
    assert!(!real.promote("one"));

    let nothing = lineup(&at("nowhere"), Origin::Simulator, "one");
    assert_eq!(speaks(&nothing), "geometry/2");
}

/// What each model said of two hundred signals, and who was promoted.
#[derive(Default)]
struct Record {
    said: HashMap<&'static str, f64>,
    promoted: std::sync::Mutex<Vec<Promotion>>,
}

#[async_trait]
impl Predictions for Record {
    async fn spoken(&self) -> Result<Vec<Spoken>, StoreError> {
        Ok(Vec::new())
    }

    async fn fulfilled(
        &self,
        model: &str,
        _: Origin,
        _: Timestamp,
        _: usize,
    ) -> Result<Vec<Fulfilled>, StoreError> {
        let Some(sure) = self.said.get(model) else {
            return Ok(Vec::new());
        };
        let told = (0..200).map(|nth| {
            let (signal, won) = (signal(nth * 5), nth % 3 == 0);
            Fulfilled {
                signal: signal.id,
                received: signal.received,
                entered: signal.received,
                ended: Timestamp::from_micros((nth * 5 + 1) * HOUR),
                due: signal.expires_at + signal.held_at_most,
                first: if won { *sure } else { 1.0 - sure },
                expected_r: None,
                won,
                r: None,
            }
        });
        Ok(told.collect())
    }

    async fn taught(
        &self,
        _: Origin,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn seen(&self, _: SignalId) -> Result<Option<Seen>, StoreError> {
        Ok(None)
    }

    async fn tried(&self, _: SignalId) -> Result<Vec<Score>, StoreError> {
        Ok(Vec::new())
    }

    async fn promotion(&self, _: Origin) -> Result<Option<Promotion>, StoreError> {
        Ok(self.promoted.lock().unwrap().last().cloned())
    }

    async fn promote(&self, _: Origin, promotion: &Promotion) -> Result<(), StoreError> {
        self.promoted.lock().unwrap().push(promotion.clone());
        Ok(())
    }
}

#[tokio::test]
async fn only_who_won_on_the_record_may_speak_and_it_is_written_down() {
    let folder = models(&["one", "two", "three"]);
    let lineup = lineup(folder.path(), Origin::Simulator, "one");
    let record = Arc::new(Record {
        said: HashMap::from([("one/1", 0.5), ("two/1", 0.6)]),
        ..Record::default()
    });
    let jury = Jury {
        lineup: Arc::clone(&lineup),
        predictions: Arc::clone(&record) as _,
        clock: Arc::new(WallClock),
    };
    let promoted = jury.promote("three").await;
    assert!(
        matches!(
            promoted,
            Err(Refused::Stays {
                why: Stays::TooFew { signals: 0 },
                ..
            })
        ),
        "{promoted:?}"
    );
    let promoted = jury.promote("two").await.unwrap();
    assert!(promoted.why.contains("on 200 signals"), "{}", promoted.why);
    assert_eq!(*record.promoted.lock().unwrap(), [promoted]);
    assert_eq!(lineup.all().1.as_deref(), Some("two"));

    let again = jury.promote("two").await;
    assert!(matches!(again, Err(Refused::Speaks(_))), "{again:?}");
    let back = jury.promote("one").await;
    assert!(
        matches!(
            back,
            Err(Refused::Stays {
                why: Stays::NotBetter { .. },
                ..
            })
        ),
        "{back:?}"
    );
    let nobody = jury.promote("four").await;
    assert!(matches!(nobody, Err(Refused::Unknown(_))), "{nobody:?}");
    assert_eq!(record.promoted.lock().unwrap().len(), 1);
}
