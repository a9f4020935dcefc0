//! The layers: eyes that read the window, a trunk, and a head for each task.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig1d};
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor, TensorData};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::super::logistic::Logistic;
use super::Tensors;
use crate::features::{COARSE, FINE, TRACKS};

/// The risks of a target: reached, stopped, neither.
pub(super) const RISKS: usize = 3;

/// How a network reads the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eye {
    /// Not at all.
    Shut,
    /// All bars at once.
    Flat,
    /// By convolutions along time.
    Convolution,
    /// Bar after bar, with a gated memory.
    Recurrent,
}

/// What a network is built like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// How it reads the window.
    pub eye: Eye,
    /// The width of the first hidden layer; the second has half of it.
    pub width: usize,
    /// How much what the signal earns counts beside the risks.
    pub earnings: f32,
    /// Does it begin where a logistic regression with a ridge of so many lessons stands? It keeps its
    /// slopes in a layer of its own, which goes round all others and learns on with them. Else it begins
    /// where the levels stand.
    #[serde(default)]
    pub wide: Option<f64>,
}

/// What an eye makes of a window.
const SEEN: usize = 12;

/// A network.
#[derive(Module, Debug)]
pub struct Net {
    fine: Option<Reader>,
    coarse: Option<Reader>,
    first: Linear,
    second: Linear,
    risks: Linear,
    earnings: Linear,
    wide: Option<Linear>,
}

/// An eye.
#[derive(Module, Debug)]
struct Reader {
    near: Option<Conv1d>,
    far: Option<Conv1d>,
    memory: Option<Gru>,
    out: Linear,
}

impl Reader {
    fn new(eye: Eye, room: usize, device: &Device) -> Option<Self> {
        const WIDE: usize = 8;
        let convolution = |from| {
            Conv1dConfig::new(from, WIDE, 5)
                .with_stride(2)
                .with_padding(PaddingConfig1d::Explicit(2, 2))
                .init(device)
        };
        let (near, far, memory, flat) = match eye {
            Eye::Shut => return None,
            Eye::Flat => (None, None, None, TRACKS * room),
            Eye::Convolution => {
                let (near, far) = (convolution(TRACKS), convolution(WIDE));
                (Some(near), Some(far), None, WIDE * room / 4)
            }
            Eye::Recurrent => {
                let memory = GruConfig::new(TRACKS, SEEN, true).init(device);
                (None, None, Some(memory), SEEN)
            }
        };
        Some(Self {
            near,
            far,
            memory,
            out: LinearConfig::new(flat, SEEN).init(device),
        })
    }

    fn read(&self, window: Tensor<3>) -> Tensor<2> {
        let flat: Tensor<2> = if let Some(memory) = &self.memory {
            let states = memory.forward(window.swap_dims(1, 2), None);
            let [rows, bars, wide] = states.dims();
            states
                .slice([0..rows, bars - 1..bars, 0..wide])
                .flatten(1, 2)
        } else {
            let seen = self
                .near
                .iter()
                .chain(&self.far)
                .fold(window, |seen, layer| silu(layer.forward(seen)));
            seen.flatten(1, 2)
        };
        silu(self.out.forward(flat))
    }
}

impl Net {
    /// A network that has learned nothing: whatever it is shown, it says what the levels say.
    #[must_use]
    pub fn new(shape: Shape, columns: usize, seed: u64, device: &Device) -> Self {
        let fine = Reader::new(shape.eye, FINE, device);
        let coarse = Reader::new(shape.eye, COARSE, device);
        let seen = SEEN * (usize::from(fine.is_some()) + usize::from(coarse.is_some()));
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let net = Self {
            fine,
            coarse,
            first: linear(columns + seen, shape.width),
            second: linear(shape.width, shape.width / 2),
            risks: linear(shape.width / 2, RISKS),
            earnings: linear(shape.width / 2, 1),
            wide: shape.wide.map(|_| linear(columns, 1)),
        };
        let mut net = net.map(&mut Dealt {
            dice: ChaCha8Rng::seed_from_u64(seed),
            next: seed << 16,
        });
        let nought = Tensor::zeros(net.risks.weight.dims(), device);
        net.risks.weight = begun(&net.risks.weight, nought);
        // Few signals end neither way.
        let usual = Tensor::from_data(TensorData::new(vec![0.0_f32, 0.0, -3.0], [RISKS]), device);
        net.risks.bias = net.risks.bias.map(|bias| begun(&bias, usual));
        net
    }

