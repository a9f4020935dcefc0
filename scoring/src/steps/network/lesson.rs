//! The lessons: how a network learns, and when it has learned enough.

use std::sync::Arc;

use burn::module::Module as _;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use super::layers::RISKS;
use super::{Net, Network, Shape, Shown, Tensors, chances, device, training_device};
use crate::dataset::Fate;
use crate::steps::Lesson;
use crate::steps::columns::Columns;
use crate::steps::logistic::Logistic;

/// How a network learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// How far a step goes at first.
    pub rate: f64,
    /// How strongly weights are drawn to nought.
    pub decay: f32,
    /// How many lessons a step is made of.
    pub batch: usize,
    /// How often all lessons are gone through at most.
    pub rounds: usize,
    /// So many rounds without a gain, and it stops.
    pub patience: usize,
    /// How many networks are trained, each from a seed of its own.
    pub nets: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            rate: 2e-3,
            decay: 0.05,
            batch: 512,
            rounds: 40,
            patience: 5,
            nets: 3,
        }
    }
}

/// What was to be learned.
struct Known {
    fates: Tensor<2, Int>,
    weights: Tensor<2>,
    earned: Tensor<2>,
    /// Earnings are told once for each signal, at its first target.
    once: Tensor<2>,
}

/// Trains networks, and stops each where a later part of the time gains nothing more. `told` hears
/// of every round.
pub fn fit(
    lessons: &[Lesson<'_>],
    later: &[Lesson<'_>],
    shape: Shape,
    pace: Pace,
    seed: u64,
    mut told: impl FnMut(),
) -> Network {
    let columns = Columns::fit(lessons);
    let class = Class {
        lessons,
        later,
        columns: &columns,
        begins: shape
            .wide
            .map(|ridge| Logistic::with(&columns, lessons, ridge)),
    };
    let all: Vec<Lesson<'_>> = lessons.iter().chain(later).copied().collect();
    let whole = Class {
        lessons: &all,
        later: &[],
        columns: &columns,
        begins: shape
            .wide
            .map(|ridge| Logistic::with(&columns, &all, ridge)),
    };
    let nets = (0..pace.nets as u64).map(|nth| {
        let seed = seed.wrapping_mul(1_000).wrapping_add(nth);
        let (net, rounds) = one(&class, shape, pace, seed, pace.rounds, &mut told);
        if later.is_empty() {
            return net;
        }
        // What said when to stop is the newest of all, and is learned from in the end.
        one(&whole, shape, pace, seed, rounds, &mut told).0
    });
    let nets = nets.collect();
    Network {
        shape,
        nets: Arc::new(nets),
        columns,
    }
}

/// What is learned from, and a later part that says when to stop.
struct Class<'a> {
    lessons: &'a [Lesson<'a>],
    later: &'a [Lesson<'a>],
    columns: &'a Columns,
    /// Where a network with a wide layer begins.
    begins: Option<Logistic>,
}

/// Trains one network for so many rounds at most, and says after how many it was best: by the later
/// part where there is one, else at the end.
fn one(
    class: &Class<'_>,
    shape: Shape,
    pace: Pace,
    seed: u64,
    rounds: usize,
    told: &mut impl FnMut(),
) -> (Net, usize) {
    let Class {
        lessons,
        later,
        columns,
        ..
    } = class;
    let training = training_device().autodiff();
    let mut net = Net::new(shape, columns.width(), seed, &training);
    if let Some(begins) = &class.begins {
        net = net.beginning_at(begins);
    }
    let mut optimizer = AdamWConfig::new().with_weight_decay(pace.decay).init();
    let mut dice = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
    let mut order: Vec<usize> = (0..lessons.len()).collect();
    let (mut best, mut after, mut waited) = (net.valid(), 0, 0);
    let mut best_loss = log_loss(&best, later, columns, shape);
    for round in 0..rounds {
        order.shuffle(&mut dice);
        let rate = pace.rate * warmth(round, pace.rounds);
        for batch in order.chunks(pace.batch) {
            let (shown, known) = prepare(lessons, batch, columns, shape, &training);
            let (risks, earned) = net.forward(&shown);
            let loss = loss(risks, earned, &known, shape);
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(rate, net, gradients);
        }
        told();
        let asked = net.valid();
        if later.is_empty() {
            (best, after) = (asked, round + 1);
            continue;
        }
        let now = log_loss(&asked, later, columns, shape);
        if now < best_loss - 1e-6 {
            (best, best_loss, after, waited) = (asked, now, round + 1, 0);
        } else {
            waited += 1;
            if waited >= pace.patience {
                break;
            }
        }
    }
    (best.fork(&device()), after)
}

