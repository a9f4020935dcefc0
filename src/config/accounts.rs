//! The tables of accounts, of mail and of plans.

use std::path::PathBuf;
use std::time::Duration;

use domain::account::Stay;
use domain::plan::{Allowance, Feature, Plan, PlanId, Prices};
use lettre::message::Mailbox;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::{ConfigError, from_environment, wrong};
use crate::accounts::passwords::Passwords;
use crate::accounts::seal;

/// Who somebody is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Whoever sits at this machine may do everything.
    #[serde(deserialize_with = "from_environment::flag")]
    pub open_on_this_machine: bool,
    /// With what secrets are sealed in the database; empty for a file beside it.
    pub secret: SecretString,
    /// With what they were sealed before; empty where that is the present one.
    pub secret_before: SecretString,
    /// Where people find this platform; empty for the address that it listens on.
    pub public_url: String,
    /// How long a device stays logged in without being seen.
    pub session_days: u16,
    /// How long it stays logged in at most, however often it is seen.
    pub session_longest_days: u16,
    /// What hashing a password costs: memory.
    pub argon2_memory_kib: u32,
    /// What hashing a password costs: passes over it.
    pub argon2_passes: u32,
    /// What hashing a password costs: lanes.
    pub argon2_lanes: u32,
}

/// How mails go out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// From whom.
    pub from: String,
    /// Where they are handed in; empty for files.
    pub smtp_url: SecretString,
    /// Who vouches for that server in the place of the usual authorities; empty for those.
    pub ca_file: PathBuf,
    /// Where they are written as files.
    pub folder: PathBuf,
}

/// Who takes the money.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Stripe's secret key; empty where no payments are taken.
    pub secret_key: SecretString,
    /// With what it signs what it sends.
    pub webhook_secret: SecretString,
    /// Where it is.
    pub base_url: String,
    /// How long a failed payment is borne, in days.
    pub grace_days: u16,
}

/// What may be seen, how soon and how often, and what it costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanTable {
    /// Its name for people.
    pub title: String,
    /// Its place among the plans.
    pub rank: u16,
    /// What a month costs, in cents; 0 when it is not sold by the month.
    pub monthly_cents: u32,
    /// What a year costs.
    pub yearly_cents: u32,
    /// So many days are free at first.
    pub trial_days: u16,
    /// How long signals are withheld, in seconds.
    pub delay_s: u32,
    /// Of how many channels; 0 for all.
    pub channels: u32,
    /// How far back, in days; 0 for everything.
    pub history_days: u32,
    /// What else.
    #[serde(deserialize_with = "from_environment::list")]
    pub features: Vec<String>,
    /// How many requests a minute.
    pub requests_a_minute: u32,
    /// How many requests a month; 0 without an end.
    pub requests_a_month: u64,
}

impl Accounts {
    /// Refuses what is readable and cannot be meant.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let secret = self.secret.expose_secret().len();
        if secret != 0 && secret < seal::SHORTEST {
            let why = format!("it is shorter than {} characters", seal::SHORTEST);
            return Err(wrong(
                "accounts.secret",
                &why,
                "use the output of `openssl rand -hex 32`",
            ));
        }
        let before = self.secret_before.expose_secret();
        if !before.is_empty() && before == self.secret.expose_secret() {
            return Err(wrong(
                "accounts.secret_before",
                "it is the present secret",
                "write the new one to accounts.secret, or take this one away",
            ));
        }
        if !self.public_url.is_empty() && self.origin().is_none() {
            let why = "it is no address of a web site, or has more than scheme, host and port";
            return Err(wrong(
                "accounts.public_url",
                why,
                "write https://example.org",
            ));
        }
        if !(1..=365).contains(&self.session_days) {
            let why = "it must lie between 1 and 365";
            return Err(wrong("accounts.session_days", why, "use 30"));
        }
        if !(self.session_days..=3_650).contains(&self.session_longest_days) {
            let why = "it must lie between accounts.session_days and 3650";
            return Err(wrong("accounts.session_longest_days", why, "use 90"));
        }
        if self.argon2_memory_kib > 1_048_576 || self.argon2_passes > 100 {
            let why = "hashing one password would take longer than anybody waits";
            return Err(wrong(
                "accounts.argon2_memory_kib",
                why,
                "use 19456 with 2 passes",
            ));
        }
        self.passwords().map(drop)
    }

    /// What hashes passwords at this cost.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when argon2 does not take it.
    pub fn passwords(&self) -> Result<Passwords, ConfigError> {
        let made = Passwords::new(
            self.argon2_memory_kib,
            self.argon2_passes,
            self.argon2_lanes,
        );
        made.map_err(|error| {
            let why = error.to_string();
            wrong(
                "accounts.argon2_memory_kib",
                &why,
                "use 19456 with 2 passes and 1 lane",
            )
        })
    }

    /// Where people find this platform, as an origin; none where nothing is said.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let url = Url::parse(&self.public_url).ok()?;
        let bare = matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        bare.then(|| url.origin().ascii_serialization())
    }

    /// How long a device stays logged in.
    #[must_use]
    pub fn stay(&self) -> Stay {
        let days = |days: u16| Duration::from_secs(u64::from(days) * 86_400);
        Stay {
            unseen: days(self.session_days),
            longest: days(self.session_longest_days),
        }
    }
}

