//! The world outside: venues and channels as configured, or the simulator in their stead.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::ids::ChannelId;
use domain::market::{Instrument, MarketKind, Venue};
use domain::ports::source::Scout;
use domain::ports::store::ChannelCard;
use domain::ports::{Candles, Clock, Feed};
use domain::post::Origin;
use secrecy::{ExposeSecret as _, SecretString};
use simulator::{Kind, Simulator, WebhookTarget};
use url::Url;

use crate::config::{self, Channel, Settings, VenueKind};
use crate::feeds::venue::{self, Rhythm, VenueFeed};
use crate::feeds::{binance, coinbase, kraken};
use crate::outbound::{Limits, Outbound, Reach};
use crate::platform::Posting;
use crate::registrar::Ways;
use crate::sources::folder::{self, Folder};
use crate::sources::rss::{self, FeedSource};
use crate::sources::strategy::{self, StrategySource};
use crate::sources::telegram::{self, TelegramPreview, TelegramScout};
use crate::sources::telegram_bot::{self, Bot, Chat};

use super::ways::Reached;

/// How often the simulator's previews are looked at: it is on this machine and need not be spared.
const SIMULATOR_EVERY: Duration = Duration::from_secs(1);

/// The simulator's venue.
pub(super) const SIMULATOR: &str = "sim";

/// How large and slow a preview page may be. Redirects are not followed: one tells that a channel
/// has no preview.
const PAGES: Limits = Limits {
    time: Duration::from_secs(15),
    connect: Duration::from_secs(5),
    body: 4 << 20,
    redirects: 0,
};

/// Venues and channels.
pub(super) struct World {
    pub(super) feeds: Vec<Arc<dyn Feed>>,
    /// Who tells candles to whoever looks back.
    pub(super) candles: BTreeMap<Venue, Arc<dyn Candles>>,
    pub(super) postings: Vec<Posting>,
    /// What those who bring their posts must show.
    pub(super) keys: BTreeMap<ChannelId, SecretString>,
    /// Who looks at channels that nobody reads yet.
    pub(super) scout: Arc<dyn Scout>,
    /// How posts are fetched for channels that are made while the platform runs.
    pub(super) ways: Box<dyn Ways>,
    pub(super) simulator: Option<Simulator>,
}

impl World {
    /// Makes the world of a configuration. `here` is where posts are brought to.
    pub(super) fn make(
        settings: &Settings,
        clock: &Arc<dyn Clock>,
        here: SocketAddr,
    ) -> anyhow::Result<Self> {
        if settings.simulator.enabled {
            Self::simulated(settings, clock, here)
        } else {
            Self::real(settings, clock)
        }
    }

    fn watch(&mut self, feed: VenueFeed) {
        let feed = Arc::new(feed);
        self.candles
            .insert(feed.venue().clone(), Arc::clone(&feed) as _);
        self.feeds.push(feed);
    }

