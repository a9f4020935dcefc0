//! How columns become values of the domain again.

use domain::ids::Seq;
use domain::lifecycle::{Ending, State};
use domain::market::Price;
use domain::ports::store::StoreError;
use domain::time::Timestamp;
use rust_decimal::Decimal;

use super::database::Row;
use super::shape::{self, Kept as _};

/// A column that holds what no program of this kind wrote.
pub(crate) fn unknown(column: &str, found: &str) -> StoreError {
    StoreError::Unknown(format!("`{found}` in the column `{column}`"))
}

fn present<T>(column: &str, found: Option<T>) -> Result<T, StoreError> {
    found.ok_or_else(|| unknown(column, "nothing"))
}

pub(crate) fn text<R: Row>(row: &R, column: &str) -> Result<String, StoreError> {
    present(column, row.text(column)?)
}

pub(crate) fn flag<R: Row>(row: &R, column: &str) -> Result<bool, StoreError> {
    present(column, row.flag(column)?)
}

/// A whole number that fits where it goes.
pub(crate) fn whole<R: Row, N: TryFrom<i64>>(row: &R, column: &str) -> Result<N, StoreError> {
    present(column, maybe_whole(row, column)?)
}

pub(crate) fn maybe_whole<R: Row, N: TryFrom<i64>>(
    row: &R,
    column: &str,
) -> Result<Option<N>, StoreError> {
    let fit = |number: i64| N::try_from(number).map_err(|_| unknown(column, &number.to_string()));
    row.int(column)?.map(fit).transpose()
}

pub(crate) fn seq<R: Row>(row: &R, column: &str) -> Result<Seq, StoreError> {
    whole(row, column).map(Seq::new)
}

pub(crate) fn time<R: Row>(row: &R, column: &str) -> Result<Timestamp, StoreError> {
    present(column, maybe_time(row, column)?)
}

pub(crate) fn maybe_time<R: Row>(row: &R, column: &str) -> Result<Option<Timestamp>, StoreError> {
    row.time(column)
}

/// A text that must parse.
pub(crate) fn parsed<R: Row, T>(
    row: &R,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    present(column, maybe_parsed(row, column, parse)?)
}

/// A text that must parse where there is one.
pub(crate) fn maybe_parsed<R: Row, T>(
    row: &R,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    match row.text(column)? {
        None => Ok(None),
        Some(text) => parse(&text).map(Some).ok_or_else(|| unknown(column, &text)),
    }
}

pub(crate) fn maybe_price<R: Row>(row: &R, column: &str) -> Result<Option<Price>, StoreError> {
    let fit =
        |number: Decimal| Price::new(number).map_err(|_| unknown(column, &number.to_string()));
    row.exact(column)?.map(fit).transpose()
}

pub(crate) fn price<R: Row>(row: &R, column: &str) -> Result<Price, StoreError> {
    present(column, maybe_price(row, column)?)
}

pub(crate) fn decimal<R: Row>(row: &R, column: &str) -> Result<Decimal, StoreError> {
    present(column, maybe_decimal(row, column)?)
}

pub(crate) fn maybe_decimal<R: Row>(row: &R, column: &str) -> Result<Option<Decimal>, StoreError> {
    row.exact(column)
}

/// A state as its label and the number that belongs to some of them. An ending's label stands
/// in the same column: no two of them are alike.
pub(crate) fn state_columns(state: State) -> (String, Option<i64>) {
    if let State::Ended(ending) = state {
        ending_columns(ending)
    } else {
        label_and_number(state.keep())
    }
}

/// An ending as its label and the number of the target that belongs to some of them.
pub(crate) fn ending_columns(ending: Ending) -> (String, Option<i64>) {
    label_and_number(ending.keep())
}

fn label_and_number(kept: serde_json::Value) -> (String, Option<i64>) {
    match shape::labelled(kept, "label") {
        Ok((label, content)) => (label, content.as_i64()),
        Err(_) => unreachable!("states and endings are kept by their labels"),
    }
}

pub(crate) fn state<R: Row>(row: &R) -> Result<State, StoreError> {
    let kept = labelled(row, "state")?;
    Ending::read(kept.clone())
        .map(State::Ended)
        .or_else(|_| State::read(kept))
        .map_err(|error| StoreError::Unknown(error.to_string()))
}

pub(crate) fn ending<R: Row>(row: &R, column: &str) -> Result<Ending, StoreError> {
    Ending::read(labelled(row, column)?).map_err(|error| StoreError::Unknown(error.to_string()))
}

fn labelled<R: Row>(row: &R, column: &str) -> Result<serde_json::Value, StoreError> {
    let label = text(row, column)?;
    Ok(match row.int(&format!("{column}_k"))? {
        None => serde_json::Value::String(label),
        Some(k) => shape::tagged(&label, k.into()),
    })
}