impl Payments {
    /// Whether payments are taken.
    #[must_use]
    pub fn are_taken(&self) -> bool {
        !self.secret_key.expose_secret().is_empty()
    }

    /// Refuses what is readable and cannot be meant.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.are_taken() && self.webhook_secret.expose_secret().is_empty() {
            let why = "without it nobody knows whether what comes is from Stripe";
            let remedy = "write the signing secret of the endpoint, whsec_…";
            return Err(wrong("payments.webhook_secret", why, remedy));
        }
        let readable = Url::parse(&self.base_url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !readable {
            let why = "it is no address";
            return Err(wrong(
                "payments.base_url",
                why,
                "use https://api.stripe.com/",
            ));
        }
        if self.grace_days > 90 {
            let why = "nobody waits that long for his money";
            return Err(wrong("payments.grace_days", why, "use 7"));
        }
        Ok(())
    }
}

impl Mail {
    /// Whether mails become files.
    #[must_use]
    pub fn become_files(&self) -> bool {
        self.smtp_url.expose_secret().is_empty()
    }

    /// Refuses what is readable and cannot be meant.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.sender()?;
        let key = "mail.smtp_url";
        let remedy =
            "write smtps://user:password@host:465 or smtp://host:25, or leave it empty for files";
        let address = self.smtp_url.expose_secret();
        if address.is_empty() {
            if self.folder.as_os_str().is_empty() {
                let why = "mails could go neither to a server nor into files";
                return Err(wrong(
                    "mail.folder",
                    why,
                    "use data/mail, or set mail.smtp_url",
                ));
            }
            return Ok(());
        }
        // Nothing of the address is repeated: it holds a password.
        let url = Url::parse(address);
        let url = url.map_err(|_| wrong(key, "it is no address of a mail server", remedy))?;
        let tls = match (url.scheme(), url.query()) {
            ("smtps", None) | ("smtp", Some("tls=required")) => true,
            ("smtp", None) => false,
            _ => return Err(wrong(key, "it is no address of a mail server", remedy)),
        };
        if !tls && !self.ca_file.as_os_str().is_empty() {
            let why = "nobody vouches for a server that is spoken to without TLS";
            let remedy = "write smtps://, or smtp://…?tls=required, or leave mail.ca_file empty";
            return Err(wrong("mail.ca_file", why, remedy));
        }
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong(key, "it names no host", remedy));
        }
        if !tls && !here && (url.password().is_some() || !url.username().is_empty()) {
            let why = "its password would cross the network in the clear";
            return Err(wrong(key, why, "write smtps://, or smtp://…?tls=required"));
        }
        if !here && self.sender()?.email.domain() == "localhost" {
            let why = "it is an address of this machine, and another one hands the mails on";
            let remedy = "write an address that answers reach: Touchstone <touchstone@example.org>";
            return Err(wrong("mail.from", why, remedy));
        }
        Ok(())
    }

    /// From whom mails come.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when it is no address.
    pub fn sender(&self) -> Result<Mailbox, ConfigError> {
        let read = self.from.parse::<Mailbox>();
        read.map_err(|error| {
            let why = format!("it is no address of mail ({error})");
            wrong(
                "mail.from",
                &why,
                "write Touchstone <touchstone@example.org>",
            )
        })
    }
}

