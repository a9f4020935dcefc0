//! The story of one post, told once from top to bottom.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{Body, Happening};
use domain::ids::{ChannelId, Cursor, SignalId};
use domain::market::Price;
use domain::parse;
use domain::ports::Asked;
use domain::ports::store::{Entry, PostEntry, Receipt, SignalRecord};
use domain::post::{Action, Digest, Post};
use domain::reading::{About, Draft, Instruction, Meaning, Order, Reading};
use domain::score::{Assessed, Assessment};
use domain::signal::Signal;
use domain::time::Timestamp;
use tracing::{Instrument as _, Span};

use super::again;
use super::judge::{amend, is_level, judge, meant, new_lines};
use super::memory::{Known, Memory};
use super::{Arrive, Fate, Handling, Rooms};
use crate::floor::{Find, Follow, Listings, UNLISTED};
use crate::ledger::Write;
use crate::scorer::Ask;
use crate::unsettled::Unsettled;
use crate::way;

/// The same channel saying the same within this time says it once.
const REPEAT_WITHIN: Duration = Duration::from_secs(15 * 60);

/// A share that is taken again within this time is the same share, told again: many rooms write it in
/// words, and once more with the price.
const SHARE_WITHIN: Duration = Duration::from_secs(2 * 60);

/// A reply completes the post before it within this time; later the market is another one.
const COMPLETED_WITHIN: Duration = Duration::from_secs(60 * 60);

/// One post's story.
pub(crate) struct Story {
    channel: ChannelId,
    rooms: Rooms,
    memory: Memory,
    way: Span,
}

/// A signal, and what was read of it; nothing where it repeats one of another post.
struct Called {
    signal: Arc<Signal>,
    draft: Option<Arc<Draft>>,
}

/// What a post came to, before it is stored.
struct Verdict {
    reading: Reading,
    fate: Fate,
    signals: Vec<Called>,
    orders: Vec<(Arc<Signal>, Order)>,
    revised: Vec<Arc<Signal>>,
    note: Option<String>,
}

impl Verdict {
    const fn of(reading: Reading, fate: Fate) -> Self {
        Self {
            reading,
            fate,
            signals: Vec::new(),
            orders: Vec::new(),
            revised: Vec::new(),
            note: None,
        }
    }
}

impl Story {
    pub(crate) const fn new(channel: ChannelId, rooms: Rooms, memory: Memory, way: Span) -> Self {
        Self {
            channel,
            rooms,
            memory,
            way,
        }
    }

    pub(crate) fn into_memory(self) -> Memory {
        self.memory
    }

    /// Tells it: is it new, what does it say, what is it worth, is it stored?
    pub(crate) async fn tell(&mut self, arrival: &Arrive) -> Result<Fate, Unsettled> {
        let Some(post) = &arrival.post else {
            return self.move_on(arrival.cursor.clone(), Fate::MovedOn).await;
        };
        let digest = post.digest();
        let known = self.known(post).await?;
        if known == Known::As(digest) {
            return self.move_on(arrival.cursor.clone(), Fate::Duplicate).await;
        }
        let verdict = match (known, post.action, arrival.handling) {
            (Known::New, Action::Deleted, _) => {
                // It was gone before anybody here had seen it: there is nothing to keep.
                return self.move_on(arrival.cursor.clone(), Fate::Duplicate).await;
            }
            (_, Action::Deleted, _) => self.deleted(post).await?,
            (_, _, Handling::SetAside) => Verdict::of(noise("set-aside"), Fate::SetAside),
            (Known::New, _, Handling::Read) => self.original(post).await?,
            (Known::As(_) | Known::Unsure, _, Handling::Read) => self.edited(post).await?,
        };
        self.store(post, digest, verdict, arrival.cursor.clone())
            .await
    }

    /// What is known of the post, by heart or from the store.
    async fn known(&self, post: &Post) -> Result<Known, Unsettled> {
        let known = self.memory.of(&post.key);
        if known == Known::Unsure || (known == Known::New && post.action == Action::Deleted) {
            let versions = self.rooms.store.versions(&self.channel, &post.key).await?;
            return Ok(versions
                .last()
                .map_or(Known::New, |last| Known::As(last.post.digest())));
        }
        Ok(known)
    }

