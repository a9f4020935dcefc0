//! Accounts at a start: the seal, the keys that sign, the plans, the door and the desk.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use domain::ports::Clock;
use secrecy::{ExposeSecret as _, SecretString};

use crate::accounts::desk::Rooms;
use crate::accounts::door::Openness;
use crate::accounts::limiter::Limiter;
use crate::accounts::mailer::Mailer;
use crate::accounts::seal::Seal;
use crate::accounts::tokens::Tokens;
use crate::accounts::{Desk, Door};
use crate::config::Settings;
use crate::store::Opened;

/// What accounts need, opened over a store.
pub(crate) struct Accounts {
    /// Who stands there.
    pub door: Door,
    /// What people ask.
    pub desk: Desk,
    /// Writes mails.
    pub mailer: Mailer,
}

impl Accounts {
    /// Opens it. `address` is where the platform listens; `to_all` lets everybody do everything.
    ///
    /// # Errors
    ///
    /// When the store does not answer, or what is in it was sealed with another secret.
    pub(crate) async fn open(
        settings: &Settings,
        opened: &Opened,
        clock: &Arc<dyn Clock>,
        address: Option<SocketAddr>,
        to_all: bool,
    ) -> anyhow::Result<Self> {
        let accounts = opened.accounts();
        for (name, table) in &settings.plans {
            let plan = table.plan(name)?;
            let seeded = accounts.write_plan(&plan, true).await;
            seeded.with_context(|| format!("could not write the plan {name}"))?;
        }
        let seal = Arc::new(Seal::new(&secret(settings)?)?);
        let tokens = Tokens::open(Arc::clone(&accounts), Arc::clone(&seal), Arc::clone(clock));
        let tokens = Arc::new(tokens.await.context("could not open the keys that sign tokens")?);
        let stays = settings.accounts.stays();
        let openness = Openness {
            here: settings.accounts.open_on_this_machine,
            to_all,
        };
        let door = Door::open(
            Arc::clone(&accounts),
            opened.port(),
            Arc::clone(&tokens),
            Arc::clone(clock),
            openness,
            stays,
        );
        let door = door.await.context("could not read the plans")?;
        let public_url = settings
            .accounts
            .origin()
            .or_else(|| address.map(|address| format!("http://{address}")))
            .unwrap_or_default();
        let mailer = Mailer {
            outbox: opened.outbox(),
            seal: Arc::clone(&seal),
            clock: Arc::clone(clock),
            public_url: public_url.into(),
        };
        let desk = Desk::new(Rooms {
            accounts,
            door: door.clone(),
            tokens,
            passwords: settings.accounts.passwords()?,
            seal,
            mailer: mailer.clone(),
            limiter: Limiter::default(),
            clock: Arc::clone(clock),
            stays,
        });
        Ok(Self { door, desk, mailer })
    }
}

/// The secret of the configuration, or that of the file beside the database.
fn secret(settings: &Settings) -> anyhow::Result<SecretString> {
    let configured = &settings.accounts.secret;
    if configured.expose_secret().is_empty() {
        Seal::secret_of(&settings.secret_file())
    } else {
        Ok(configured.clone())
    }
}