    /// Adds a channel of a strategy over the candles of a market.
    fn strategy(
        &mut self,
        name: &str,
        watch: &config::Watch,
        market: &Market,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<()> {
        let (id, key) = (ChannelId::parse(name)?, format!("channels.{name}"));
        let candles = self.candles.get(&market.venue);
        let candles = candles.with_context(|| format!("{key}: there is no such venue"))?;
        let instruments = watch.pairs(&key)?.into_iter().map(|pair| Instrument {
            venue: market.venue.clone(),
            kind: market.kind,
            pair,
        });
        let options = strategy::Options {
            channel: id.clone(),
            strategy: watch.strategy(&key)?,
            interval: watch.interval(&key)?,
            instruments: instruments.collect(),
            candles: Arc::clone(candles),
            origin: market.origin,
            clock: Arc::clone(clock),
        };
        let source = Some(Arc::new(StrategySource::new(options)) as _);
        let posting = posting(&id, "strategy", name, market.origin, source);
        self.postings.push(posting);
        Ok(())
    }

    fn simulated(
        settings: &Settings,
        clock: &Arc<dyn Clock>,
        here: SocketAddr,
    ) -> anyhow::Result<Self> {
        let here = match here.ip().is_unspecified() {
            true => SocketAddr::from(([127, 0, 0, 1], here.port())),
            false => here,
        };
        let target = format!("http://{here}/v1/ingest/{{channel}}?key={{secret}}");
        let simulator = simulator::start(simulator::Options {
            seed: settings.simulator.seed,
            pace: settings.simulator.pace,
            truth_dir: settings.simulator.truth_dir.clone(),
            webhooks: Some(WebhookTarget { url: target }),
            payments: Some(simulator::PaymentsOptions {
                webhook_url: Some(format!("http://{here}/v1/billing/webhook")),
                // Who has bought a plan has it after a restart, too.
                state: Some(settings.simulator.path.with_file_name("payments.json")),
                ..simulator::PaymentsOptions::default()
            }),
            ..simulator::Options::default()
        })
        .context("the simulator could not start")?;
        let address = simulator.address();
        let feed = venue::Options {
            venue: Venue::new(SIMULATOR),
            stream: Url::parse(&format!("ws://{address}"))?,
            rest: Url::parse(&format!("http://{address}"))?,
            clock: Arc::clone(clock),
            rhythm: Rhythm::default(),
            judge_by: venue::JudgeBy::Trades,
        };
        let venue = Outbound::new(Reach::Anywhere, venue::LIMITS)?;
        let pages = Outbound::new(Reach::Anywhere, PAGES)?;
        let mut world = Self {
            feeds: Vec::new(),
            candles: BTreeMap::new(),
            postings: Vec::new(),
            keys: BTreeMap::new(),
            scout: Arc::new(TelegramScout::new(
                Url::parse(&format!("http://{address}"))?,
                pages.clone(),
                Arc::clone(clock),
            )),
            ways: Box::new(Reached {
                clock: Arc::clone(clock),
                origin: Origin::Simulator,
                telegram: Url::parse(&format!("http://{address}"))?,
                pages: pages.clone(),
                feeds: None,
                judged: true,
            }),
            simulator: None,
        };
        world.watch(binance::spot(feed, venue));
        for card in simulator.channels() {
            let id = ChannelId::parse(&card.name.to_lowercase())?;
            let posting = match card.kind {
                Kind::Preview => {
                    let options = telegram::Options {
                        channel: id.clone(),
                        name: card.name.to_owned(),
                        base: Url::parse(&format!("http://{address}"))?,
                        interval: SIMULATOR_EVERY,
                        reread: 400,
                        origin: Origin::Simulator,
                        clock: Arc::clone(clock),
                    };
                    let source = TelegramPreview::new(options, pages.clone());
                    posting(
                        &id,
                        "telegram",
                        card.title,
                        Origin::Simulator,
                        Some(Arc::new(source)),
                    )
                }
                Kind::Webhook => {
                    let secret = card.secret.clone().unwrap_or_default();
                    world.keys.insert(id.clone(), SecretString::from(secret));
                    posting(&id, "webhook", card.title, Origin::Simulator, None)
                }
            };
            world.postings.push(posting);
        }
        world.simulator = Some(simulator);
        for (name, channel) in &settings.channels {
            if let Channel::Strategy(watch) = channel {
                let market = Market {
                    venue: Venue::new(SIMULATOR),
                    kind: MarketKind::Spot,
                    origin: Origin::Simulator,
                };
                world.strategy(name, watch, &market, clock)?;
            }
        }
        Ok(world)
    }

    fn real(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let pages = Outbound::new(Reach::Public, PAGES)?;
        let feeds = Outbound::new(Reach::Public, rss::LIMITS)?;
        let mut world = Self {
            feeds: Vec::new(),
            candles: BTreeMap::new(),
            postings: Vec::new(),
            keys: BTreeMap::new(),
            scout: Arc::new(TelegramScout::new(
                config::channel::telegram(),
                pages.clone(),
                Arc::clone(clock),
            )),
            ways: Box::new(Reached {
                clock: Arc::clone(clock),
                origin: Origin::Live,
                telegram: config::channel::telegram(),
                pages: pages.clone(),
                feeds: Some(feeds.clone()),
                judged: !settings.venues.is_empty(),
            }),
            simulator: None,
        };
        let mut venues: Vec<_> = settings.venues.iter().collect();
        venues.sort_by_key(|(name, venue)| (venue.preference, *name));
        for (name, venue) in venues {
            world.watch(feed(name, venue, clock)?);
        }
        let near = Outbound::new(Reach::Anywhere, PAGES)?;
        // Into the own network only where the operator said so himself, not where a feed leads.
        let stay = Limits {
            redirects: 0,
            ..rss::LIMITS
        };
        let near_feeds = Outbound::new(Reach::Anywhere, stay)?;
        let mut bots: HashMap<&str, Bot> = HashMap::new();
        for (name, channel) in &settings.channels {
            let id = ChannelId::parse(name)?;
            let posting = match channel {
                Channel::Telegram {
                    name,
                    interval_s,
                    base_url,
                } => {
                    let options = telegram::Options {
                        base: base_url.clone(),
                        interval: Duration::from_secs(*interval_s),
                        ..telegram::Options::live(id.clone(), name.as_str(), Arc::clone(clock))
                    };
                    // Somebody who reads elsewhere than at Telegram wrote that address himself.
                    let outbound = if base_url.domain() == Some("t.me") {
                        &pages
                    } else {
                        &near
                    };
                    let source = TelegramPreview::new(options, outbound.clone());
                    posting(&id, "telegram", name, Origin::Live, Some(Arc::new(source)))
                }
                Channel::Webhook { key } => {
                    world.keys.insert(id.clone(), key.clone());
                    posting(&id, "webhook", name, Origin::Live, None)
                }
                Channel::Rss {
                    url,
                    interval_s,
                    private_network,
                } => {
                    let options = rss::Options {
                        channel: id.clone(),
                        url: url.clone(),
                        interval: Duration::from_secs(*interval_s),
                        origin: Origin::Live,
                        clock: Arc::clone(clock),
                    };
                    let outbound = if *private_network {
                        &near_feeds
                    } else {
                        &feeds
                    };
                    let source = FeedSource::new(options, outbound.clone());
                    posting(&id, "rss", name, Origin::Live, Some(Arc::new(source)))
                }
                Channel::Folder { path, rescan_s } => {
                    let source = Folder::new(folder::Options {
                        channel: id.clone(),
                        path: path.clone(),
                        rescan: Duration::from_secs(*rescan_s),
                        origin: Origin::Live,
                        clock: Arc::clone(clock),
                    });
                    posting(&id, "folder", name, Origin::Live, Some(Arc::new(source)))
                }
                Channel::Strategy(watch) => {
                    let market = market(watch, settings)?;
                    world.strategy(name, watch, &market, clock)?;
                    continue;
                }
                Channel::TelegramBot {
                    token,
                    chat,
                    base_url,
                } => {
                    let bot = match bots.entry(token.expose_secret()) {
                        Entry::Occupied(bot) => bot.into_mut(),
                        Entry::Vacant(place) => place.insert(bot(token, base_url, clock)?),
                    };
                    let source = bot.channel(id.clone(), Chat::parse(chat)?, Origin::Live);
                    let source = Some(Arc::new(source) as _);
                    posting(&id, "telegram", chat, Origin::Live, source)
                }
            };
            world.postings.push(posting);
        }
        Ok(world)
    }
}

/// Whose candles a strategy reads.
struct Market {
    venue: Venue,
    kind: MarketKind,
    origin: Origin,
}

/// The market of a strategy among the venues of a configuration: the only one where none is named.
fn market(watch: &config::Watch, settings: &Settings) -> anyhow::Result<Market> {
    let mut venues = settings.venues.iter();
    let venue = match &watch.venue {
        Some(name) => venues.find(|(venue, _)| *venue == name),
        None => venues.next(),
    };
    let (name, venue) = venue.context("a strategy needs a venue")?;
    Ok(Market {
        venue: Venue::new(name),
        kind: venue.kind.market(),
        origin: Origin::Live,
    })
}

/// One bot for each token: Telegram ends the older of two that ask for its updates.
fn bot(token: &SecretString, base: &Url, clock: &Arc<dyn Clock>) -> anyhow::Result<Bot> {
    let options = telegram_bot::Options {
        base: base.clone(),
        ..telegram_bot::Options::live(token.clone(), Arc::clone(clock))
    };
    // Somebody who runs a Bot API server himself wrote its address himself.
    let reach = if *base == telegram_bot::address() {
        Reach::Public
    } else {
        Reach::Anywhere
    };
    let outbound = Outbound::new(reach, telegram_bot::LIMITS)?;
    Ok(Bot::new(&options, outbound))
}

/// The feed of a venue, at its own address or where the world knows it.
pub(crate) fn feed(
    name: &str,
    venue: &config::Venue,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<VenueFeed> {
    let (rhythm, open): (_, fn(_, _) -> _) = match venue.kind {
        VenueKind::BinanceSpot => (Rhythm::default(), binance::spot),
        VenueKind::BinanceUsdm => (Rhythm::default(), binance::usdm),
        VenueKind::Kraken => (kraken::rhythm(), kraken::spot),
        VenueKind::Coinbase => (coinbase::rhythm(), coinbase::spot),
    };
    let options = venue::Options {
        venue: Venue::new(name),
        stream: Url::parse(venue.stream())?,
        rest: Url::parse(venue.rest())?,
        clock: Arc::clone(clock),
        rhythm,
        judge_by: match venue.judge_by {
            config::JudgeBy::Trades => venue::JudgeBy::Trades,
            config::JudgeBy::Candles => venue::JudgeBy::Candles,
        },
    };
    // The operator wrote the address down himself, so it may be anywhere.
    Ok(open(
        options,
        Outbound::new(Reach::Anywhere, venue::LIMITS)?,
    ))
}

fn posting(
    id: &ChannelId,
    platform: &str,
    title: &str,
    origin: Origin,
    source: Option<Arc<dyn domain::ports::source::OpenSource>>,
) -> Posting {
    let card = ChannelCard {
        id: id.clone(),
        platform: platform.to_owned(),
        title: title.to_owned(),
        origin,
    };
    Posting { card, source }
}