    /// A post that was never seen.
    async fn original(&self, post: &Arc<Post>) -> Result<Verdict, Unsettled> {
        let mut reading = self.read(post).await?;
        if !matches!(reading.meaning, Meaning::Signals(_))
            && let Some(completed) = self.completed(post).await?
        {
            reading = completed;
        }
        match &reading.meaning {
            Meaning::Signals(drafts) => {
                let drafts = drafts.clone();
                self.signals(post, reading, &drafts).await
            }
            Meaning::Updates(words) => {
                self.orders(post, words.clone(), reading, Fate::Update)
                    .await
            }
            Meaning::Closes(words) => self.orders(post, words.clone(), reading, Fate::Close).await,
            Meaning::Cancels(words) => {
                self.orders(post, words.clone(), reading, Fate::Cancel)
                    .await
            }
            Meaning::Claim { .. } => Ok(Verdict::of(reading, Fate::Claim)),
            Meaning::Noise(_) => Ok(Verdict::of(reading, Fate::Noise)),
            Meaning::Quarantined { .. } => Ok(Verdict::of(reading, Fate::Quarantined)),
        }
    }

    /// What a reply and the post that it completes say together, where only both are a trade: `Long
    /// SOL, entry 142`, and under it `SL 136, TP 150`. It is received with the reply.
    async fn completed(&self, post: &Post) -> Result<Option<Reading>, Unsettled> {
        let Some(first) = &post.reply_to else {
            return Ok(None);
        };
        let versions = self.rooms.store.versions(&self.channel, first).await?;
        let Some(first) = versions.last() else {
            return Ok(None);
        };
        let half = !post.text.trim().is_empty()
            && first.post.action != Action::Deleted
            && matches!(first.class.as_str(), "noise" | "quarantined")
            && post.received <= first.post.received + COMPLETED_WITHIN;
        if !half {
            return Ok(None);
        }
        let assets = self.rooms.floor.ask(Listings).await??;
        let context = parse::Context { assets: &*assets };
        let both = format!("{}\n{}", first.post.text, post.text);
        let mut reading = parse::read(&both, false, context);
        let Meaning::Signals(drafts) = &mut reading.meaning else {
            return Ok(None);
        };
        // The places are those of two texts together, and nobody could find them in one.
        drafts.iter_mut().for_each(|draft| draft.spans.clear());
        Ok(Some(reading))
    }

    /// A new version of a post. Its signals stay as they were published; new levels hold from now
    /// on, and a text that became a trade only by the edit is a trade received now.
    async fn edited(&self, post: &Arc<Post>) -> Result<Verdict, Unsettled> {
        let before = self
            .rooms
            .store
            .signals_in(&self.channel, &post.key)
            .await?;
        let reading = self.read(post).await?;
        let drafts = match &reading.meaning {
            Meaning::Signals(drafts) => drafts.clone(),
            Meaning::Updates(_)
            | Meaning::Closes(_)
            | Meaning::Cancels(_)
            | Meaning::Claim { .. }
            | Meaning::Noise(_)
            | Meaning::Quarantined { .. } => Vec::new(),
        };
        if before.is_empty() && !drafts.is_empty() {
            let verdict = self.signals(post, reading, &drafts).await?;
            return Ok(Verdict {
                fate: Fate::Edited,
                ..verdict
            });
        }
        let mut verdict = Verdict::of(reading, Fate::Edited);
        self.added(post, &before, &mut verdict).await?;
        for record in before {
            let draft = drafts.iter().find(|draft| {
                draft.side == record.signal.side
                    && draft.pair.base() == record.signal.instrument.pair.base()
            });
            let orders = draft
                .map(|draft| amend(&record.signal, draft))
                .unwrap_or_default();
            verdict.orders.extend(
                orders
                    .into_iter()
                    .map(|order| (Arc::clone(&record.signal), order)),
            );
            verdict.revised.push(record.signal);
        }
        Ok(verdict)
    }