impl PlanTable {
    /// The plan.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key.
    pub fn plan(&self, name: &str) -> Result<Plan, ConfigError> {
        let key = format!("plans.{name}");
        let id = PlanId::parse(name);
        let id = id.map_err(|error| wrong(&key, &error.to_string(), "use another name"))?;
        let read = |label: &String| {
            let known: Vec<_> = Feature::ALL.iter().map(|it| it.label()).collect();
            let why = || format!("`{label}` is no feature");
            let remedy = || format!("use some of {}", known.join(", "));
            Feature::from_label(label)
                .ok_or_else(|| wrong(&format!("{key}.features"), &why(), &remedy()))
        };
        if self.requests_a_minute == 0 {
            let why = "nobody could ask anything";
            return Err(wrong(&format!("{key}.requests_a_minute"), why, "use 60"));
        }
        let some = |number: u32| (number != 0).then_some(number);
        let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
        Ok(Plan {
            id,
            title: self.title.clone(),
            rank: self.rank,
            prices: Prices {
                monthly: some(self.monthly_cents),
                yearly: some(self.yearly_cents),
                trial_days: self.trial_days,
            },
            allows: Allowance {
                delay: Duration::from_secs(self.delay_s.into()),
                channels: some(self.channels),
                history: some(self.history_days).map(days),
                features: self.features.iter().map(read).collect::<Result<_, _>>()?,
                requests_a_minute: self.requests_a_minute,
                requests_a_month: (self.requests_a_month != 0).then_some(self.requests_a_month),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load, refusal};

    #[test]
    fn the_usual_plans_are_free_premium_and_pro() {
        let settings = load("", &[]).unwrap();
        let plans: Vec<_> = settings
            .plans
            .iter()
            .map(|(name, table)| table.plan(name).unwrap())
            .collect();
        let of = |id: &str| plans.iter().find(|plan| plan.id.as_str() == id).unwrap();
        assert_eq!(of("free").allows.delay.as_secs(), 900);
        assert_eq!(of("free").prices.monthly, None);
        assert_eq!(of("premium").prices.monthly, Some(1_900));
        assert_eq!(of("pro").prices.monthly, Some(4_900));
        assert_eq!(of("pro").allows.channels, None);
        assert_eq!(of("pro").allows.requests_a_month, Some(1_000_000));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_key() {
        for (text, key) in [
            ("[accounts]\nsecret = \"short\"\n", "accounts.secret"),
            (
                "[accounts]\nsecret = \"0123456789abcdef0123456789abcdef\"\nsecret_before = \"0123456789abcdef0123456789abcdef\"\n",
                "accounts.secret_before",
            ),
            (
                "[accounts]\npublic_url = \"example.org\"\n",
                "accounts.public_url",
            ),
            (
                "[accounts]\npublic_url = \"https://example.org/x\"\n",
                "accounts.public_url",
            ),
            ("[accounts]\nsession_days = 0\n", "accounts.session_days"),
            (
                "[accounts]\nsession_longest_days = 7\n",
                "accounts.session_longest_days",
            ),
            ("[accounts]\nargon2_passes = 0\n", "accounts.argon2"),
            (
                "[payments]\nsecret_key = \"sk_test_1\"\n",
                "payments.webhook_secret",
            ),
            ("[payments]\nbase_url = \"stripe\"\n", "payments.base_url"),
            ("[mail]\nfrom = \"Touchstone\"\n", "mail.from"),
            ("[mail]\nfolder = \"\"\n", "mail.folder"),
            (
                "[mail]\nsmtp_url = \"mail.example.org:25\"\n",
                "mail.smtp_url",
            ),
            (
                "[mail]\nsmtp_url = \"https://mail.example.org\"\n",
                "mail.smtp_url",
            ),
            (
                "[mail]\nsmtp_url = \"smtp://mail.example.org?tls=maybe\"\n",
                "mail.smtp_url",
            ),
            (
                "[mail]\nsmtp_url = \"smtp://me:horse@mail.example.org\"\n",
                "in the clear",
            ),
            (
                "[mail]\nsmtp_url = \"smtp://mail.example.org:25\"\nca_file = \"ca.pem\"\n",
                "mail.ca_file",
            ),
            (
                "[mail]\nsmtp_url = \"smtps://me:horse@mail.example.org:465\"\n",
                "mail.from",
            ),
            (
                "[mail]\nfrom = \"root@localhost\"\nsmtp_url = \"smtp://mail.example.org:25\"\n",
                "mail.from",
            ),
            (
                "[plans.pro]\nfeatures = [\"everything\"]\n",
                "plans.pro.features",
            ),
        ] {
            let said = refusal(text);
            assert!(said.contains(key), "{text}: {said}");
            assert!(!said.contains("horse"), "{said}");
        }
    }

    #[test]
    fn a_mail_server_is_named_with_or_without_tls() {
        for url in [
            "smtps://me:horse@mail.example.org:465",
            "smtp://me:horse@mail.example.org:587?tls=required",
            "smtp://me:horse@127.0.0.1:2525",
            "smtp://mail.example.org:25",
        ] {
            let from = "Touchstone <touchstone@example.org>";
            load(
                &format!("[mail]\nfrom = \"{from}\"\nsmtp_url = \"{url}\"\n"),
                &[],
            )
            .unwrap();
        }
    }

    #[test]
    fn a_server_on_this_machine_takes_mails_from_it() {
        for url in [
            "smtp://localhost:25",
            "smtp://127.0.0.1:25",
            "smtps://[::1]:465",
        ] {
            load(&format!("[mail]\nsmtp_url = \"{url}\"\n"), &[]).unwrap();
        }
    }

    #[test]
    fn secrets_of_accounts_and_mail_do_not_print() {
        let settings = load(
            "",
            &[
                (
                    "TOUCHSTONE__ACCOUNTS__SECRET",
                    "a horse that is longer than thirty-two characters",
                ),
                (
                    "TOUCHSTONE__ACCOUNTS__SECRET_BEFORE",
                    "another horse, which was in the stable before",
                ),
                (
                    "TOUCHSTONE__MAIL__FROM",
                    "Touchstone <touchstone@example.org>",
                ),
                (
                    "TOUCHSTONE__MAIL__SMTP_URL",
                    "smtps://me:horse@mail.example.org:465",
                ),
            ],
        );
        assert!(!format!("{:?}", settings.unwrap()).contains("horse"));
    }
}
