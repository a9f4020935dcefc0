//! Rounds: now and then what was said is held against what happened, and a model that has won by the
//! rule speaks from then on.

use std::time::Duration;

use super::jury::{Jury, Refused, champion};

/// Makes rounds for as long as it is awaited.
pub async fn rounds(jury: Jury, every: Duration) {
    loop {
        if let Err(error) = round(&jury).await {
            tracing::warn!("could not hold predictions against what happened: {error}");
        }
        tokio::time::sleep(every).await;
    }
}

/// One round.
///
/// # Errors
///
/// [`Refused::Store`] when the predictions cannot be read.
pub async fn round(jury: &Jury) -> Result<(), Refused> {
    let (entrants, speaks) = jury.lineup.all();
    let speaking = champion(&entrants, speaks.as_deref());
    if let Some(told) = jury.so_far(&speaking).await? {
        metrics::gauge!("touchstone_calibration_intercept").set(told.line.intercept);
        metrics::gauge!("touchstone_calibration_slope").set(told.line.slope);
        metrics::gauge!("touchstone_calibration_error").set(told.ece);
        metrics::gauge!("touchstone_calibration_error_of_perfect").set(told.ece_of_perfect);
        metrics::gauge!("touchstone_prediction_log_loss").set(told.log_loss);
    }
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
