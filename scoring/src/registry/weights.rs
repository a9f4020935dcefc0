//! The weights: every step of a ladder in files, and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Why;
use crate::steps::columns::Columns;
use crate::steps::fitted::{Fitted, PutRight};
use crate::steps::line::Line;
use crate::steps::logistic::Logistic;
use crate::steps::network::{Network, Plan};
use crate::steps::trees::Trees;
use crate::steps::{LADDER, Step};

/// Everything but the trees and the network.
pub(super) const STEPS: &str = "steps.json";

/// The trees, as their library writes them.
pub(super) const TREES: &str = "trees.json";

/// The network, in burn's own format.
pub(super) const NETWORK: &str = "network.bpk";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    put_right: BTreeMap<String, PutRight>,
    geometry_calibrated: Option<Line>,
    logistic: Option<Logistic>,
    /// Which features the trees hear.
    trees: Option<Columns>,
    network: Option<Plan>,
}

/// The files of a ladder.
pub(super) fn write(ladder: &[Fitted]) -> Result<BTreeMap<&'static str, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    let mut steps = Steps {
        put_right: BTreeMap::new(),
        geometry_calibrated: None,
        logistic: None,
        trees: None,
        network: None,
    };
    for fitted in ladder {
        let name = fitted.step.name().to_owned();
        steps.put_right.insert(name, fitted.put_right);
        match &fitted.step {
            Step::Coin | Step::ChannelBaseRate | Step::Geometry => {}
            Step::GeometryCalibrated(line) => steps.geometry_calibrated = Some(*line),
            Step::Logistic(logistic) => steps.logistic = Some(logistic.as_ref().clone()),
            Step::Trees(trees) => {
                let text = trees.to_json().map_err(|error| error.to_string())?;
                files.insert(TREES, text.into_bytes());
                steps.trees = Some(trees.columns().clone());
            }
            Step::Network(network) => {
                steps.network = Some(network.plan());
                files.insert(
                    NETWORK,
                    network.to_bytes().map_err(|error| error.to_string())?,
                );
            }
        }
    }
    let text = serde_json::to_vec_pretty(&steps).map_err(|error| error.to_string())?;
    files.insert(STEPS, text);
    Ok(files)
}

/// The ladder of these files, each file taken out.
pub(super) fn read(files: &mut BTreeMap<String, Vec<u8>>) -> Result<Vec<Fitted>, Why> {
    let missing = |file| Why::Unfit {
        file,
        why: "the card does not name it".to_owned(),
    };
    let unfit = |file, why: String| Why::Unfit { file, why };
    let text = files.remove(STEPS).ok_or_else(|| missing(STEPS))?;
    let steps: Steps =
        serde_json::from_slice(&text).map_err(|error| unfit(STEPS, error.to_string()))?;
    let mut ladder = Vec::new();
    for name in LADDER {
        let Some(put_right) = steps.put_right.get(name) else {
            continue;
        };
        let absent = || unfit(STEPS, format!("the step `{name}` is not in it"));
        let others = || unfit(STEPS, format!("the step `{name}` reads other features"));
        let step = match name {
            "coin" => Step::Coin,
            "channel_base_rate" => Step::ChannelBaseRate,
            "geometry" => Step::Geometry,
            "geometry_calibrated" => {
                Step::GeometryCalibrated(steps.geometry_calibrated.ok_or_else(absent)?)
            }
            "logistic" => {
                let logistic = steps.logistic.clone().ok_or_else(absent)?;
                if !logistic.fits() {
                    return Err(others());
                }
                Step::Logistic(Box::new(logistic))
            }
            "gbdt" => {
                let columns = steps.trees.clone().ok_or_else(absent)?;
                if !columns.fits() {
                    return Err(others());
                }
                let bytes = files.remove(TREES).ok_or_else(|| missing(TREES))?;
                let read = |text: String| {
                    Trees::from_json(&text, columns).map_err(|error| error.to_string())
                };
                let trees = String::from_utf8(bytes)
                    .map_err(|error| error.to_string())
                    .and_then(read);
                Step::Trees(Box::new(trees.map_err(|why| unfit(TREES, why))?))
            }
            _ => {
                let plan = steps.network.clone().ok_or_else(absent)?;
                if !plan.columns.fits() {
                    return Err(others());
                }
                let bytes = files.remove(NETWORK).ok_or_else(|| missing(NETWORK))?;
                let network = Network::from_bytes(plan, bytes);
                let network = network.map_err(|error| unfit(NETWORK, error.to_string()))?;
                Step::Network(Box::new(network))
            }
        };
        ladder.push(Fitted {
            step,
            put_right: *put_right,
        });
    }
    Ok(ladder)
}
