//! The mailer: writes mails into the outbox. The courier brings them out.

use std::sync::Arc;

use domain::account::Account;
use domain::ports::Clock;
use domain::ports::mail::{Mail, Outbox};
use domain::ports::store::StoreError;
use serde_json::Value;
use tokio::sync::Notify;

use super::seal::Seal;

/// What the words of mails are sealed for.
pub const USE: &str = "mail";

/// Writes mails.
#[derive(Clone)]
pub struct Mailer {
    /// Where they wait.
    pub outbox: Arc<dyn Outbox>,
    /// What keeps what stands in them from readers of the database.
    pub seal: Arc<Seal>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where this platform is found, without a slash at the end.
    pub public_url: Arc<str>,
    /// Rings for the courier.
    pub bell: Arc<Notify>,
}

impl Mailer {
    /// Writes a mail to the owner of an account. `about` tells it from others of the same kind: a
    /// second mail about the same thing is not written.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then it is not written.
    pub async fn write(
        &self,
        template: &'static str,
        to: &Account,
        about: &str,
        mut params: Value,
    ) -> Result<(), StoreError> {
        params["public_url"] = Value::from(&*self.public_url);
        let params = self.seal.seal(USE, params.to_string().as_bytes());
        let params = params.map_err(|error| StoreError::Unknown(error.to_string()))?;
        let mail = Mail {
            key: format!("{template}:{}:{about}", to.id),
            account: Some(to.id),
            recipient: to.email.clone(),
            template: template.into(),
            language: to.language.clone(),
            params,
            created: self.clock.now(),
        };
        if self.outbox.put(&mail).await? {
            self.bell.notify_one();
        }
        Ok(())
    }
}
