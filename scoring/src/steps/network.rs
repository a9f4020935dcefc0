//! The network: several tasks over columns and a window of bars, in burn.
//!
//! It begins where geometry stands: the log-odds of the levels go round the network to its head, and
//! what the network adds is nought before the first lesson. So it has to learn only what the levels
//! do not say. Its tasks are the competing risks of a target (reached, stopped, neither) and,
//! beside them, what the signal earns. Several are trained from different seeds and asked together.

use std::fmt;
use std::sync::Arc;

use burn::module::Module as _;
use burn::store::ModuleRecord;
use burn::tensor::activation::softmax;
use burn::tensor::{Bytes, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::columns::{Columns, raw_width};
use super::{Asked, Chance};
use crate::features::{COARSE, FINE, TRACKS, logit};

mod layers;
mod lesson;

pub use layers::{Eye, Net, Shape};
pub use lesson::{Pace, fit};

/// Networks that are asked together.
#[derive(Clone)]
pub struct Network {
    /// What they are built like.
    pub shape: Shape,
    columns: Columns,
    nets: Arc<Vec<Net>>,
}

/// What stands beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the networks are built like.
    pub shape: Shape,
    /// How their columns are made.
    pub columns: Columns,
    /// How many there are.
    pub nets: usize,
}

/// Why weights are not read.
#[derive(Debug, thiserror::Error)]
#[error("the network's weights: {0}")]
pub struct BadWeights(pub String);

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({} of {:?})", self.nets.len(), self.shape)
    }
}

/// What a network is shown.
pub(super) struct Shown {
    columns: Vec<f32>,
    fine: Vec<f32>,
    coarse: Vec<f32>,
    levels: Vec<f32>,
    rows: usize,
}

impl Shown {
    pub(super) fn with_room(rows: usize, width: usize) -> Self {
        Self {
            columns: Vec::with_capacity(rows * width),
            fine: Vec::with_capacity(rows * TRACKS * FINE),
            coarse: Vec::with_capacity(rows * TRACKS * COARSE),
            levels: Vec::with_capacity(rows),
            rows: 0,
        }
    }

    pub(super) fn show(&mut self, asked: &Asked<'_>, columns: &Columns, eye: Eye) {
        columns.tell(asked, &mut self.columns);
        if eye != Eye::Shut {
            self.fine.extend_from_slice(&asked.features.window.fine);
            self.coarse.extend_from_slice(&asked.features.window.coarse);
        }
        #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
        self.levels
            .push(logit(asked.features.odds.targets[asked.nth]) as f32);
        self.rows += 1;
    }

    /// As tensors: columns, fine and coarse window, and the log-odds of the levels.
    pub(super) fn tensors(self, device: &Device) -> Tensors {
        let rows = self.rows;
        let width = self.columns.len() / rows.max(1);
        let window = |bars: Vec<f32>, room: usize| {
            (!bars.is_empty())
                .then(|| Tensor::from_data(TensorData::new(bars, [rows, TRACKS, room]), device))
        };
        Tensors {
            columns: Tensor::from_data(TensorData::new(self.columns, [rows, width]), device),
            fine: window(self.fine, FINE),
            coarse: window(self.coarse, COARSE),
            levels: Tensor::from_data(TensorData::new(self.levels, [rows, 1]), device),
        }
    }
}

/// The same as tensors.
#[derive(Clone)]
pub(super) struct Tensors {
    pub(super) columns: Tensor<2>,
    pub(super) fine: Option<Tensor<3>>,
    pub(super) coarse: Option<Tensor<3>>,
    pub(super) levels: Tensor<2>,
}

