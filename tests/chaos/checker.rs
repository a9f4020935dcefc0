//! The checker: what one client was told, held against what is stored.
//!
//! It is told nothing by the server's own words: a chain of `prev` that closes over a missing event is a
//! loss all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::stored::Stored;

/// One thing that a client heard, in the order in which it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A subscription began: after which position, and what became of it.
    Began {
        after: u64,
        resumed: String,
        epoch: String,
    },
    /// An event, and the place of the frame before it, as the server says.
    Event { prev: u64, seq: u64, digest: u128 },
    /// Something was left out, and the server says so.
    Gap { from: u64, to: u64, why: String },
    /// Everything up to there has been told, the server says.
    Position(u64),
}

/// What a client asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Of these channels alone; of all where there is none.
    pub(crate) channels: Vec<String>,
    /// About these symbols alone; about all where there is none.
    pub(crate) symbols: Vec<String>,
}

/// What should not have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is stored and wanted, and was neither told nor declared to be left out.
    Lost(u64),
    /// It was told twice.
    Double(u64),
    /// It was told after a later one.
    Swapped { seq: u64, after: u64 },
    /// It was told otherwise than it is stored.
    Changed(u64),
    /// It is not stored, or was not asked for.
    Invented(u64),
    /// The chain of `prev` does not close.
    Broken { seq: u64, prev: u64, last: u64 },
    /// The client's position was not believed.
    Reset { at: u64 },
    /// A position that was told lies before what had been told.
    Back { to: u64, from: u64 },
    /// It does not begin after what came before it.
    Gap { from: u64, last: u64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What was checked of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) faults: Vec<Fault>,
    /// How many events it was told.
    pub(crate) events: usize,
    /// How many of its subscriptions went on where another ended.
    pub(crate) resumes: usize,
    /// How many events were declared to be left out, by the reason.
    pub(crate) left_out: BTreeMap<String, usize>,
}

/// Holds what a client heard against what is stored.
pub(crate) fn check(wants: &Wants, heard: &[Heard], stored: &Stored) -> Verdict {
    let mut check = Check {
        wants,
        stored,
        began: None,
        last: 0,
        reached: 0,
        told: BTreeSet::new(),
        declared: BTreeSet::new(),
        verdict: Verdict::default(),
    };
    for heard in heard {
        check.hear(heard);
    }
    check.end()
}

struct Check<'a> {
    wants: &'a Wants,
    stored: &'a Stored,
    /// Where the first subscription began.
    began: Option<u64>,
    /// The place of the last frame.
    last: u64,
    /// Everything up to here should have been told.
    reached: u64,
    told: BTreeSet<u64>,
    declared: BTreeSet<u64>,
    verdict: Verdict,
}

impl Check<'_> {
    fn hear(&mut self, heard: &Heard) {
        match heard {
            Heard::Began {
                after,
                resumed,
                epoch,
            } => {
                if self.began.is_none() {
                    self.began = Some(*after);
                } else if resumed != "replay" || *epoch != self.stored.epoch {
                    self.fault(Fault::Reset { at: self.reached });
                } else {
                    self.verdict.resumes += 1;
                }
                self.last = *after;
                self.reached = self.reached.max(*after);
            }
            Heard::Event { prev, seq, digest } => self.event(*prev, *seq, *digest),
            Heard::Gap { from, to, why } => {
                if *from != self.last + 1 {
                    self.fault(Fault::Gap {
                        from: *from,
                        last: self.last,
                    });
                }
                let left: Vec<u64> = self.wanted(*from, *to).collect();
                *self.verdict.left_out.entry(why.clone()).or_default() += left.len();
                self.declared.extend(left);
                self.last = *to;
                self.reached = self.reached.max(*to);
            }
            Heard::Position(position) => {
                // Whoever went on from there would hear things twice.
                if *position < self.reached {
                    self.fault(Fault::Back {
                        to: *position,
                        from: self.reached,
                    });
                }
                self.reached = self.reached.max(*position);
            }
        }
    }

    fn event(&mut self, prev: u64, seq: u64, digest: u128) {
        self.verdict.events += 1;
        let last = self.last;
        if prev != last {
            self.fault(Fault::Broken { seq, prev, last });
        }
        if !self.told.insert(seq) {
            self.fault(Fault::Double(seq));
        } else if seq <= last {
            self.fault(Fault::Swapped { seq, after: last });
        }
        match self.stored.events.get(&seq) {
            Some(event) if !event.concerns(self.wants) => self.fault(Fault::Invented(seq)),
            Some(event) if event.digest != digest => self.fault(Fault::Changed(seq)),
            Some(_) => {}
            None => self.fault(Fault::Invented(seq)),
        }
        self.last = seq;
        if self.stored.events.contains_key(&seq) {
            self.reached = self.reached.max(seq);
        }
    }

    /// What is stored and wanted between two places, both included.
    fn wanted(&self, from: u64, to: u64) -> impl Iterator<Item = u64> + use<'_> {
        let wants = self.wants;
        let between = (from <= to).then(|| self.stored.events.range(from..=to));
        let wanted = between.into_iter().flatten();
        wanted
            .filter(move |(_, event)| event.concerns(wants))
            .map(|(seq, _)| *seq)
    }

    fn fault(&mut self, fault: Fault) {
        self.verdict.faults.push(fault);
    }

    fn end(mut self) -> Verdict {
        let began = self.began.expect("it never subscribed");
        let lost: Vec<u64> = self
            .wanted(began + 1, self.reached)
            .filter(|seq| !self.told.contains(seq) && !self.declared.contains(seq))
            .collect();
        self.verdict
            .faults
            .extend(lost.into_iter().map(Fault::Lost));
        self.verdict
    }
}
