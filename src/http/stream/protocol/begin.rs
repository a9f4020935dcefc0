//! Where a subscription begins.

use domain::ids::Seq;
use domain::ports::store::Span;

use super::From;

/// Where a subscription begins, and what its client is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Begin {
    /// The client has everything up to here, as far as it can.
    pub(in super::super) after: Seq,
    /// `live`, `replay`, or `reset` when its position belongs to another history.
    pub(in super::super) resumed: &'static str,
    /// Everything up to here is no longer kept, and the client had not everything of it.
    pub(in super::super) lost: Option<Seq>,
}

/// Decides where a subscription begins, given the stream as it is kept.
pub(in super::super) fn begin(from: &From, span: &Span) -> Begin {
    let live = Begin {
        after: span.head,
        resumed: "live",
        lost: None,
    };
    let From::After(from) = from else {
        return live;
    };
    let after = Seq::new(from.seq);
    let other = from
        .epoch
        .as_deref()
        .is_some_and(|epoch| epoch != span.epoch.as_str());
    if other || after > span.head {
        return Begin {
            resumed: "reset",
            ..live
        };
    }
    let kept_after = Seq::new(span.first.get().saturating_sub(1));
    Begin {
        after,
        resumed: "replay",
        lost: (after < kept_after).then_some(kept_after),
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::Epoch;

    use super::super::wish::{After, Live};
    use super::*;

    fn span(first: u64, head: u64) -> Span {
        Span {
            epoch: Epoch::new("k3"),
            first: Seq::new(first),
            head: Seq::new(head),
        }
    }

    fn from(epoch: &str, seq: u64) -> From {
        From::After(After {
            epoch: Some(epoch.to_owned()),
            seq,
        })
    }

    #[test]
    fn a_client_resumes_where_it_stood() {
        let begin = begin(&from("k3", 5), &span(1, 9));
        assert_eq!((begin.after, begin.resumed), (Seq::new(5), "replay"));
        assert_eq!(begin.lost, None);
    }

    #[test]
    fn a_client_that_names_no_place_begins_at_the_head() {
        let begin = begin(&From::Live(Live::Live), &span(1, 9));
        assert_eq!((begin.after, begin.resumed), (Seq::new(9), "live"));
    }

    #[test]
    fn what_is_no_longer_kept_is_lost() {
        assert_eq!(begin(&from("k3", 5), &span(8, 9)).lost, Some(Seq::new(7)));
        assert_eq!(begin(&from("k3", 7), &span(8, 9)).lost, None);
        assert_eq!(begin(&from("k3", 0), &span(1, 0)).lost, None);
    }

    #[test]
    fn another_history_or_a_future_position_is_a_reset() {
        for from in [from("k2", 5), from("k3", 10)] {
            let begin = begin(&from, &span(1, 9));
            assert_eq!((begin.after, begin.resumed), (Seq::new(9), "reset"));
        }
    }
}
