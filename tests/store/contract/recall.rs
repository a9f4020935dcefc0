//! What is remembered of channels is what their records say, whatever happened in between.

use domain::event::Body;
use domain::ids::ChannelId;
use domain::lifecycle::{Ending, State, What};
use domain::ports::store::{PostEntry, SignalQuery, SignalRecord, Store};
use domain::signal::Signal;
use touchstone::figures::Figures;
use touchstone::figures::recall::Recall;

use super::market::{ended, judged, step};
use crate::make::*;

/// A channel's signals, read anew.
async fn anew(store: &dyn Store, channel: &ChannelId) -> Vec<SignalRecord> {
    let query = SignalQuery {
        channels: vec![channel.clone()],
        limit: 1_000,
        ..SignalQuery::default()
    };
    store.signals(&query).await.unwrap()
}

async fn equal(store: &dyn Store, recall: &Recall, channel: &ChannelId) {
    let records = anew(store, channel).await;
    let known = recall.signals(store, channel, |_| true).await.unwrap();
    assert_eq!(known, records);
    assert_eq!(Figures::of(&known), Figures::of(&records));
}

fn revision(signal: &Signal, entry: PostEntry) -> PostEntry {
    let body = Body::Revision {
        action: entry.post.action,
        post: entry.post.key.clone(),
    };
    PostEntry {
        happenings: vec![happening(signal, body)],
        ..entry
    }
}

pub(crate) async fn what_is_remembered_of_channels_is_what_reading_them_anew_gives(
    store: &dyn Store,
) {
    let recall = Recall::default();
    let [alpha, beta] = [
        registered(store, "alpha").await,
        registered(store, "beta").await,
    ];
    equal(store, &recall, &alpha).await;
    let mut signals = Vec::new();
    for nth in 0..12_u32 {
        let channel = if nth % 3 == 0 { &beta } else { &alpha };
        let key = nth.to_string();
        let signal = posted(store, channel, &key, "BTC/USDT").await;
        if nth % 2 == 0 {
            equal(store, &recall, &alpha).await;
        }
        if nth % 4 == 1 {
            let entry = talk(edited(channel, &key, "less", 3));
            put(store, revision(&signal, entry)).await;
        }
        signals.push((channel.clone(), key, signal));
    }
    equal(store, &recall, &beta).await;
    for (nth, (channel, key, signal)) in signals.iter().enumerate() {
        let ending = if nth % 2 == 0 {
            Ending::AllTargets
        } else {
            Ending::StoppedOut
        };
        match nth % 3 {
            0 => {
                let told = progress(signal, State::Active, What::Retargeted);
                step(store, signal, 1, vec![told]).await;
            }
            1 => ended(store, signal, 1).await,
            _ => {
                judged(store, signal, ending).await;
            }
        }
        if nth % 5 == 0 {
            put(store, revision(signal, talk(deleted(channel, key, 60)))).await;
        }
        equal(store, &recall, channel).await;
    }
    equal(store, &recall, &alpha).await;
    let of_beta = recall.signals(store, &beta, |record| record.deleted).await;
    assert!(of_beta.unwrap().iter().all(|record| record.deleted));
}

pub(crate) async fn what_would_take_too_much_memory_is_read_again(store: &dyn Store) {
    let recall = Recall::up_to(3);
    let mut channels = Vec::new();
    for name in ["alpha", "beta", "gamma"] {
        let channel = registered(store, name).await;
        for key in ["1", "2"] {
            posted(store, &channel, key, "BTC/USDT").await;
        }
        channels.push(channel);
    }
    for _ in 0..2 {
        for channel in &channels {
            equal(store, &recall, channel).await;
        }
    }
    posted(store, &channels[0], "3", "BTC/USDT").await;
    posted(store, &channels[0], "4", "BTC/USDT").await;
    equal(store, &recall, &channels[0]).await;
}
