//! Every metric: its name, its kind, its meaning, and which series there are from the beginning.
//!
//! A counter that appears with its first event has never risen as far as Prometheus can see, so what
//! can be named in advance stands at nought from the start. Tests hold this table to the code and to
//! `docs/OPERATIONS.md`.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// How long something took, in buckets.
    Histogram,
}

/// Which series there are from the beginning.
#[derive(Clone, Copy, Debug)]
enum Series {
    /// None: they come with what they are about.
    Later,
    /// The one without labels.
    One,
    /// One for each value of a label.
    By(&'static str, &'static [&'static str]),
}

/// Writes the table: kind, name, the series that there are from the beginning, meaning.
macro_rules! table {
    ($($kind:ident $name:ident $([$($series:tt)+])? $help:literal;)+) => {
        const ALL: &[(&str, Kind, &str, Series)] = &[$((
            stringify!($name),
            Kind::$kind,
            $help,
            table!(@series $($($series)+)?),
        )),+];
    };
    (@series) => { Series::Later };
    (@series 0) => { Series::One };
    (@series $label:ident: $($value:ident)+) => {
        Series::By(stringify!($label), &[$(stringify!($value)),+])
    };
}

table! {
    Gauge touchstone_build_info "The release that runs; always 1.";
    Gauge touchstone_nodes "Nodes that serve this record and are here.";
    // Posts and what becomes of them.
    Counter touchstone_posts_received_total "Posts that were handed in.";
    Counter touchstone_post_outcomes_total "What became of posts; each has one outcome.";
    Gauge touchstone_posts_in_flight [0] "Posts that were handed in and have no outcome yet.";
    Histogram touchstone_stage_seconds [stage: received_to_scored received_to_stored stored_to_relayed stored_to_sent] "How long an event took from one stage to another.";
    Counter touchstone_events_total [type: signal instruction revision progress outcome seal] "Events that were stored.";
    Gauge touchstone_sources "Sources, by what they are doing.";
    Counter touchstone_source_looks_total "Looks at pages and feeds, by what came of them.";
    Counter touchstone_source_errors_total "Failures to read a source.";
    Counter touchstone_source_bad_lines_total "Lines of files that could not be read.";
    Counter touchstone_ingest_refused_total [why: wrong_key archived store_away] "Posts that were refused at the gate.";
    // Requests.
    Counter touchstone_http_requests_total "Requests at the door for people, by how they ended.";
    Histogram touchstone_http_request_seconds "How long it took until an answer that is no stream began.";
    // The store and what is made of it.
    Gauge touchstone_store_up [0] "Whether the store answered when it was last asked.";
    Histogram touchstone_store_commit_seconds [0] "How long a transaction of the ledger took.";
    Counter touchstone_store_failures_total [0] "Transactions of the ledger that failed.";
    Gauge touchstone_store_connections "Connections to the database that are at work.";
    Gauge touchstone_store_connections_max "Connections to the database that there may be.";
    Counter touchstone_records_hashed_total [0] "Records that were hashed.";
    Counter touchstone_seals_total [0] "Days that were sealed.";
    Counter touchstone_seal_failures_total [0] "Attempts to hash or seal that failed.";
    Counter touchstone_retrials_total [0] "Outcomes under other models that were kept.";
    Gauge touchstone_retrials_waiting [0] "Signals that wait to be tried again.";
    Counter touchstone_retrial_failures_total [0] "Questions of retrials that were not answered.";
    Counter touchstone_figures_computed_total [0] "Times that the figures of a channel were computed for a board.";
    // The house.
    Counter touchstone_actor_deaths_total [room: bell channel floor hub intake ledger market relay retrier scorer sealer] "Deaths of actors; each was reborn.";
    Counter touchstone_actor_abandoned_total [0] "Actors that did not answer and were replaced.";
    Counter touchstone_scorer_threads_abandoned_total [0] "Threads of models that hung and were replaced.";
    Gauge touchstone_door_waiting "Callers at each door.";
    // The stream.
    Gauge touchstone_stream_sessions [0] "Connections to the stream.";
    Gauge touchstone_stream_subscriptions [0] "Subscriptions on them.";
    Counter touchstone_stream_refused_total [0] "Connections that were refused because all places were taken.";
    Counter touchstone_stream_closed_total [why: draining no_pong too_slow internal] "Connections that the platform closed.";
    Counter touchstone_stream_gaps_total [why: retention slow expired plan] "Gaps that subscriptions were told of.";
    Counter touchstone_outbox_overflows_total [0] "Outboxes that were full: their events are read in the store.";
    Counter touchstone_hub_ears_overflowed_total [0] "Markets that did not listen in time: they read the store.";
    // Redis.
    Gauge touchstone_relay_lag_events "Events that are stored and not in Redis.";
    Gauge touchstone_relay_lag_seconds "The age of the oldest of them.";
    Counter touchstone_relay_appended_total [0] "Events that were brought to Redis.";
    Counter touchstone_relay_already_there_total [0] "Events that another relay had brought to Redis.";
    Counter touchstone_relay_trimmed_total [0] "Events that were taken out of Redis by age.";
    Counter touchstone_relay_failures_total [0] "Attempts to bring events to Redis that failed.";
    Counter touchstone_bell_unheard_total [0] "Events of which Redis could not ring.";
    Counter touchstone_redis_reconnects_total [0] "Connections that were made to Redis.";
    // Venues.
    Gauge touchstone_feed_markets "Markets that are followed, by whether their prices arrive as they happen.";
    Gauge touchstone_feed_last_trade_timestamp_seconds "When the newest price was traded, by the venue's clock.";
    Counter touchstone_feed_frames_total "Frames that a venue sent.";
    Counter touchstone_feed_reconnects_total "Connections to a venue that were lost.";
    Counter touchstone_feed_refills_total "Stretches of trades that were fetched afterwards.";
    Counter touchstone_feed_gaps_total "Gaps between trades that were noticed.";
    Counter touchstone_feed_holes_total "Gaps that could not be filled.";
    Counter touchstone_feed_overruns_total "Tapes that fell behind their connection.";
    Counter touchstone_feed_late_trades_total "Trades that came after newer ones.";
    Counter touchstone_feed_refused_total "Questions that a venue refused because there were too many.";
    Gauge touchstone_feed_clock_skew_seconds "How far a venue's clock is ahead of ours.";
    // Models.
    Histogram touchstone_scoring_seconds [0] "How long the models took for what was waiting.";
    Gauge touchstone_feature_stability "Population stability of a feature against what the model learned from.";
    Gauge touchstone_feature_stability_worst "The largest of these stabilities.";
    Gauge touchstone_calibration_intercept "Intercept of what happened over what was predicted, in log odds.";
    Gauge touchstone_calibration_slope "Slope of it; 1 where the model is neither too sure nor too shy.";
    Gauge touchstone_calibration_signals "Of how many signals whose time is up.";
    Gauge touchstone_calibration_error "Expected calibration error of the model that speaks.";
    Gauge touchstone_calibration_error_of_perfect "What a perfect model would show on as many signals.";
    Gauge touchstone_prediction_log_loss "Log loss of the model that speaks.";
    Counter touchstone_trainings_total [outcome: trained in_vain trouble] "Trainings, by what came of them.";
    Counter touchstone_challenger_panics_total [0] "Panics of models that are only tried.";
    Counter touchstone_belief_candle_failures_total [0] "Candles for models that a venue did not tell.";
    // People and money.
    Gauge touchstone_accounts "Accounts that are open, by role.";
    Counter touchstone_accounts_opened_total [0] "Accounts that were opened.";
    Counter touchstone_logins_total [outcome: in wrong wrong_code] "Attempts to log in, by what came of them.";
    Counter touchstone_refreshes_reused_total [0] "Refresh tokens that came a second time.";
    Counter touchstone_requests_refused_total [why: rate origin form] "Requests that were refused at the gate.";
    Counter touchstone_rates_counted_alone_total [0] "Requests that a node counted for itself because Redis was away.";
    Counter touchstone_mails_total "Attempts to send mails.";
    Gauge touchstone_mails_waiting "Mails that are to be sent.";
    Gauge touchstone_mails_oldest_seconds "The age of the oldest of them.";
    Gauge touchstone_subscriptions "What is paid for, by plan and how it stands.";
    Counter touchstone_payment_events_total [outcome: kept known unsigned learned ignored of_nobody failed] "What the till told, by what became of it.";
    Gauge touchstone_payment_events_waiting "What the till told and nobody has dealt with.";
    // Telemetry itself.
    Counter touchstone_trace_exports_total [outcome: sent failed] "Hand-overs of traces to the collector.";
}

/// Tells what each metric means, and begins those that can be named in advance.
pub(super) fn begin() {
    for (name, kind, help, series) in ALL.iter().copied() {
        match kind {
            Kind::Counter => describe_counter!(name, help),
            Kind::Gauge => describe_gauge!(name, help),
            Kind::Histogram => describe_histogram!(name, help),
        }
        match series {
            Series::Later => {}
            Series::One => start(name, kind, &[]),
            Series::By(label, values) => {
                for value in values {
                    start(name, kind, &[(label, value)]);
                }
            }
        }
    }
}

fn start(name: &'static str, kind: Kind, labels: &[(&'static str, &'static str)]) {
    match kind {
        Kind::Counter => counter!(name, labels).increment(0),
        Kind::Gauge => gauge!(name, labels).increment(0.0),
        Kind::Histogram => drop(histogram!(name, labels)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn root() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    /// The names of metrics in a text that stand between two of these marks, or with labels behind.
    fn names(text: &str, mark: char) -> BTreeSet<String> {
        let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let named = text.split(mark).filter_map(|part| {
            let (name, labels) = part.split_at(part.find(|c| !is_letter(c)).unwrap_or(part.len()));
            // `touchstone_{plan}` is the beginning of a name that something else has.
            let whole = !name.ends_with('_') && (labels.is_empty() || labels.starts_with('{'));
            (whole && name.starts_with("touchstone_")).then(|| name.to_owned())
        });
        named.collect()
    }

    fn in_code(folder: &Path, into: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                in_code(&path, into);
            } else if path.extension().is_some_and(|it| it == "rs")
                && !path.ends_with("telemetry/names.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                into.extend(names(&text, '"'));
            }
        }
    }

    fn here() -> BTreeSet<String> {
        ALL.iter().map(|(name, ..)| (*name).to_owned()).collect()
    }

    #[test]
    fn every_metric_of_the_code_stands_in_the_table_and_the_other_way() {
        let mut code = BTreeSet::new();
        in_code(&root().join("src"), &mut code);
        in_code(&root().join("actors/src"), &mut code);
        assert_eq!(here(), code);
        assert_eq!(here().len(), ALL.len(), "a name stands there twice");
    }

    #[test]
    fn every_metric_is_documented_and_the_other_way() {
        let docs = std::fs::read_to_string(root().join("docs/OPERATIONS.md")).unwrap();
        let mut documented = BTreeSet::new();
        // The tables alone: elsewhere one is spoken of.
        for row in docs
            .lines()
            .filter(|line| line.starts_with("| `touchstone_"))
        {
            let cell = row.trim_start_matches('|').split('|').next().unwrap();
            documented.extend(names(cell, '`'));
        }
        assert_eq!(here(), documented);
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for (name, kind, help, _) in ALL {
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert_eq!(*kind == Kind::Histogram, histogram(name), "{name}");
            assert!(help.ends_with('.') && help.len() > 20, "{name}: {help}");
        }
    }

    /// Histograms measure seconds, and what else ends in them is an age or a skew.
    fn histogram(name: &str) -> bool {
        let ages = ["timestamp", "lag", "skew", "oldest"];
        name.ends_with("_seconds") && !ages.iter().any(|age| name.contains(age))
    }
}
