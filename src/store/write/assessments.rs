//! Writing what models made of signals, in the transaction that stores the signals themselves.

use domain::ports::store::StoreError;
use domain::score::{Assessment, Score};

use super::Desk;
use crate::store::database::{Session, values};
use crate::store::shape::{Kept as _, numbers};

const PREDICTION: &str = "INSERT INTO predictions (signal, model, speaks, targets, first, expected_r, \
     skill, moved, predicted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

const SEEN: &str = "INSERT INTO seen (signal, schema, vector) VALUES ($1, $2, $3)";

impl<S: Session> Desk<S> {
    pub(super) async fn assessments(&mut self, all: &[Assessment]) -> Result<(), StoreError> {
        for assessment in all {
            let assessed = &assessment.assessed;
            self.prediction(assessment, &assessed.score, true).await?;
            for shadow in &assessed.shadows {
                self.prediction(assessment, shadow, false).await?;
            }
            if let Some(seen) = &assessed.seen {
                let values = values![
                    assessment.signal,
                    seen.schema.as_str(),
                    numbers(&seen.values).to_string(),
                ];
                self.tell(SEEN, values).await?;
            }
        }
        Ok(())
    }

    async fn prediction(
        &mut self,
        assessment: &Assessment,
        score: &Score,
        speaks: bool,
    ) -> Result<(), StoreError> {
        let values = values![
            assessment.signal,
            score.model.as_str(),
            speaks,
            score.targets.keep().to_string(),
            score.first_target(),
            score.expected_r,
            score.skill,
            score.moved.keep().to_string(),
            assessment.at,
        ];
        self.tell(PREDICTION, values).await.map(drop)
    }
}