    /// The log-risks of each row, and what its signal earns.
    pub(super) fn forward(&self, shown: &Tensors) -> (Tensor<2>, Tensor<2>) {
        let hidden = self.trunk(shown.columns.clone(), self.seen(shown));
        let begun = self.begun(&shown.columns, &shown.levels);
        let risks = self.head(hidden.clone(), begun);
        (risks, self.earnings.forward(hidden))
    }

    /// The log-risks of many columns beside the window and the levels of one row.
    pub(super) fn of_columns(&self, columns: Tensor<2>, one: &Tensors) -> Tensor<2> {
        let [rows, _] = columns.dims();
        let seen = self.seen(one).map(|seen| seen.repeat_dim(0, rows));
        let begun = self.begun(&columns, &one.levels.clone().repeat_dim(0, rows));
        let hidden = self.trunk(columns, seen);
        self.head(hidden, begun)
    }

    /// The log-odds from which it begins.
    fn begun(&self, columns: &Tensor<2>, levels: &Tensor<2>) -> Tensor<2> {
        match &self.wide {
            Some(wide) => wide.forward(columns.clone()),
            None => levels.clone(),
        }
    }

    /// Lets it begin where a logistic regression on the same columns stands.
    pub(super) fn beginning_at(mut self, regression: &Logistic) -> Self {
        let Some(wide) = &mut self.wide else {
            return self;
        };
        let device = wide.weight.val().device();
        let (intercept, slopes) = regression.line();
        let slopes = Tensor::from_data(TensorData::new(slopes, wide.weight.dims()), &device);
        wide.weight = begun(&wide.weight, slopes);
        let intercept = Tensor::from_data(TensorData::new(vec![intercept], [1]), &device);
        wide.bias = wide.bias.take().map(|bias| begun(&bias, intercept));
        self
    }

    fn seen(&self, shown: &Tensors) -> Option<Tensor<2>> {
        let fine = self.fine.as_ref().zip(shown.fine.clone());
        let coarse = self.coarse.as_ref().zip(shown.coarse.clone());
        let seen: Vec<Tensor<2>> = [fine, coarse]
            .into_iter()
            .flatten()
            .map(|(reader, window)| reader.read(window))
            .collect();
        (!seen.is_empty()).then(|| Tensor::cat(seen, 1))
    }

    fn trunk(&self, columns: Tensor<2>, seen: Option<Tensor<2>>) -> Tensor<2> {
        let all = match seen {
            Some(seen) => Tensor::cat(vec![columns, seen], 1),
            None => columns,
        };
        silu(self.second.forward(silu(self.first.forward(all))))
    }

    fn head(&self, hidden: Tensor<2>, begun: Tensor<2>) -> Tensor<2> {
        let risks = self.risks.forward(hidden);
        let [rows, _] = risks.dims();
        let nought = Tensor::zeros([rows, RISKS - 1], &risks.device());
        risks + Tensor::cat(vec![begun, nought], 1)
    }
}

/// The same weights beginning elsewhere; they still learn.
fn begun<const D: usize>(weights: &Param<Tensor<D>>, at: Tensor<D>) -> Param<Tensor<D>> {
    let mut begun = Param::from_tensor(at);
    begun.id = weights.id;
    begun
}

/// Deals first weights from dice of its own, and numbers them: burn's dice and numbers are shared by
/// the whole process, and a model must come out the same whatever else is being trained.
struct Dealt {
    dice: ChaCha8Rng,
    next: u64,
}

impl ModuleMapper for Dealt {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let tensor = param.val();
        let size: Vec<usize> = tensor.dims().to_vec();
        // So many inputs meet in one output; biases begin at nought.
        let together: usize = match D {
            1 => 0,
            2 => size[0],
            _ => size[1..].iter().product(),
        };
        #[expect(clippy::cast_precision_loss, reason = "layers are small")]
        let reach = if together == 0 {
            0.0
        } else {
            1.0 / (together as f32).sqrt()
        };
        let dealt: Vec<f32> = (0..size.iter().product())
            .map(|_| (self.dice.random::<f32>() * 2.0 - 1.0) * reach)
            .collect();
        self.next += 1;
        let dealt = Tensor::from_data(TensorData::new(dealt, size), &tensor.device());
        let mut param = Param::from_tensor(dealt);
        param.id = ParamId::from(self.next);
        param
    }
}

/// Weights by name.
#[derive(Default)]
pub(super) struct Named {
    path: Vec<String>,
    pub(super) tensors: Vec<(String, Vec<usize>, Vec<f32>)>,
}

impl ModuleVisitor for Named {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().iter::<f32>().collect();
        self.tensors.push((self.path.join("."), shape, values));
    }
}
