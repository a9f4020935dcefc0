//! The devices on which somebody is logged in.

use domain::account::{Session, SessionId};
use domain::ports::accounts::Ending;

use super::{Desk, Refusal};
use crate::accounts::caller::Caller;

impl Desk {
    /// The devices of a caller, those that were here last first.
    ///
    /// # Errors
    ///
    /// [`Refusal::Store`].
    pub async fn devices(&self, caller: &Caller) -> Result<Vec<Session>, Refusal> {
        let id = caller.account().ok_or(Refusal::Over)?;
        let now = self.0.clock.now();
        Ok(self.0.accounts.sessions(id, now).await?)
    }

    /// Logs one of a caller's devices out.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`] when it is none of his.
    pub async fn end_device(&self, caller: &Caller, device: SessionId) -> Result<(), Refusal> {
        let id = caller.account().ok_or(Refusal::Over)?;
        let ended = self.0.accounts.end(id, Ending::One(device)).await?;
        self.0.door.hear().await;
        if ended == 1 {
            Ok(())
        } else {
            Err(Refusal::Unknown("session"))
        }
    }
}
