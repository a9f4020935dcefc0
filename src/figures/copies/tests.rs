//! Three channels and one idea: the case of the guide.

use domain::ids::ChannelId;

use super::*;
use crate::figures::testkit::{at, open};

fn said(of: &SignalRecord, channel: &str, second: i64) -> Twin {
    let channel = ChannelId::parse(channel).unwrap();
    Twin {
        of: of.signal.id,
        other: SignalId::of(&channel, &of.signal.post, 0),
        channel,
        received: at(second),
    }
}

#[test]
fn the_earliest_within_a_day_says_it_first() {
    let (mine, alone) = (open("1", 1_000, "95"), open("2", 2_000, "90"));
    let another = open("3", 500_000, "95");
    let days = 86_400;
    let twins = [
        said(&mine, "early", 760),
        said(&mine, "earliest", 400),
        said(&mine, "late", 2_800),
        said(&another, "late", 500_060),
        said(&another, "late", 500_020),
        // A year ago it was another idea.
        said(&alone, "earliest", 2_000 - 365 * days),
    ];
    let copies = Copies::of(&[mine, alone, another], &twins);
    assert_eq!((copies.compared, copies.first, copies.copied), (3, 2, 1));
    assert_eq!(copies.originality, Some(0.666_667));
    assert_eq!(copies.median_lag_s, Some(600.0));
    assert_eq!((copies.repeated, copies.median_lead_s), (1, Some(20.0)));
    let with: Vec<_> = copies
        .with
        .iter()
        .map(|one| {
            (
                one.channel.as_str(),
                one.earlier,
                one.later,
                one.median_lag_s,
            )
        })
        .collect();
    assert_eq!(
        with,
        [
            ("late", 0, 3, -60.0),
            ("earliest", 1, 0, 600.0),
            ("early", 1, 0, 240.0),
        ]
    );
}