/// How far a step goes in a round: half a cosine from one to nought.
fn warmth(round: usize, rounds: usize) -> f64 {
    use domain::statistics::count;
    let done = count(round) / count(rounds.max(1));
    f64::midpoint(1.0, (std::f64::consts::PI * done).cos())
}

/// The lessons of a batch as tensors.
fn prepare(
    lessons: &[Lesson<'_>],
    batch: &[usize],
    columns: &Columns,
    shape: Shape,
    device: &Device,
) -> (Tensors, Known) {
    let rows = batch.len();
    let mut shown = Shown::with_room(rows, columns.width());
    let (mut fates, mut weights) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let (mut earned, mut once) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for lesson in batch.iter().map(|nth| &lessons[*nth]) {
        shown.show(&lesson.asked(), columns, shape.eye);
        fates.push(match lesson.fate() {
            Fate::Target => 0_i32,
            Fate::Stop => 1,
            Fate::Neither => 2,
        });
        #[expect(clippy::cast_possible_truncation, reason = "models reckon in f32")]
        {
            weights.push(lesson.weight as f32);
            earned.push(lesson.row.r.clamp(-3.0, 5.0) as f32);
        }
        once.push(if lesson.nth == 0 { 1.0_f32 } else { 0.0 });
    }
    let tensor = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, [rows, 1]), device);
    let known = Known {
        fates: Tensor::from_data(TensorData::new(fates, [rows, 1]), device),
        weights: tensor(weights),
        earned: tensor(earned),
        once: tensor(once),
    };
    (shown.tensors(device), known)
}

/// The weighted mean of −log(risk that came true), and of how far the earnings were off.
fn loss(risks: Tensor<2>, earned: Tensor<2>, known: &Known, shape: Shape) -> Tensor<1> {
    let said = log_softmax(risks, 1).gather(1, known.fates.clone());
    let total = known.weights.clone().sum();
    let loss = -(said * known.weights.clone()).sum() / total.clone();
    if shape.earnings == 0.0 {
        return loss;
    }
    // Huber's loss: a signal that earned ten risks must not outweigh the rest.
    let off = (earned - known.earned.clone()).abs();
    let near = off.clone().clamp_max(1.0);
    let huber = near.clone() * (off - near * 0.5);
    loss + (huber * known.weights.clone() * known.once.clone()).sum() / total * shape.earnings
}

/// The weighted log-loss of the first targets.
fn log_loss(net: &Net, lessons: &[Lesson<'_>], columns: &Columns, shape: Shape) -> f64 {
    let first: Vec<&Lesson<'_>> = lessons.iter().filter(|lesson| lesson.nth == 0).collect();
    let (mut sum, mut weights) = (0.0, 0.0);
    for part in first.chunks(2_048) {
        let mut shown = Shown::with_room(part.len(), columns.width());
        part.iter()
            .for_each(|lesson| shown.show(&lesson.asked(), columns, shape.eye));
        let (risks, _) = net.forward(&shown.tensors(&training_device()));
        for (chance, lesson) in chances(softmax(risks, 1)).iter().zip(part) {
            let p = chance.target.clamp(1e-6, 1.0 - 1e-6);
            let said = if lesson.fate() == Fate::Target {
                p
            } else {
                1.0 - p
            };
            sum -= lesson.weight * said.ln();
            weights += lesson.weight;
        }
    }
    const { assert!(RISKS == 3) };
    sum / f64::max(weights, f64::MIN_POSITIVE)
}
