//! What is known at this moment: of every followed market its recent candles, of every channel what
//! became of its signals.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::event::{Body, Event};
use domain::ids::SignalId;
use domain::lifecycle::What;
use domain::market::{Candle, Instrument, Venue};
use domain::ports::store::SignalRecord;
use domain::ports::{Asked, Witness};
use domain::post::Action;
use domain::signal::Signal;
use domain::time::Timestamp;
use scoring::bars::Bar;
use scoring::features::{Features, Known, SEEN_AFTER, confidence, vector};
use scoring::markets::Markets;
use scoring::so_far::{Ended, Revised, SoFar};

/// What is known at this moment.
pub struct Knowledge {
    /// How finely each venue tells what judges.
    resolutions: BTreeMap<Venue, Duration>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    markets: Markets,
    so_far: SoFar,
    /// Those that are not judged yet, to know whose end is told.
    open: HashMap<SignalId, Arc<Signal>>,
}

impl Knowledge {
    /// Nothing yet, on venues that tell trades (nothing) or candles of some length.
    #[must_use]
    pub fn new(resolutions: BTreeMap<Venue, Duration>) -> Self {
        Self {
            resolutions,
            inside: Mutex::default(),
        }
    }

    /// Learns what was stored before this start, in any order.
    pub fn remember(&self, records: &[SignalRecord]) {
        let mut records: Vec<&SignalRecord> = records.iter().collect();
        records.sort_by_key(|record| record.seq);
        let mut inside = self.inside();
        for record in records {
            inside.so_far.heard(&record.signal);
            let channel = &record.signal.channel;
            match &record.outcome {
                Some(outcome) => inside.so_far.ended(Ended::of(&record.signal, outcome)),
                None => {
                    let signal = Arc::clone(&record.signal);
                    inside.open.insert(signal.id, signal);
                }
            }
            let signal = record.signal.id;
            if record.edited {
                inside.so_far.revised(signal, channel, Revised::Edited);
            }
            if record.deleted {
                inside.so_far.revised(signal, channel, Revised::Deleted);
            }
        }
    }

    /// Learns finished candles of a market, those of each length in the order of their time.
    pub fn learn(&self, on: &Instrument, candles: &[Candle]) {
        let mut inside = self.inside();
        for candle in candles {
            inside.markets.push(on, &Bar::of(candle));
        }
    }

    /// Up to when a market's candles are known; none of a market that is not watched.
    #[must_use]
    pub fn known_until(&self, on: &Instrument) -> Option<Timestamp> {
        self.inside().markets.series(on)?.last_end()
    }

    /// What models see of a signal; none where its levels say nothing.
    #[must_use]
    pub fn features(&self, asked: &Asked) -> Option<Features> {
        let (signal, inside) = (&*asked.signal, self.inside());
        let seen = signal.received - SEEN_AFTER;
        vector(&Known {
            coin: inside.markets.series(&signal.instrument),
            bitcoin: inside.markets.bitcoin(seen),
            resolution: self.resolutions.get(&signal.instrument.venue).copied(),
            channel: Some(inside.so_far.channel(&signal.channel, signal.received)),
            crowd: Some(inside.so_far.crowd(signal)),
            breadth: inside.markets.breadth(seen),
            text: asked.post.as_ref().map(|post| post.text.as_str()),
            confidence: asked.draft.as_deref().and_then(confidence),
            ..Known::of(signal)
        })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Knowledge {
    fn heard(&self, events: &[Arc<Event>]) {
        let mut inside = self.inside();
        for event in events {
            inside.hear(event);
        }
    }
}

impl Inside {
    fn hear(&mut self, event: &Event) {
        let Some(happening) = event.happening() else {
            return;
        };
        match &happening.body {
            Body::Signal { signal, .. } => {
                self.so_far.heard(signal);
                self.open.insert(signal.id, Arc::clone(signal));
            }
            Body::Progress(change) => {
                if let What::Judged(outcome) = &change.what
                    && let Some(signal) = self.open.remove(&happening.signal)
                {
                    self.so_far.ended(Ended::of(&signal, outcome));
                }
            }
            Body::Revision { action, .. } => {
                let how = match action {
                    Action::Edited => Revised::Edited,
                    Action::Deleted => Revised::Deleted,
                    Action::Original | Action::Forwarded => return,
                };
                self.so_far
                    .revised(happening.signal, &happening.channel, how);
            }
            Body::Instruction { .. } => {}
        }
    }
}
