//! Rounds: now and then what was said is held against what happened, and a model that has won by the
//! rule speaks from then on.

use std::time::Duration;

use domain::statistics::{DAY, count};
use domain::time::Timestamp;

use super::jury::{Jury, Refused, champion};

/// Makes rounds for as long as it is awaited.
pub async fn rounds(jury: Jury, every: Duration) {
    let mut looked = None;
    loop {
        if let Err(error) = round(&jury, &mut looked).await {
            tracing::warn!("could not hold predictions against what happened: {error}");
        }
        tokio::time::sleep(every).await;
    }
}

/// One round: what the model that speaks said is told by metrics, and on a day on which nobody has
/// `looked` yet it is looked whether another has won. No block of time is over sooner, so there is nothing
/// new to be seen.
///
/// # Errors
///
/// [`Refused::Store`] when the predictions cannot be read; then it is looked again in the next round.
pub async fn round(jury: &Jury, looked: &mut Option<i64>) -> Result<(), Refused> {
    tell(jury).await?;
    let today = day(jury.clock.now());
    if *looked != Some(today) {
        look(jury).await?;
        *looked = Some(today);
    }
    Ok(())
}

async fn tell(jury: &Jury) -> Result<(), Refused> {
    let (entrants, speaks) = jury.lineup.all();
    let speaking = champion(&entrants, speaks.as_deref());
    if let Some(told) = jury.settled(&speaking).await? {
        metrics::gauge!("touchstone_calibration_intercept").set(told.line.intercept);
        metrics::gauge!("touchstone_calibration_slope").set(told.line.slope);
        metrics::gauge!("touchstone_calibration_signals").set(count(told.signals));
        metrics::gauge!("touchstone_calibration_error").set(told.ece);
        metrics::gauge!("touchstone_calibration_error_of_perfect").set(told.ece_of_perfect);
        metrics::gauge!("touchstone_prediction_log_loss").set(told.log_loss);
    }
    Ok(())
}

/// Looks at everybody who is tried, and lets the first speak who has won.
async fn look(jury: &Jury) -> Result<(), Refused> {
    let (entrants, speaks) = jury.lineup.all();
    for entrant in &entrants {
        let tried = entrant.model.is_ok() && speaks.as_deref() != Some(&*entrant.id);
        if !tried {
            continue;
        }
        match jury.promote(&entrant.id).await {
            // Whoever else has won is compared with the new one the next time.
            Ok(_) => return Ok(()),
            Err(error @ Refused::Store(_)) => return Err(error),
            Err(stays) => tracing::debug!(model = %entrant.id, "{stays}"),
        }
    }
    Ok(())
}

/// Days since 1970, as blocks of time are counted.
fn day(at: Timestamp) -> i64 {
    let day = i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX);
    at.as_micros().div_euclid(day)
}
