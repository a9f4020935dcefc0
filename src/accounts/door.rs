//! The door: knows who stands there, and what he may see at this moment.
//!
//! Whatever changes what somebody may do raises a number in the store, on whichever node it was
//! done. The door looks at it four times a second and forgets what it knew when it rose, so that a
//! change holds everywhere within a second, on live connections, too.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use domain::account::{
    Account, AccountId, ApiKey, KeyId, Role, SecretDigest, Session, SessionId, Stay,
};
use domain::ids::ChannelId;
use domain::plan::{self, Allowance, Entitlement, Feature, Plan};
use domain::ports::Clock;
use domain::ports::accounts::Accounts;
use domain::ports::store::{Store, StoreError};
use domain::time::Timestamp;
use ipnet::IpNet;
use tokio::sync::watch;

use super::caller::{Caller, Who};
use super::secrets;
use super::tokens::{Named, Tokens, Unbelieved};

/// How often the door looks whether anything changed.
const LOOKS: Duration = Duration::from_millis(250);

/// How many people and keys it knows by heart.
const BY_HEART: usize = 10_000;

/// How often a device that comes by is noted.
const NOTED: Duration = Duration::from_secs(60);

/// What somebody shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// What stands behind `Authorization: Bearer`: an access token, or a program's key.
    pub bearer: Option<&'a str>,
    /// A browser's cookie.
    pub cookie: Option<&'a str>,
    /// From where he comes.
    pub address: Option<IpAddr>,
    /// He sits at the machine itself, and calls it by its local name.
    pub at_the_machine: bool,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// What he shows is not believed.
    #[error(transparent)]
    Unbelieved(#[from] Unbelieved),
    /// His device was logged out, or his account is closed or gone.
    #[error("the session is over; log in again")]
    Over,
    /// The key is none, or its time is over.
    #[error("the key is unknown, or its time is over")]
    WrongKey,
    /// The key may not come from here.
    #[error("the key may not be used from this address")]
    WrongNetwork,
    /// Nobody knows at this moment.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known of an account at a moment.
struct Known {
    role: Role,
    entitled: Arc<Entitlement>,
    owned: Arc<[ChannelId]>,
    sessions: BTreeSet<SessionId>,
}

#[derive(Default)]
struct Memory {
    people: HashMap<AccountId, (u64, Option<Arc<Known>>)>,
    keys: HashMap<SecretDigest, (u64, Arc<ApiKey>)>,
    cookies: HashMap<SecretDigest, (u64, Session)>,
    /// Keys that were used, and devices that were seen, since it was last noted.
    used: BTreeMap<KeyId, Timestamp>,
    seen: BTreeMap<SessionId, Timestamp>,
    noted: BTreeMap<SessionId, Timestamp>,
}

struct Inside {
    accounts: Arc<dyn Accounts>,
    store: Arc<dyn Store>,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    /// Whoever sits at the machine may do everything.
    open_here: bool,
    /// Everybody may do everything, from everywhere.
    open_to_all: bool,
    /// How long a browser's cookie holds.
    stay: Stay,
    plans: RwLock<Arc<[Plan]>>,
    memory: Mutex<Memory>,
    revision: watch::Sender<u64>,
}

/// Knows who stands there.
#[derive(Clone)]
pub struct Door(Arc<Inside>);

/// Whom the door is open to without a word.
#[derive(Clone, Copy, Debug, Default)]
pub struct Openness {
    /// Whoever sits at the machine.
    pub here: bool,
    /// Everybody.
    pub to_all: bool,
}

impl Door {
    /// A door that knows the plans.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they cannot be read.
    pub async fn open(
        accounts: Arc<dyn Accounts>,
        store: Arc<dyn Store>,
        tokens: Arc<Tokens>,
        clock: Arc<dyn Clock>,
        openness: Openness,
        stay: Stay,
    ) -> Result<Self, StoreError> {
        let revision = accounts.revision().await?;
        let plans = accounts.plans().await?;
        Ok(Self(Arc::new(Inside {
            accounts,
            store,
            tokens,
            clock,
            open_here: openness.here,
            open_to_all: openness.to_all,
            stay,
            plans: RwLock::new(plans.into()),
            memory: Mutex::default(),
            revision: watch::Sender::new(revision),
        })))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plans, from the least.
    #[must_use]
    pub fn plans(&self) -> Arc<[Plan]> {
        Arc::clone(&self.0.plans.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The cheapest plan that satisfies, for whoever has to be told what would.
    #[must_use]
    pub fn plan_with(&self, satisfies: impl Fn(&Allowance) -> bool) -> Option<Plan> {
        plan::cheapest(&self.plans(), satisfies).cloned()
    }

    /// The cheapest plan with a feature.
    #[must_use]
    pub fn plan_of(&self, feature: Feature) -> Option<Plan> {
        self.plan_with(|allows| allows.has(feature))
    }

    /// Rises when anybody's rights may have changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.revision.subscribe()
    }

    /// Who stands there.
    ///
    /// # Errors
    ///
    /// [`Denied`] when he shows something that does not open. Whoever shows nothing is a stranger.
    pub async fn identify(&self, shown: &Shown<'_>) -> Result<Caller, Denied> {
        if let Some(bearer) = shown.bearer {
            if bearer.starts_with(secrets::API_KEY) {
                return self.program(bearer, shown.address).await;
            }
            return self.member(self.0.tokens.read(bearer)?, false).await;
        }
        if let Some(cookie) = shown.cookie {
            // A cookie that is over is as none: a browser shows it without being asked.
            if let Some(caller) = self.browser(cookie).await? {
                return Ok(caller);
            }
        }
        let open = self.0.open_to_all || (self.0.open_here && shown.at_the_machine);
        Ok(if open {
            Caller::operator()
        } else {
            Caller::stranger()
        })
    }

    /// Who somebody is now who was let in before. None: he is not let in any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when nobody knows at this moment.
    pub async fn again(&self, caller: &Caller) -> Result<Option<Caller>, StoreError> {
        let known = match &caller.who {
            Who::Stranger | Who::Operator => return Ok(Some(caller.clone())),
            Who::Member { account, session } => self.known_on(*account, *session).await?,
            Who::Program { account, key, .. } => {
                let now = self.0.clock.now();
                let keys = self.0.accounts.keys(*account).await?;
                let holds = keys
                    .iter()
                    .any(|it| it.id == *key && it.expires.is_none_or(|expires| now < expires));
                let known = self.known(*account).await?;
                known.filter(|known| holds && known.entitled.allows.has(Feature::Keys))
            }
        };
        Ok(known.map(|known| Caller {
            role: caller.role.min(known.role),
            entitled: Arc::clone(&known.entitled),
            owned: Arc::clone(&known.owned),
            ..caller.clone()
        }))
    }

    async fn member(&self, named: Named, by_cookie: bool) -> Result<Caller, Denied> {
        let known = self.known_on(named.account, named.session).await?;
        let known = known.ok_or(Denied::Over)?;
        self.saw(named.session);
        Ok(Caller {
            who: Who::Member {
                account: named.account,
                session: named.session,
            },
            role: known.role,
            entitled: Arc::clone(&known.entitled),
            owned: Arc::clone(&known.owned),
            by_cookie,
        })
    }

    async fn browser(&self, cookie: &str) -> Result<Option<Caller>, Denied> {
        let digest = secrets::digest(cookie);
        let revision = *self.0.revision.borrow();
        let by_heart = self.memory().cookies.get(&digest).cloned();
        let session = match by_heart {
            Some((known_at, session)) if known_at == revision => Some(session),
            Some(_) | None => {
                let now = self.0.clock.now();
                let found = self.0.accounts.by_cookie(digest, now).await?;
                if let Some(session) = &found {
                    let mut memory = self.memory();
                    make_room(&mut memory.cookies);
                    memory.cookies.insert(digest, (revision, session.clone()));
                }
                found
            }
        };
        let Some(session) = session.filter(|it| self.0.clock.now() < it.expires) else {
            return Ok(None);
        };
        let named = Named {
            account: session.account,
            session: session.id,
        };
        match self.member(named, true).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Denied::Over) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn program(&self, key: &str, from: Option<IpAddr>) -> Result<Caller, Denied> {
        let digest = secrets::digest(key);
        let revision = *self.0.revision.borrow();
        let by_heart = self.memory().keys.get(&digest).cloned();
        let key = match by_heart {
            Some((known_at, key)) if known_at == revision => key,
            Some(_) | None => {
                let found = self.0.accounts.key(digest).await?;
                let key = Arc::new(found.ok_or(Denied::WrongKey)?);
                let mut memory = self.memory();
                make_room(&mut memory.keys);
                memory.keys.insert(digest, (revision, Arc::clone(&key)));
                key
            }
        };
        let now = self.0.clock.now();
        if key.expires.is_some_and(|expires| expires <= now) {
            return Err(Denied::WrongKey);
        }
        if !comes_from(&key.networks, from) {
            return Err(Denied::WrongNetwork);
        }
        let known = self.known(key.account).await?.ok_or(Denied::WrongKey)?;
        self.memory().used.insert(key.id, now);
        Ok(Caller {
            who: Who::Program {
                account: key.account,
                key: key.id,
                scopes: key.scopes.clone().into(),
            },
            // A key never runs the platform, whoever made it.
            role: Role::User,
            entitled: Arc::clone(&known.entitled),
            owned: Arc::clone(&known.owned),
            by_cookie: false,
        })
    }

    /// What is known of an account on one of its devices; none where that is not logged in. Logging in
    /// changes nobody else's rights, so a device that the door does not know is looked up.
    async fn known_on(
        &self,
        id: AccountId,
        session: SessionId,
    ) -> Result<Option<Arc<Known>>, StoreError> {
        let logged_in = |known: &Arc<Known>| known.sessions.contains(&session);
        let known = self.known(id).await?.filter(logged_in);
        if known.is_some() {
            return Ok(known);
        }
        Ok(self.find_out(id).await?.filter(logged_in))
    }

    /// What is known of an account; none when it is closed, gone or not verified.
    async fn known(&self, id: AccountId) -> Result<Option<Arc<Known>>, StoreError> {
        let revision = *self.0.revision.borrow();
        let by_heart = self.memory().people.get(&id).cloned();
        if let Some((known_at, known)) = by_heart
            && known_at == revision
        {
            return Ok(known);
        }
        self.find_out(id).await
    }

    async fn find_out(&self, id: AccountId) -> Result<Option<Arc<Known>>, StoreError> {
        let revision = *self.0.revision.borrow();
        let account = self.0.accounts.account(id).await?;
        let known = match account.filter(|it| it.closed.is_none() && it.verified.is_some()) {
            Some(account) => Some(Arc::new(self.look_up(&account).await?)),
            None => None,
        };
        let mut memory = self.memory();
        make_room(&mut memory.people);
        memory.people.insert(id, (revision, known.clone()));
        Ok(known)
    }

    async fn look_up(&self, account: &Account) -> Result<Known, StoreError> {
        let now = self.0.clock.now();
        let sessions = self.0.accounts.sessions(account.id, now).await?;
        let owned = self.0.accounts.owned(account.id).await?;
        let mut entitled = if account.role == Role::Admin {
            Entitlement::operator()
        } else {
            self.entitlement(account, now).await?
        };
        if entitled.allows.channels.is_some() {
            // One's own channels are shown beside those that the plan shows.
            let own = owned.iter().filter(|id| !entitled.chosen.contains(id));
            let own: Vec<_> = own.cloned().collect();
            entitled.chosen.extend(own);
        }
        Ok(Known {
            role: account.role,
            entitled: Arc::new(entitled),
            owned: owned.into(),
            sessions: sessions.iter().map(|session| session.id).collect(),
        })
    }

    /// The best of what everybody has, what was given and what is paid for.
    async fn entitlement(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<Entitlement, StoreError> {
        let paid = self.0.accounts.subscription(account.id).await?;
        let paid = paid.as_ref().and_then(|paid| paid.gives(now));
        let plans = self.plans();
        let named = |it: &&Plan| Some(&it.id) == paid || Some(&it.id) == account.granted.as_ref();
        let best = plans.iter().filter(named).max_by_key(|plan| plan.rank);
        let Some(plan) = best.or_else(|| plans.first()) else {
            return Ok(Entitlement::stranger());
        };
        let mut chosen = account.chosen.clone();
        if let Some(most) = plan.allows.channels {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            if chosen.is_empty() {
                // Whoever has not chosen sees the ones that are here the longest.
                let mut channels = self.0.store.channels().await?;
                channels.sort_by(|a, b| (a.since, &a.card.id).cmp(&(b.since, &b.card.id)));
                chosen.extend(channels.into_iter().map(|channel| channel.card.id));
            }
            chosen.truncate(most);
        }
        Ok(Entitlement {
            plan: Some(plan.id.clone()),
            allows: plan.allows.clone(),
            chosen,
        })
    }

    fn saw(&self, session: SessionId) {
        let now = self.0.clock.now();
        self.memory().seen.insert(session, now);
    }

    /// Hears of what changed, at once: whoever changed something wants to see it.
    pub async fn hear(&self) {
        if let Err(error) = self.look().await {
            tracing::warn!("the door could not look whether anything changed: {error:#}");
        }
    }

    async fn look(&self) -> anyhow::Result<()> {
        let revision = self.0.accounts.revision().await?;
        if *self.0.revision.borrow() >= revision {
            return Ok(());
        }
        let plans = self.0.accounts.plans().await?;
        *self.0.plans.write().unwrap_or_else(PoisonError::into_inner) = plans.into();
        self.0.tokens.reload().await?;
        {
            let mut memory = self.memory();
            memory.people.clear();
            memory.keys.clear();
            memory.cookies.clear();
        }
        // Of two that look at once the one that saw less may come last: what is known never gets older.
        self.0.revision.send_if_modified(|known| {
            let rose = *known < revision;
            *known = revision.max(*known);
            rose
        });
        Ok(())
    }

    /// Notes which keys were used and which devices were seen, once a minute each.
    async fn note(&self) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let (used, seen) = {
            let mut memory = self.memory();
            let used = std::mem::take(&mut memory.used);
            let seen = std::mem::take(&mut memory.seen);
            let old = |at: &Timestamp| now.since(*at) < NOTED;
            memory.noted.retain(|_, at| old(at));
            let new: BTreeMap<_, _> = seen
                .into_iter()
                .filter(|(id, _)| !memory.noted.contains_key(id))
                .collect();
            memory.noted.extend(new.iter().map(|(id, at)| (*id, *at)));
            (used, new)
        };
        if !used.is_empty() {
            self.0.accounts.used_keys(&used).await?;
        }
        for (id, at) in seen {
            self.0.accounts.touch(id, at, self.0.stay).await?;
        }
        Ok(())
    }

    /// Looks again and again whether anything changed.
    pub async fn watch(self) {
        let mut rounds = 0_u32;
        loop {
            tokio::time::sleep(LOOKS).await;
            self.hear().await;
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(20)
                && let Err(error) = self.note().await
            {
                tracing::warn!("it could not be noted who was here: {error}");
            }
            // Grace periods and keys that sign end by themselves, without a change in the store.
            if rounds.is_multiple_of(240) {
                self.memory().people.clear();
                if let Err(error) = self.0.tokens.reload().await {
                    tracing::warn!("the keys that sign tokens could not be read: {error:#}");
                }
                self.0.revision.send_modify(|_| ());
            }
        }
    }
}

/// A full memory is emptied: what is forgotten is looked up again.
fn make_room<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= BY_HEART {
        map.clear();
    }
}

fn comes_from(networks: &[String], from: Option<IpAddr>) -> bool {
    networks.is_empty()
        || from.is_some_and(|from| {
            let from = from.to_canonical();
            networks
                .iter()
                .filter_map(|network| network.parse::<IpNet>().ok())
                .any(|network| network.contains(&from))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_from_its_networks_alone() {
        let networks = ["10.1.0.0/16".to_owned(), "2001:db8::/32".to_owned()];
        let from = |text: &str| comes_from(&networks, text.parse().ok());
        assert!(from("10.1.2.3") && from("::ffff:10.1.2.3") && from("2001:db8::1"));
        assert!(!from("10.2.2.3") && !from("::1") && !comes_from(&networks, None));
        assert!(comes_from(&[], None));
    }
}
