//! Boards: what was published of each channel follows from what was stored until then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::chain::{self, Day, Published};
use domain::ids::{ChannelId, Seq};
use domain::ports::store::StoreError;
use serde_json::Value as Json;

use super::{Part, Verified};
use crate::figures::RULES;
use crate::store::chain::figures::{self, History};
use crate::store::chain::seals;
use crate::store::database::Database;
use crate::wire::chain::written;

pub(super) async fn verify<D: Database>(
    database: &D,
    part: &Part,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let sound = verified.holds();
    let mut days: BTreeMap<ChannelId, Vec<(Day, Seq)>> = BTreeMap::new();
    let mut torn = BTreeSet::new();
    for record in &part.seals {
        let sealed = &record.seal.sealed;
        let key = written(sealed.day);
        let rows = {
            let mut session = database.read().await?;
            seals::published(&mut session, sealed.day).await
        };
        let rows = match rows {
            Ok(rows) => rows,
            Err(StoreError::Unknown(why)) => {
                verified.find("published", key, why);
                continue;
            }
            Err(error) => return Err(error),
        };
        if chain::figures(&rows) != sealed.figures && !verified.is_broken("seals", &key) {
            torn.insert(sealed.day);
        }
        let channels = figures::channels(database, sealed.through).await?;
        let channels = channels
            .into_iter()
            .chain(rows.into_iter().map(|row| row.channel));
        for channel in channels.collect::<BTreeSet<_>>() {
            days.entry(channel)
                .or_default()
                .push((sealed.day, sealed.through));
        }
    }
    if sound {
        for (channel, days) in days {
            again(database, channel, &days, &mut torn, verified).await?;
        }
    } else {
        verified.note("figures were not computed again: the records they are made of do not hold");
    }
    for day in torn {
        let why = "the hash of what was published is not the one that was sealed";
        verified.find("published", written(day), why);
    }
    Ok(())
}

/// Computes the figures of a channel again, for each of these days.
async fn again<D: Database>(
    database: &D,
    channel: ChannelId,
    days: &[(Day, Seq)],
    torn: &mut BTreeSet<Day>,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let history = Arc::new(History::read(database, channel.clone()).await?);
    let mut unsure = 0;
    for (day, through) in days {
        let (computed, certain) = history.published(*through).await?;
        let mut stored: Vec<Published> = {
            let mut session = database.read().await?;
            seals::published(&mut session, *day).await?
        };
        stored.retain(|row| row.channel == channel);
        if !certain {
            unsure += 1;
            continue;
        }
        for row in &stored {
            let key = key(*day, row);
            if row.rules != RULES {
                verified.note(format!(
                    "published {key}: computed by {}, and this program computes by {RULES}",
                    row.rules
                ));
                continue;
            }
            verified.figures += 1;
            let same = computed
                .iter()
                .find(|other| other.origin == row.origin && other.model == row.model);
            let why = match same {
                Some(computed) => differ(&computed.body, &row.body),
                None => Some("there was no signal to say anything of".to_owned()),
            };
            if let Some(why) = why {
                torn.remove(day);
                verified.find("published", key, why);
            }
        }
        for missing in &computed {
            let there =
                |row: &Published| row.origin == missing.origin && row.model == missing.model;
            if !stored.iter().any(there) {
                torn.remove(day);
                verified.find("published", key(*day, missing), "it is gone");
            }
        }
    }
    if unsure > 0 {
        verified.note(format!(
            "the figures of {channel} of {unsure} days were not computed again: the events that tell when \
             its posts were edited are no longer kept"
        ));
    }
    Ok(())
}

fn key(day: Day, row: &Published) -> String {
    format!(
        "{}/{}/{}/{}",
        written(day),
        row.channel,
        row.origin,
        row.model
    )
}

/// Where the stored figures differ from what the records give. A figure that a later program computes
/// beside them is no difference.
fn differ(computed: &str, stored: &str) -> Option<String> {
    if computed == stored {
        return None;
    }
    let read = |text: &str| serde_json::from_str::<Json>(text).ok();
    let (Some(Json::Object(computed)), Some(Json::Object(stored))) = (read(computed), read(stored))
    else {
        return Some("it cannot be read".to_owned());
    };
    let nothing = Json::Null;
    let differ: Vec<String> = stored
        .iter()
        .filter_map(|(name, found)| {
            let expected = computed.get(name).unwrap_or(&nothing);
            (expected != found).then(|| format!("{name}: expected {expected}, found {found}"))
        })
        .collect();
    (!differ.is_empty()).then(|| differ.join("; "))
}
