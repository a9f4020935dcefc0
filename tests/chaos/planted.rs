//! The checker is held to what it promises: in what a client really heard a loss, a double, a swap and
//! other faults are planted, each is named, and nothing else is.

use crate::checker::{Fault, Heard, Verdict, Wants, check};
use crate::client::Log;
use crate::scene::Scene;
use crate::stored::Stored;

/// What one client heard, over several connections.
struct Case {
    wants: Wants,
    heard: Vec<Heard>,
    stored: Stored,
}

impl Case {
    fn verdict(&self, heard: &[Heard]) -> Verdict {
        check(&self.wants, heard, &self.stored)
    }

    /// Changes what was heard, lets the server lie about it with a chain that closes, and gives the
    /// faults that are found all the same.
    fn planted(&self, plant: impl FnOnce(&mut Vec<Heard>)) -> Vec<Fault> {
        let mut heard = self.heard.clone();
        plant(&mut heard);
        close(&mut heard);
        self.verdict(&heard).faults
    }

    /// Where the events stand among all that was heard.
    fn events(&self) -> Vec<usize> {
        let heard = self.heard.iter().enumerate();
        let events = heard.filter(|(_, heard)| matches!(heard, Heard::Event { .. }));
        events.map(|(at, _)| at).collect()
    }

    fn seq(&self, at: usize) -> u64 {
        match self.heard[at] {
            Heard::Event { seq, .. } => seq,
            Heard::Began { .. } | Heard::Gap { .. } | Heard::Position(_) => unreachable!(),
        }
    }
}

/// Gives each event the `prev` that fits.
fn close(heard: &mut [Heard]) {
    let mut last = 0;
    for heard in heard {
        match heard {
            Heard::Began { after, .. } => last = *after,
            Heard::Event { prev, seq, .. } => {
                *prev = last;
                last = *seq;
            }
            Heard::Gap { to, .. } => last = *to,
            Heard::Position(_) => {}
        }
    }
}

/// A client of everything and one of a few symbols, over a kill.
async fn cases() -> Vec<Case> {
    let mut scene = Scene::new(|site| site);
    let node = scene.site.start().await;
    scene.listen(4);
    scene.goes_on(30).await;
    node.kill();
    let node = scene.site.start().await;
    scene.goes_on(30).await;
    let ended = scene.end(node, "what faults are planted in").await;
    let case = |(wants, log): (Wants, Log)| Case {
        wants,
        heard: log.heard,
        stored: ended.stored.clone(),
    };
    ended.wants.into_iter().zip(ended.logs).map(case).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_loss_a_double_and_a_swap_are_found_each() {
    for case in cases().await {
        let events = case.events();
        assert!(events.len() >= 8, "too little was heard: {}", events.len());
        let untouched = case.verdict(&case.heard);
        assert_eq!(untouched.faults, []);
        assert_eq!(untouched.resumes, 1);
        for at in [0, events.len() / 2, events.len() - 2] {
            let (here, next) = (events[at], events[at + 1]);
            let (seq, later) = (case.seq(here), case.seq(next));
            let lost = case.planted(|heard| drop(heard.remove(here)));
            assert_eq!(lost, [Fault::Lost(seq)]);
            let doubled = case.planted(|heard| heard.insert(next, heard[here].clone()));
            assert_eq!(doubled, [Fault::Double(seq)]);
            // A position or a resume may stand between the two, and stays where it is.
            let swapped = case.planted(|heard| {
                let event = heard.remove(here);
                heard.insert(next, event);
            });
            assert_eq!(swapped, [Fault::Swapped { seq, after: later }]);
            let changed = case.planted(|heard| {
                if let Heard::Event { digest, .. } = &mut heard[here] {
                    *digest ^= 1;
                }
            });
            assert_eq!(changed, [Fault::Changed(seq)]);
            // A gap that is declared is no loss, and is counted.
            let declared = case.planted(|heard| {
                heard[here] = Heard::Gap {
                    from: before(heard, here) + 1,
                    to: seq,
                    why: "slow".to_owned(),
                };
            });
            assert_eq!(declared, []);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_chain_a_foreign_event_and_a_forgotten_position_are_found() {
    let case = cases().await.remove(0);
    let events = case.events();
    let (here, seq) = (events[events.len() / 2], case.seq(events[events.len() / 2]));
    let last = before(&case.heard, here);
    let mut heard = case.heard.clone();
    if let Heard::Event { prev, .. } = &mut heard[here] {
        *prev -= 1;
    }
    let broken = Fault::Broken {
        seq,
        prev: last - 1,
        last,
    };
    assert_eq!(case.verdict(&heard).faults, [broken]);
    let foreign = case.planted(|heard| {
        let end = u64::MAX / 2;
        let event = Heard::Event {
            prev: 0,
            seq: end,
            digest: 0,
        };
        heard.push(event);
    });
    assert_eq!(foreign, [Fault::Invented(u64::MAX / 2)]);
    let reset = case.planted(|heard| {
        for heard in heard.iter_mut() {
            if let Heard::Began { resumed, .. } = heard
                && resumed == "replay"
            {
                *resumed = "reset".to_owned();
            }
        }
    });
    assert!(matches!(reset[..], [Fault::Reset { .. }]), "{reset:?}");
    let back = case.planted(|heard| heard.insert(here + 1, Heard::Position(0)));
    assert_eq!(back, [Fault::Back { to: 0, from: seq }]);
    // Of whoever asked for some symbols, one about another is an event that he did not want.
    let wants = Wants {
        symbols: vec!["NOBODY/USDT".to_owned()],
        ..Wants::default()
    };
    let unwanted = check(&wants, &case.heard, &case.stored).faults;
    assert_eq!(unwanted.len(), events.len(), "{unwanted:?}");
    assert!(
        unwanted
            .iter()
            .all(|fault| matches!(fault, Fault::Invented(_)))
    );
}

/// The place of the frame before one.
fn before(heard: &[Heard], at: usize) -> u64 {
    let mut last = 0;
    for heard in &heard[..at] {
        match heard {
            Heard::Began { after, .. } => last = *after,
            Heard::Event { seq, .. } => last = *seq,
            Heard::Gap { to, .. } => last = *to,
            Heard::Position(_) => {}
        }
    }
    last
}
