//! The table of figures: what may be said of each channel.

use domain::time::Timestamp;

use super::{Column, Get, whole};
use crate::figures::claims::Claims;
use crate::figures::{Deletions, Figures, Known};

/// The figures of one channel, with what they are figures of.
#[derive(Clone, Debug)]
pub struct ChannelRow {
    /// Its name.
    pub channel: String,
    /// `live`, `import` or `simulator`.
    pub origin: &'static str,
    /// How far back signals count.
    pub window: &'static str,
    /// The execution model.
    pub model: &'static str,
    /// By the rules of which version; none of what was judged live.
    pub policy: Option<u32>,
    /// How many judged signals are left out, because they were not tried so to the end.
    pub untried: usize,
    /// They know only what had ended by then.
    pub as_of: Timestamp,
    /// The figures.
    pub figures: Figures,
    /// What it claims against the record.
    pub claims: Claims,
}

type Of = ChannelRow;

fn low(known: Option<Known>) -> Option<f64> {
    known?.low
}

fn high(known: Option<Known>) -> Option<f64> {
    known?.high
}

fn deletions(of: &Of) -> Option<Deletions> {
    of.figures.deletions
}

/// The columns.
pub static FIGURES: &[Column<Of>] = &[
    Column::new("channel", Get::Text(|of| Some(of.channel.clone()))),
    Column::new("origin", Get::Text(|of| Some(of.origin.to_owned()))),
    Column::new("window", Get::Text(|of| Some(of.window.to_owned()))),
    Column::new("model", Get::Text(|of| Some(of.model.to_owned()))),
    Column::new("policy", Get::Whole(|of| Some(of.policy?.into()))),
    Column::new("as_of", Get::Instant(|of| Some(of.as_of))),
    Column::new("signals", Get::Whole(|of| whole(of.figures.signals))),
    Column::new("unlisted", Get::Whole(|of| whole(of.figures.unlisted))),
    Column::new("open", Get::Whole(|of| whole(of.figures.open))),
    Column::new("judged", Get::Whole(|of| whole(of.figures.judged))),
    Column::new("untried", Get::Whole(|of| whole(of.untried))),
    Column::new("entered", Get::Whole(|of| whole(of.figures.entered))),
    Column::new("fill_rate", Get::Real(|of| of.figures.fill_rate)),
    Column::new("ambiguous", Get::Whole(|of| whole(of.figures.ambiguous))),
    Column::new("incomplete", Get::Whole(|of| whole(of.figures.incomplete))),
    Column::new(
        "without_stop",
        Get::Whole(|of| whole(of.figures.without_stop)),
    ),
    Column::new("trades", Get::Whole(|of| whole(of.figures.trades))),
    Column::new("effective_n", Get::Real(|of| of.figures.effective_n)),
    Column::new("won", Get::Whole(|of| whole(of.figures.won))),
    Column::new("win_rate", Get::Real(|of| Some(of.figures.win_rate?.value))),
    Column::new("win_rate_low", Get::Real(|of| low(of.figures.win_rate))),
    Column::new("win_rate_high", Get::Real(|of| high(of.figures.win_rate))),
    Column::new("mean_r", Get::Real(|of| Some(of.figures.mean_r?.value))),
    Column::new("mean_r_low", Get::Real(|of| low(of.figures.mean_r))),
    Column::new("mean_r_high", Get::Real(|of| high(of.figures.mean_r))),
    Column::new(
        "mean_r_optimistic",
        Get::Real(|of| of.figures.mean_r_optimistic),
    ),
    Column::new("sum_r", Get::Real(|of| of.figures.sum_r)),
    Column::new("profit_factor", Get::Real(|of| of.figures.profit_factor)),
    Column::new("max_drawdown_r", Get::Real(|of| of.figures.max_drawdown_r)),
    Column::new(
        "under_water_s",
        Get::Whole(|of| whole(of.figures.under_water_s?)),
    ),
    Column::new("sharpe_day", Get::Real(|of| of.figures.sharpe_day)),
    Column::new("sortino_day", Get::Real(|of| of.figures.sortino_day)),
    Column::new(
        "geometry_win_rate",
        Get::Real(|of| of.figures.geometry_win_rate),
    ),
    Column::new("edit_rate", Get::Real(|of| of.figures.edit_rate)),
    Column::new("deletion_rate", Get::Real(|of| of.figures.deletion_rate)),
    Column::new(
        "lost_deleted",
        Get::Whole(|of| Some(deletions(of)?.lost_deleted.into())),
    ),
    Column::new(
        "lost_kept",
        Get::Whole(|of| Some(deletions(of)?.lost_kept.into())),
    ),
    Column::new(
        "other_deleted",
        Get::Whole(|of| Some(deletions(of)?.other_deleted.into())),
    ),
    Column::new(
        "other_kept",
        Get::Whole(|of| Some(deletions(of)?.other_kept.into())),
    ),
    Column::new(
        "deletions_p_exact",
        Get::Real(|of| Some(deletions(of)?.p_exact)),
    ),
    Column::new(
        "deletions_p_permuted",
        Get::Real(|of| Some(deletions(of)?.p_permuted)),
    ),
    Column::new("claims", Get::Whole(|of| whole(of.claims.claims))),
    Column::new(
        "claims_compared",
        Get::Whole(|of| whole(of.claims.compared)),
    ),
    Column::new(
        "claims_of_a_gain_never_entered",
        Get::Whole(|of| whole(of.claims.gain_never_entered)),
    ),
    Column::new(
        "claims_of_a_gain_not_earned",
        Get::Whole(|of| whole(of.claims.gain_not_earned)),
    ),
    Column::new(
        "claims_beyond_best_price",
        Get::Whole(|of| whole(of.claims.beyond_best_price)),
    ),
    Column::new("claimed_r", Get::Real(|of| of.claims.claimed_r)),
    Column::new("measured_r", Get::Real(|of| of.claims.measured_r)),
    Column::new("claim_gap_r", Get::Real(|of| Some(of.claims.gap_r?.value))),
    Column::new("claim_gap_r_low", Get::Real(|of| low(of.claims.gap_r))),
    Column::new("claim_gap_r_high", Get::Real(|of| high(of.claims.gap_r))),
    Column::new("won_claimed", Get::Whole(|of| whole(of.claims.won_claimed))),
    Column::new(
        "lost_claimed",
        Get::Whole(|of| whole(of.claims.lost_claimed)),
    ),
];