    /// A card that is edited in place says in its new lines what is to be done with its own trades:
    /// `STATUS: closed`, `stop to entry`. New levels are not told by lines but by the whole card.
    async fn added(
        &self,
        post: &Arc<Post>,
        before: &[SignalRecord],
        verdict: &mut Verdict,
    ) -> Result<(), Unsettled> {
        if before.is_empty() {
            return Ok(());
        }
        let versions = self.rooms.store.versions(&self.channel, &post.key).await?;
        let Some(last) = versions.last() else {
            return Ok(());
        };
        let assets = self.rooms.floor.ask(Listings).await??;
        let context = parse::Context { assets: &*assets };
        let added = new_lines(&last.post.text, &post.text);
        let words = match parse::read(&added, false, context).meaning {
            Meaning::Updates(words) | Meaning::Closes(words) | Meaning::Cancels(words) => words,
            Meaning::Signals(_)
            | Meaning::Claim { .. }
            | Meaning::Noise(_)
            | Meaning::Quarantined { .. } => return Ok(()),
        };
        let own: Vec<Arc<Signal>> = self
            .open(post.received)
            .await?
            .into_iter()
            .filter(|signal| before.iter().any(|record| record.signal.id == signal.id))
            .collect();
        for word in words.into_iter().filter(|word| !is_level(&word.order)) {
            match meant(&word, &[], &own) {
                Ok(signals) => {
                    let orders = signals
                        .into_iter()
                        .map(|signal| (Arc::clone(signal), word.order.clone()));
                    verdict.orders.extend(orders);
                }
                Err(candidates) if candidates > 1 => {
                    verdict.note = Some(format!("ambiguous: {candidates} open trades fit"));
                }
                // It is over already.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// A post that is gone at its platform. Its signals are followed to their end.
    async fn deleted(&self, post: &Arc<Post>) -> Result<Verdict, Unsettled> {
        let signals = self
            .rooms
            .store
            .signals_in(&self.channel, &post.key)
            .await?;
        let mut verdict = Verdict::of(noise("deleted"), Fate::Deleted);
        verdict.revised = signals.into_iter().map(|record| record.signal).collect();
        Ok(verdict)
    }

    async fn read(&self, post: &Post) -> Result<Reading, Unsettled> {
        let reading = async {
            let assets = self.rooms.floor.ask(Listings).await??;
            let context = parse::Context { assets: &*assets };
            Ok(parse::read(&post.text, !post.media.is_empty(), context))
        };
        reading.instrument(way::parsed(&self.way)).await
    }

    /// Makes drafts signals, all of them or none: a post with one impossible trade is held whole.
    async fn signals(
        &self,
        post: &Arc<Post>,
        reading: Reading,
        drafts: &[Draft],
    ) -> Result<Verdict, Unsettled> {
        let mut signals = Vec::with_capacity(drafts.len());
        for (nth, draft) in drafts.iter().enumerate() {
            let found = self.rooms.floor.ask(Find::of(draft)).await??;
            match judge(post, nth, draft, &found, false) {
                Ok(signal) => signals.push(Called {
                    signal,
                    draft: Some(Arc::new(draft.clone())),
                }),
                Err(reason) => {
                    let meaning = Meaning::Quarantined {
                        drafts: drafts.to_vec(),
                        reason,
                    };
                    let held = Reading { meaning, ..reading };
                    return Ok(Verdict::of(held, Fate::Quarantined));
                }
            }
        }
        let lately = post.received - REPEAT_WITHIN;
        let recent = self
            .rooms
            .store
            .signals_since(&self.channel, lately)
            .await?;
        let fresh = |called: &Called| !recent.iter().any(|other| other.same_levels(&called.signal));
        signals.retain(fresh);
        let mut verdict = Verdict::of(reading, Fate::Signal);
        if signals.is_empty() {
            verdict.fate = Fate::Repeat;
            verdict.note = Some("repeats a signal of the last quarter of an hour".to_owned());
        }
        verdict.signals = signals;
        Ok(verdict)
    }

    /// Finds the trades that an author's words mean.
    async fn orders(
        &self,
        post: &Arc<Post>,
        words: Vec<Instruction>,
        reading: Reading,
        fate: Fate,
    ) -> Result<Verdict, Unsettled> {
        let open = self.open(post.received).await?;
        let replied_to = match &post.reply_to {
            Some(key) => self.rooms.store.signals_in(&self.channel, key).await?,
            None => Vec::new(),
        };
        let replied_to: Vec<_> = open
            .iter()
            .filter(|signal| {
                replied_to
                    .iter()
                    .any(|record| record.signal.id == signal.id)
            })
            .cloned()
            .collect();
        let mut verdict = Verdict::of(reading, fate);
        for word in words {
            if let Order::Reenter(price) = word.order {
                self.reenter(post, &word.about, price, &mut verdict).await?;
                continue;
            }
            match meant(&word, &replied_to, &open) {
                Ok(signals) => {
                    for signal in signals {
                        if self.told_already(signal, &word.order, post).await? {
                            verdict.note = Some("repeats the share that was just taken".to_owned());
                        } else {
                            verdict
                                .orders
                                .push((Arc::clone(signal), word.order.clone()));
                        }
                    }
                }
                Err(candidates) => {
                    verdict.note = Some(format!("ambiguous: {candidates} open trades fit"));
                }
            }
        }
        Ok(verdict)
    }

    /// A trade that is over is entered once more, as a trade of its own; one that is open hears it and
    /// stays as it is.
    async fn reenter(
        &self,
        post: &Arc<Post>,
        about: &About,
        price: Option<Price>,
        verdict: &mut Verdict,
    ) -> Result<(), Unsettled> {
        let store = &self.rooms.store;
        let since = post.received - again::REMEMBERED;
        let past = store.signals_since(&self.channel, since).await?;
        let replied_to = match &post.reply_to {
            Some(key) => open(store.signals_in(&self.channel, key).await?),
            None => Vec::new(),
        };
        let before = match again::which(about, &replied_to, &past, post.received) {
            Ok(before) => before,
            Err(0) => {
                verdict.note = Some("no trade of this channel fits".to_owned());
                return Ok(());
            }
            Err(candidates) => {
                verdict.note = Some(format!("ambiguous: {candidates} trades fit"));
                return Ok(());
            }
        };
        let still = self.open(post.received).await?;
        if still.iter().any(|signal| signal.id == before.id) {
            let order = Order::Reenter(price);
            verdict.orders.push((Arc::clone(before), order));
            return Ok(());
        }
        let draft = again::draft(before, price);
        let found = self.rooms.floor.ask(Find::of(&draft)).await??;
        let judged = match parse::fault(&draft) {
            Some(fault) => Err(fault),
            None => judge(post, verdict.signals.len(), &draft, &found, false),
        };
        match judged {
            Ok(signal) => {
                verdict.note = Some(format!("goes into {} once more", before.id));
                verdict.signals.push(Called {
                    signal,
                    draft: None,
                });
            }
            Err(reason) => {
                let drafts = vec![draft];
                verdict.reading.meaning = Meaning::Quarantined { drafts, reason };
                verdict.fate = Fate::Quarantined;
            }
        }
        Ok(())
    }

    /// The channel's trades that are open, as far as anybody can know. A call on a market that nobody
    /// judges is ended by no price, so it ends with its time, by the author's word, or by his call to
    /// the other side; else it would stand beside every later trade, and make each word ambiguous.
    async fn open(&self, now: Timestamp) -> Result<Vec<Arc<Signal>>, Unsettled> {
        let all = open(self.rooms.store.open_of(&self.channel).await?);
        let mut still = Vec::with_capacity(all.len());
        for signal in &all {
            let unlisted = signal.instrument.venue.as_str() == UNLISTED;
            if !(unlisted && self.is_over(signal, &all, now).await?) {
                still.push(Arc::clone(signal));
            }
        }
        Ok(still)
    }

    async fn is_over(
        &self,
        signal: &Signal,
        all: &[Arc<Signal>],
        now: Timestamp,
    ) -> Result<bool, Unsettled> {
        let turned = all.iter().any(|other| {
            other.instrument.pair == signal.instrument.pair
                && other.side != signal.side
                && other.received > signal.received
        });
        if turned || now >= signal.expires_at + signal.held_at_most {
            return Ok(true);
        }
        let events = self.rooms.store.events_of(signal.id).await?;
        Ok(events.iter().any(|event| {
            matches!(
                event.happening().map(|about| &about.body),
                Some(Body::Instruction {
                    order: Order::Close | Order::Cancel,
                    ..
                })
            )
        }))
    }

    /// Does it take the share once more that another post took a moment ago? Every other order says
    /// where to be, and may be told twice.
    async fn told_already(
        &self,
        signal: &Signal,
        order: &Order,
        post: &Post,
    ) -> Result<bool, Unsettled> {
        if !matches!(order, Order::CloseShare(_)) {
            return Ok(false);
        }
        let events = self.rooms.store.events_of(signal.id).await?;
        Ok(events.iter().rev().any(|event| {
            let Some(about) = event.happening() else {
                return false;
            };
            let lately = about.received >= post.received - SHARE_WITHIN;
            matches!(&about.body,
                Body::Instruction { order: former, post: other } if former == order && *other != post.key && lately)
        }))
    }

    /// Scores what is new, makes sure that its markets are watched, and has all of it stored.
    async fn store(
        &mut self,
        post: &Arc<Post>,
        digest: Digest,
        verdict: Verdict,
        cursor: Option<Cursor>,
    ) -> Result<Fate, Unsettled> {
        let mut happenings = Vec::new();
        let mut assessments = Vec::new();
        for Called { signal, draft } in verdict.signals {
            self.rooms
                .floor
                .ask(Follow(signal.instrument.clone()))
                .await??;
            let assessed = self.assess(&signal, post, draft).await;
            let scored = assessed.is_some().then(|| self.rooms.clock.now());
            let score = assessed.as_ref().map(|assessed| assessed.score.clone());
            assessments.extend(assessed.zip(scored).map(|(assessed, at)| Assessment {
                signal: signal.id,
                at,
                assessed,
            }));
            let body = Body::Signal {
                signal: Arc::clone(&signal),
                score,
            };
            happenings.push(happening(post, &signal, scored, body));
        }
        for signal in verdict.revised {
            let body = Body::Revision {
                action: post.action,
                post: post.key.clone(),
            };
            happenings.push(happening(post, &signal, None, body));
        }
        for (signal, order) in verdict.orders {
            let body = Body::Instruction {
                order,
                post: post.key.clone(),
            };
            happenings.push(happening(post, &signal, None, body));
        }
        let entry = Entry::Post(Box::new(PostEntry {
            post: Post::clone(post),
            reading: verdict.reading,
            note: verdict.note,
            happenings,
            assessments,
            cursor,
        }));
        let stored = way::stored(&self.way);
        let write = Write {
            entry,
            way: stored.clone(),
        };
        let receipt = self.rooms.ledger.ask(write).instrument(stored).await?;
        match receipt {
            Ok(receipt) => {
                self.memory.learn(post.key.clone(), digest);
                Ok(match receipt {
                    Receipt::Stored(_) => verdict.fate,
                    Receipt::Duplicate => Fate::Duplicate,
                })
            }
            Err(unsettled) if unsettled.advice == domain::ports::Advice::Skip => {
                tracing::error!(channel.id = %self.channel, post.key = %post.key,
                    "the store refuses a post of {}: {}", self.channel, unsettled.why);
                Ok(Fate::Refused)
            }
            Err(unsettled) => Err(unsettled),
        }
    }

    async fn assess(
        &self,
        signal: &Arc<Signal>,
        post: &Arc<Post>,
        draft: Option<Arc<Draft>>,
    ) -> Option<Assessed> {
        let scorer = self.rooms.scorer.with_patience(self.rooms.score_within);
        let asked = Asked {
            signal: Arc::clone(signal),
            post: Some(Arc::clone(post)),
            draft,
        };
        let scored = way::scored(&self.way, signal.id);
        let answer = scorer.ask(Ask(asked)).instrument(scored).await;
        answer.ok().flatten()
    }

    /// Lets the cursor move where there is nothing else to store.
    async fn move_on(&self, cursor: Option<Cursor>, fate: Fate) -> Result<Fate, Unsettled> {
        if let Some(cursor) = cursor {
            self.rooms
                .ledger
                .ask(Write::of(Entry::Cursor(self.channel.clone(), cursor)))
                .await??;
        }
        Ok(fate)
    }
}

fn noise(reason: &'static str) -> Reading {
    Reading {
        parser: parse::PARSER,
        meaning: Meaning::Noise(reason),
    }
}

fn open(records: Vec<SignalRecord>) -> Vec<Arc<Signal>> {
    records.into_iter().map(|record| record.signal).collect()
}

fn happening(post: &Post, signal: &Signal, scored: Option<Timestamp>, body: Body) -> Happening {
    let id: SignalId = signal.id;
    Happening {
        signal: id,
        channel: signal.channel.clone(),
        instrument: signal.instrument.clone(),
        side: signal.side,
        origin: signal.origin,
        posted: Some(post.posted),
        received: post.received,
        scored,
        body,
    }
}
