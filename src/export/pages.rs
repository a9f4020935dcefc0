//! Pages: the records of an export, a few hundred rows at a time.

use std::sync::Arc;
use std::vec;

use clap::Args;
use domain::ids::ChannelId;
use domain::ports::View;
use domain::ports::retrial::Retrials;
use domain::ports::scrutiny::Scrutiny;
use domain::ports::store::{ChannelCard, SignalQuery, SignalRecord, Store, StoreError};
use domain::post::Origin;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Failed;
use crate::figures::claims::Claims;
use crate::figures::followed::{Followed, FollowedFilter};
use crate::figures::scrutiny::{self, About};
use crate::figures::window::Window;
use crate::figures::{self, Figures, as_of};
use crate::filter::{self, BadFilter, SignalFilter};
use crate::wire::rows::{self, ChannelRow, FIGURES, Kind, OUTCOMES, OutcomeRow, SIGNALS, Value};

/// So many signals are in memory at once.
const PAGE: usize = 500;

/// Which figures.
#[derive(Args, Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FiguresFilter {
    /// Of these channels, comma-separated; of all when nothing is said.
    #[arg(long, value_name = "NAMES")]
    #[param(pattern = "^[a-z0-9_.-]{1,64}(,[a-z0-9_.-]{1,64})*$")]
    pub channels: Option<String>,
    /// Signals received in the last `7d`, `30d`, `90d` or `365d`, or `all`.
    #[arg(long, value_name = "WINDOW")]
    #[param(pattern = "^(7d|30d|90d|365d|all)$")]
    pub window: Option<String>,
    /// `live`, `import` or `simulator`; each channel's own when nothing is said.
    #[arg(long, value_name = "ORIGIN")]
    #[param(pattern = "^(live|import|simulator)$")]
    pub origin: Option<String>,
    /// As they were known at this instant: RFC 3339, or whole microseconds UTC.
    #[arg(long, value_name = "WHEN")]
    #[param(schema_with = filter::instants)]
    pub at: Option<String>,
}

/// What is exported.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Signals, newest first.
    Signals(SignalQuery),
    /// The outcomes of those that are judged, newest signal first.
    Outcomes(SignalQuery, Followed),
    /// The figures of channels, by name.
    Figures {
        /// Of these; of all where it is empty.
        channels: Vec<ChannelId>,
        /// How far back signals count.
        window: Window,
        /// Of which origin; the channel's own where none is said.
        origin: Option<Origin>,
        /// Under which model.
        followed: Followed,
        /// What was not known then is left out.
        at: Timestamp,
    },
}

impl Wanted {
    /// Signals that pass a filter.
    ///
    /// # Errors
    ///
    /// [`BadFilter`] when it cannot be read.
    pub fn signals(filter: &SignalFilter) -> Result<Self, BadFilter> {
        filter.query().map(Self::Signals)
    }

    /// Outcomes of signals that pass a filter.
    ///
    /// # Errors
    ///
    /// [`BadFilter`] when it cannot be read.
    pub fn outcomes(filter: &SignalFilter, followed: &FollowedFilter) -> Result<Self, BadFilter> {
        Ok(Self::Outcomes(filter.query()?, followed.read()?))
    }

    /// Figures that pass a filter.
    ///
    /// # Errors
    ///
    /// [`BadFilter`] when it cannot be read.
    pub fn figures(
        filter: &FiguresFilter,
        followed: &FollowedFilter,
        now: Timestamp,
    ) -> Result<Self, BadFilter> {
        let window = Window::read(filter.window.as_deref());
        let at = filter::instant("at", filter.at.as_deref())?;
        Ok(Self::Figures {
            channels: filter::list("channels", filter.channels.as_deref(), ChannelId::parse)?,
            window: window.map_err(|why| BadFilter::new("window", why))?,
            origin: filter::origin(filter.origin.as_deref())?,
            followed: followed.read()?,
            at: at.map_or(now, |at| at.min(now)),
        })
    }

    /// `signals`, `outcomes` or `figures`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signals(_) => "signals",
            Self::Outcomes(..) => "outcomes",
            Self::Figures { .. } => "figures",
        }
    }
}

/// What exports are read from.
#[derive(Clone)]
pub struct Shelves {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// What came of signals when they were tried again.
    pub retrials: Arc<dyn Retrials>,
    /// What channels claim.
    pub scrutiny: Arc<dyn Scrutiny>,
}

