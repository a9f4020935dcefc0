//! Accounts at a start: the seal, the keys that sign, the plans, the door and the desk.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::ports::Clock;
use domain::ports::accounts::Accounts as Kept;
use domain::time::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::accounts::desk::Rooms;
use crate::accounts::door::Openness;
use crate::accounts::limiter::Limiter;
use crate::accounts::mailer::Mailer;
use crate::accounts::seal::Seal;
use crate::accounts::tokens::{self, Tokens};
use crate::accounts::{Desk, Door, reseal};
use crate::billing::stripe::Stripe;
use crate::billing::{self, Billing};
use crate::config::Settings;
use crate::http::people::Forms;
use crate::store::Opened;

/// What accounts need, opened over a store.
pub(crate) struct Accounts {
    /// Who stands there.
    pub door: Door,
    /// What people ask.
    pub desk: Desk,
    /// Writes mails, for whoever else has something to say to people.
    pub mailer: Mailer,
    /// Plans that are bought.
    pub billing: Billing,
    /// What pages with forms are made with.
    pub forms: Forms,
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
        (to_all, till): (bool, Option<TillAt>),
    ) -> anyhow::Result<Self> {
        let accounts = opened.accounts();
        for (name, table) in &settings.plans {
            let plan = table.plan(name)?;
            let seeded = accounts.write_plan(&plan, true).await;
            seeded.with_context(|| format!("could not write the plan {name}"))?;
        }
        let seal = Arc::new(seal(settings)?);
        let tokens = Tokens::open(Arc::clone(&accounts), Arc::clone(&seal), Arc::clone(clock));
        let tokens = Arc::new(
            tokens
                .await
                .context("could not open the keys that sign tokens")?,
        );
        let stay = settings.accounts.stay();
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
            stay,
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
            bell: Arc::default(),
        };
        let till = till.or_else(|| TillAt::configured(settings));
        let forms = Forms {
            seal: Arc::clone(&seal),
            stays: stay.unseen,
            mails_are_files: settings.mail.become_files(),
            leads_to: till.as_ref().map_or_else(Vec::new, TillAt::pages).into(),
        };
        let billing = billing(settings, opened, clock, &mailer, &door, till)?;
        let desk = Desk::new(Rooms {
            accounts,
            door: door.clone(),
            tokens,
            passwords: settings.accounts.passwords()?,
            seal,
            mailer: mailer.clone(),
            limiter: Limiter::default(),
            clock: Arc::clone(clock),
            stay,
        });
        Ok(Self {
            door,
            desk,
            mailer,
            billing,
            forms,
        })
    }
}

/// Where a till is, where it is not Stripe itself.
#[derive(Debug)]
pub(crate) struct TillAt {
    /// Its address.
    pub base: String,
    /// With what it is spoken to.
    pub key: SecretString,
    /// With what it signs.
    pub signs_with: SecretString,
}

impl TillAt {
    /// The one of the configuration, where payments are taken.
    fn configured(settings: &Settings) -> Option<Self> {
        let payments = &settings.payments;
        payments.are_taken().then(|| Self {
            base: payments.base_url.clone(),
            key: payments.secret_key.clone(),
            signs_with: payments.webhook_secret.clone(),
        })
    }

    /// The origins of the pages on which people pay.
    fn pages(&self) -> Vec<String> {
        let base = Url::parse(&self.base).ok();
        match base {
            Some(base) if base.host_str() == Some("api.stripe.com") => vec![
                "https://checkout.stripe.com".to_owned(),
                "https://billing.stripe.com".to_owned(),
            ],
            Some(base) => vec![base.origin().ascii_serialization()],
            None => Vec::new(),
        }
    }
}

fn billing(
    settings: &Settings,
    opened: &Opened,
    clock: &Arc<dyn Clock>,
    mailer: &Mailer,
    door: &Door,
    at: Option<TillAt>,
) -> anyhow::Result<Billing> {
    let stripe = at.as_ref().map(|at| Stripe::new(&at.key, Some(&at.base)));
    let stripe = stripe.transpose().context("payments.secret_key")?;
    Ok(Billing::new(billing::Rooms {
        till: stripe.map(|stripe| Arc::new(stripe) as _),
        signs_with: at.map(|at| at.signs_with).unwrap_or_default(),
        tidings: opened.tidings(),
        accounts: opened.accounts(),
        door: door.clone(),
        mailer: mailer.clone(),
        clock: Arc::clone(clock),
        grace: Duration::from_secs(u64::from(settings.payments.grace_days) * 86_400),
    }))
}

/// Holds what a record has sealed against the secret of this configuration, and makes none.
///
/// # Errors
///
/// When a platform would not start over that record, or the store does not answer.
pub(crate) async fn opens(settings: &Settings, accounts: &dyn Kept) -> anyhow::Result<()> {
    let keys = accounts.signing_keys().await?;
    let Some(newest) = keys.last() else {
        return Ok(());
    };
    let file = settings.secret_file();
    let configured = !settings.accounts.secret.expose_secret().is_empty();
    let sealed = "second factors and signing keys in it were sealed with its own secret";
    anyhow::ensure!(
        configured || file.exists(),
        "{sealed}: put the secret.key of that time at {}, or set accounts.secret",
        file.display()
    );
    let there = if configured {
        "accounts.secret".to_owned()
    } else {
        file.display().to_string()
    };
    anyhow::ensure!(
        tokens::opens(&seal(settings)?, newest),
        "{sealed}, and {there} is another"
    );
    Ok(())
}

/// Seals with the present secret what was sealed with that of before, where one is configured.
///
/// # Errors
///
/// When what is there opens with neither, or the store does not answer; then nothing has changed.
pub(crate) async fn reseal(
    settings: &Settings,
    accounts: &dyn Kept,
    now: Timestamp,
) -> anyhow::Result<()> {
    if settings.accounts.secret_before.expose_secret().is_empty() {
        return Ok(());
    }
    let done = reseal::reseal(accounts, &seal(settings)?, now).await?;
    if done.anew() > 0 {
        tracing::info!(
            keys = done.keys,
            factors = done.factors,
            mails = done.mails,
            "what was sealed with accounts.secret_before is sealed with the present secret now; take it away",
        );
    } else {
        tracing::warn!("nothing is sealed with accounts.secret_before; take it away");
    }
    if done.shut > 0 {
        tracing::warn!(
            "{} second factors or mails open with neither secret, and are left as they are",
            done.shut
        );
    }
    Ok(())
}

/// What seals with the secret of this configuration, and opens what was sealed with that of before.
fn seal(settings: &Settings) -> anyhow::Result<Seal> {
    let seal = Seal::new(&secret(settings)?)?;
    let before = &settings.accounts.secret_before;
    if before.expose_secret().is_empty() {
        return Ok(seal);
    }
    seal.after(before)
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
