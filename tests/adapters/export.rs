//! An export of a chat and the same posts as lines: two ways to tell one story.

use domain::execution::ExecutionModel;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use simulator::{Clock, Deed, EPOCH_MS, Kind, Options, SYMBOLS, Simulator};
use touchstone::replay::{self, Plan, candles, posts};

/// In milliseconds since 1970: when the story begins and ends, and when the candles end.
const BEGIN: i64 = EPOCH_MS + 131 * 86_400_000;
const END: i64 = BEGIN + 40 * MINUTE;
const KNOWN: i64 = END + 30 * MINUTE;
const MINUTE: i64 = 60_000;

#[actix::test]
async fn an_export_of_a_chat_is_replayed_like_its_posts_as_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, _hand) = Clock::by_hand(END * 1_000);
    let simulator = simulator::start(Options {
        clock,
        ..Options::default()
    })
    .unwrap();
    write_candles(&simulator, &folder.path().join("sim_perpetual"));
    let (mut edited, mut replies, mut hidden) = (0, 0, 0);
    for card in simulator.channels() {
        if card.kind == Kind::Webhook {
            let refused = simulator.export(card.name, BEGIN, END, Vec::new());
            assert!(refused.is_err(), "{} has no chat", card.name);
            continue;
        }
        let export = folder.path().join("result.json");
        let file = std::fs::File::create(&export).unwrap();
        simulator
            .export(card.name, BEGIN * 1_000, END * 1_000, file)
            .unwrap();
        let lines = folder.path().join("posts.jsonl");
        let written = as_lines(&simulator, card.name);
        std::fs::write(&lines, &written.text).unwrap();
        edited += written.edited;
        replies += written.replies;
        hidden += written.deleted;

        let export = posts::Wanted {
            files: vec![
                format!("{}={}", card.name, export.display())
                    .parse()
                    .unwrap(),
            ],
            columns: None,
        };
        let lines = posts::Wanted {
            files: vec![lines.into()],
            columns: None,
        };
        let told = posts::read(&export).unwrap();
        assert_eq!(told.values().map(Vec::len).sum::<usize>(), written.posts);
        assert_eq!(told, posts::read(&lines).unwrap());

        let report = report(folder.path(), export).await;
        assert!(report.channels[0].judged > 0, "{} is judged", card.name);
        assert_eq!(
            serde_json::to_vec(&report).unwrap(),
            serde_json::to_vec(&self::report(folder.path(), lines).await).unwrap()
        );
    }
    assert!(
        edited > 0 && replies > 0 && hidden > 0,
        "there is something to tell"
    );
    simulator.stop();
}

async fn report(candles: &Path, posts: posts::Wanted) -> replay::report::Report {
    let plan = Plan {
        model: ExecutionModel::DEFAULT,
        events: false,
        lessons: false,
        candles: candles::Wanted {
            paths: vec![candles.to_owned()],
            ..candles::Wanted::default()
        },
        posts,
        strategies: replay::strategies::Wanted::default(),
        quiet: true,
    };
    replay::run(&plan).await.unwrap().report
}

struct Written {
    text: String,
    posts: usize,
    edited: usize,
    replies: usize,
    deleted: usize,
}

/// What the simulator knows of its posts, as an archive of a chat would have them: as they stand
/// in the end, in whole seconds.
fn as_lines(simulator: &Simulator, channel: &str) -> Written {
    let mut written = Written {
        text: String::new(),
        posts: 0,
        edited: 0,
        replies: 0,
        deleted: 0,
    };
    let cards = simulator.channels();
    let title = cards
        .iter()
        .find(|card| card.name == channel)
        .unwrap()
        .title;
    let all = simulator.truth_between(BEGIN * 1_000, END * 1_000);
    for truth in all.iter().filter(|truth| truth.channel == channel) {
        let (mut text, mut edit, mut gone) = (&truth.text, None, false);
        for action in truth
            .actions
            .iter()
            .filter(|action| action.at <= END * 1_000)
        {
            match &action.deed {
                Deed::Edit { text: new, .. } => (text, edit) = (new, Some(action.at)),
                Deed::Delete => gone = true,
                Deed::Word { .. } => {}
            }
        }
        if gone {
            written.deleted += 1;
            continue;
        }
        written.posts += 1;
        written.edited += usize::from(edit.is_some());
        written.replies += usize::from(truth.reply_to.is_some());
        let date = |at: i64| {
            jiff::Timestamp::from_second(at / 1_000_000)
                .unwrap()
                .to_string()
        };
        let line = json!({
            "channel": channel,
            "msg_id": truth.id,
            "ts": date(truth.posted_at),
            "edit_ts": edit.map(date),
            "reply_to": truth.reply_to,
            "author": title,
            "text": text,
            "media": truth.photo.then(|| format!("photos/photo_{}.jpg", truth.id)),
            "forwarded_from": truth.forwarded.then_some("Partner (simulated)"),
        });
        writeln!(written.text, "{line}").unwrap();
    }
    written
}

fn write_candles(simulator: &Simulator, folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for symbol in &SYMBOLS {
        let mut rows = "open_time,open,high,low,close,volume\n".to_owned();
        for nth in 0..(KNOWN - BEGIN) / MINUTE {
            let open = BEGIN + nth * MINUTE;
            let Some(minute) = simulator.market().kline(symbol, open, 1, KNOWN) else {
                continue;
            };
            writeln!(
                rows,
                "{open},{},{},{},{},{}",
                minute.open,
                minute.high,
                minute.low,
                minute.close,
                minute.trades()
            )
            .unwrap();
        }
        std::fs::write(folder.join(format!("{}-1m-x.csv", symbol.name)), rows).unwrap();
    }
}