/// The rows of an export, page by page.
pub struct Pages {
    shelves: Shelves,
    wanted: Wanted,
    /// Read already, to know that the records can be read at all.
    first: Option<Vec<Vec<Value>>>,
    /// Whose figures are still to come.
    channels: vec::IntoIter<ChannelCard>,
    /// Whether scores are among them.
    view: View,
    over: bool,
}

impl Pages {
    /// Begins with the first page, so that a store that is away is known before anything is written.
    ///
    /// # Errors
    ///
    /// [`Failed`] when it cannot be read.
    pub async fn begin(shelves: Shelves, wanted: Wanted, view: View) -> Result<Self, Failed> {
        let mut cards = Vec::new();
        if let Wanted::Figures { channels, .. } = &wanted {
            let all = shelves.store.channels().await?.into_iter();
            cards.extend(
                all.map(|record| record.card)
                    .filter(|card| channels.is_empty() || channels.contains(&card.id)),
            );
        }
        let mut pages = Self {
            shelves,
            wanted,
            first: None,
            channels: cards.into_iter(),
            view,
            over: false,
        };
        pages.first = pages.read().await?;
        Ok(pages)
    }

    /// What the rows are of.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.wanted.name()
    }

    /// The columns.
    #[must_use]
    pub fn header(&self) -> Vec<(&'static str, Kind)> {
        match self.wanted {
            Wanted::Signals(_) => rows::header(SIGNALS),
            Wanted::Outcomes(..) => rows::header(OUTCOMES),
            Wanted::Figures { .. } => rows::header(FIGURES),
        }
    }

    /// The next rows; none at the end. A page may be empty.
    ///
    /// # Errors
    ///
    /// [`Failed`] when they cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, Failed> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<Vec<Value>>>, Failed> {
        if self.over {
            return Ok(None);
        }
        let Shelves {
            store,
            retrials,
            scrutiny,
        } = &self.shelves;
        match &mut self.wanted {
            Wanted::Signals(query) => {
                let page = page(&**store, query, (self.view, &mut self.over)).await?;
                Ok(Some(page.iter().map(|of| rows::row(SIGNALS, of)).collect()))
            }
            Wanted::Outcomes(query, followed) => {
                let page = page(&**store, query, (self.view, &mut self.over)).await?;
                let mut retried = followed.retried(&**retrials, &page).await?;
                let judged = page.into_iter().filter(|of| of.outcome.is_some());
                let told = judged.filter_map(|record| {
                    let retried = retried.remove(&record.signal.id);
                    // Not tried so yet: what was judged live is not its outcome.
                    let told = followed.policy().is_none() || retried.is_some();
                    told.then(|| rows::row(OUTCOMES, &OutcomeRow { record, retried }))
                });
                Ok(Some(told.collect()))
            }
            Wanted::Figures {
                window,
                origin,
                followed,
                at,
                ..
            } => {
                let Some(card) = self.channels.next() else {
                    return Ok(None);
                };
                let (window, followed, at) = (*window, *followed, *at);
                let about = About {
                    channel: &card.id,
                    origin: origin.unwrap_or(card.origin),
                    from: window.from(at),
                    at,
                };
                let judged =
                    figures::read::signals(&**store, about.channel, about.origin, about.from);
                let judged = judged.await?;
                if judged.is_empty() {
                    // A channel of another origin has no signals of this one, and no row.
                    return Ok(Some(Vec::new()));
                }
                let said = scrutiny::said(&**scrutiny, &about).await?;
                let origin = about.origin.label();
                let (signals, untried) = followed.records(&**retrials, judged.clone()).await?;
                let row = super::beside(move || {
                    let (signals, judged) = (as_of(signals, at), as_of(judged, at));
                    let row = ChannelRow {
                        channel: card.id.to_string(),
                        origin,
                        window: window.label(),
                        model: followed.model(),
                        policy: followed.policy(),
                        untried,
                        as_of: at,
                        figures: Figures::of(&signals),
                        claims: Claims::of(&judged, &said),
                    };
                    Ok((!judged.is_empty()).then(|| rows::row(FIGURES, &row)))
                });
                Ok(Some(row.await?.into_iter().collect()))
            }
        }
    }
}

/// The next signals of a list, older than all before: what is stored meanwhile moves none of them.
async fn page(
    store: &dyn Store,
    query: &mut SignalQuery,
    (view, over): (View, &mut bool),
) -> Result<Vec<SignalRecord>, StoreError> {
    query.limit = PAGE;
    let mut page = store.signals(query).await?;
    if view == View::Plain {
        page.iter_mut().for_each(|record| record.score = None);
    }
    query.before = page.last().map(|record| record.seq);
    *over = page.len() < PAGE;
    Ok(page)
}