impl Network {
    /// How likely each of these is.
    #[must_use]
    pub fn chances(&self, asked: &[Asked<'_>]) -> Vec<Chance> {
        /// So many are shown at once, which bounds the memory.
        const AT_ONCE: usize = 2_048;
        asked
            .chunks(AT_ONCE)
            .flat_map(|asked| {
                let mut shown = Shown::with_room(asked.len(), self.columns.width());
                for asked in asked {
                    shown.show(asked, &self.columns, self.shape.eye);
                }
                self.mean(&shown.tensors(&device()))
            })
            .collect()
    }

    /// The mean of what the networks say.
    fn mean(&self, shown: &Tensors) -> Vec<Chance> {
        let mut mean: Vec<Chance> = Vec::new();
        for net in self.nets.iter() {
            let (risks, _) = net.forward(shown);
            let said = chances(softmax(risks, 1));
            if mean.is_empty() {
                mean = said;
            } else {
                for (mean, said) in mean.iter_mut().zip(said) {
                    mean.target += said.target;
                    mean.neither += said.neither;
                }
            }
        }
        let nets = domain::statistics::count(self.nets.len().max(1));
        for chance in &mut mean {
            chance.target /= nets;
            chance.neither /= nets;
        }
        mean
    }

    /// By how much each feature moves the log-odds away from where a usual value would leave them:
    /// each in turn is told as usual, all of them at once.
    #[must_use]
    pub fn moved(&self, asked: &Asked<'_>) -> Vec<f64> {
        let mut told = Vec::with_capacity(self.columns.width());
        self.columns.tell(asked, &mut told);
        let (rows, width) = (raw_width() + 1, told.len());
        let mut columns = Vec::with_capacity(rows * width);
        columns.extend_from_slice(&told);
        for nth in 0..raw_width() {
            let begin = columns.len();
            columns.extend_from_slice(&told);
            for column in self.columns.of_feature(nth) {
                columns[begin + column] = 0.0;
            }
        }
        let mut shown = Shown::with_room(1, width);
        shown.show(asked, &self.columns, self.shape.eye);
        let device = device();
        let one = shown.tensors(&device);
        // One of the networks stands for all: it is asked about a hundred times as much.
        let Some(net) = self.nets.first() else {
            return Vec::new();
        };
        let columns = Tensor::from_data(TensorData::new(columns, [rows, width]), &device);
        let sure: Vec<f64> = chances(softmax(net.of_columns(columns, &one), 1))
            .into_iter()
            .map(|chance| logit(chance.target))
            .collect();
        sure[1..].iter().map(|without| sure[0] - without).collect()
    }

    /// What the first network is shown of these: columns, fine and coarse windows and the log-odds of
    /// the levels, row after row. For whoever holds it against another runtime.
    #[must_use]
    pub fn shown(&self, asked: &[Asked<'_>]) -> (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>) {
        let mut shown = Shown::with_room(asked.len(), self.columns.width());
        for asked in asked {
            shown.show(asked, &self.columns, self.shape.eye);
        }
        (shown.columns, shown.fine, shown.coarse, shown.levels)
    }

    /// The weights of the first network by name, each with its shape. For whoever holds it against
    /// another runtime.
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, Vec<usize>, Vec<f32>)> {
        let mut named = layers::Named::default();
        if let Some(net) = self.nets.first() {
            net.visit(&mut named);
        }
        named.tensors
    }

    /// What stands beside the weights.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            shape: self.shape,
            columns: self.columns.clone(),
            nets: self.nets.len(),
        }
    }

    /// The weights in burn's own format.
    ///
    /// # Errors
    ///
    /// [`BadWeights`] where they cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadWeights> {
        let bad = |error: burn::store::RecordError| BadWeights(error.to_string());
        let record = self.nets.as_ref().clone().into_record();
        Ok(record.into_bytes().map_err(bad)?.to_vec())
    }

    /// Reads weights of this plan.
    ///
    /// # Errors
    ///
    /// [`BadWeights`] where they are others, or too few.
    pub fn from_bytes(plan: Plan, bytes: Vec<u8>) -> Result<Self, BadWeights> {
        let bad = |error: burn::store::RecordError| BadWeights(error.to_string());
        let device = device();
        let mut nets: Vec<Net> = (0..plan.nets)
            .map(|_| Net::new(plan.shape, plan.columns.width(), 0, &device))
            .collect();
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes)).map_err(bad)?;
        nets = nets.try_load_record(record).map_err(bad)?;
        Ok(Self {
            shape: plan.shape,
            columns: plan.columns,
            nets: Arc::new(nets),
        })
    }
}

/// Softmaxed risks as chances.
fn chances(risks: Tensor<2>) -> Vec<Chance> {
    let risks = risks.into_data();
    let risks: Vec<f32> = risks.iter::<f32>().collect();
    risks
        .chunks_exact(layers::RISKS)
        .map(|risks| Chance {
            target: f64::from(risks[0]),
            neither: f64::from(risks[2]),
        })
        .collect()
}

/// Where networks are asked: they are small, and a signal cannot wait for a way to a card and back.
pub(crate) fn device() -> Device {
    Device::flex()
}

/// Where networks are trained.
pub(crate) fn training_device() -> Device {
    #[cfg(feature = "cuda")]
    return Device::cuda(0);
    #[cfg(all(feature = "wgpu", not(feature = "cuda")))]
    return Device::wgpu(burn::tensor::DeviceKind::default());
    #[cfg(not(any(feature = "cuda", feature = "wgpu")))]
    Device::flex()
}

#[cfg(test)]
mod tests;
