//! What became what: files of posts, read without the platform, by channel and class.
//!
//! Each text is read by itself, so nothing here depends on which trades were open. `--samples` shows
//! posts of every class, evenly over time, for a person who looks for what was missed or taken wrongly.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table};
use domain::ids::ChannelId;
use domain::parse::{self, Assets};
use domain::post::Post;
use domain::reading::{Meaning, Reading};

use crate::cli::ParseArgs;
use crate::replay::posts::{self, Wanted};
use crate::wire::ReadingOut;

/// What was read in one channel.
struct Room {
    channel: ChannelId,
    posts: Vec<Post>,
    readings: Vec<Reading>,
}

/// Reads files of posts, and prints by channel what became what.
///
/// # Errors
///
/// When a file cannot be read, or standard output is closed.
pub fn classes(args: &ParseArgs) -> anyhow::Result<ExitCode> {
    let posts = posts::read_timeless(&Wanted {
        files: args.files.clone(),
        columns: args.columns.clone(),
    })?;
    let rooms: Vec<Room> = posts
        .into_iter()
        .map(|(name, posts)| read(name, posts))
        .collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{}", table(&rooms))?;
    for room in &rooms {
        let classes = Meaning::LABELS.into_iter();
        for class in classes.filter(|class| args.class.is_none_or(|only| only == *class)) {
            samples(&mut out, room, class, args.samples)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn read(channel: ChannelId, posts: Vec<Post>) -> Room {
    let context = parse::Context {
        assets: Assets::bundled(),
    };
    let readings = posts
        .iter()
        .map(|post| parse::read(&post.text, !post.media.is_empty(), context))
        .collect();
    Room {
        channel,
        posts,
        readings,
    }
}

/// How many posts of each class, and of noise for which reason; a channel each column.
fn table(rooms: &[Room]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_content_arrangement(ContentArrangement::Dynamic);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let names = rooms.iter().map(|room| right(room.channel.to_string()));
    table.set_header(std::iter::once(Cell::new("")).chain(names));
    let mut rows: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    for (at, room) in rooms.iter().enumerate() {
        for reading in &room.readings {
            let meaning = &reading.meaning;
            let class = Meaning::LABELS
                .iter()
                .position(|label| *label == meaning.label())
                .unwrap_or_default();
            let mut count = |name| {
                let counts = rows.entry((class, name));
                counts.or_insert_with(|| vec![0; rooms.len()])[at] += 1;
            };
            count("");
            if let Meaning::Noise(reason) = meaning {
                count(reason);
            }
        }
    }
    let all = rooms.iter().map(|room| right(room.posts.len().to_string()));
    table.add_row(std::iter::once(Cell::new("posts")).chain(all));
    for ((class, reason), counts) in rows {
        let label = Meaning::LABELS[class];
        let name = match reason {
            "" => label.to_owned(),
            reason => format!("  {reason}"),
        };
        let counts = counts.iter().map(|count| right(count.to_string()));
        table.add_row(std::iter::once(Cell::new(name)).chain(counts));
    }
    table
}

/// So many posts of a class, evenly over the channel's time, each with its reading.
fn samples(out: &mut impl Write, room: &Room, class: &str, count: usize) -> anyhow::Result<()> {
    let of_class: Vec<usize> = (0..room.posts.len())
        .filter(|at| room.readings[*at].meaning.label() == class)
        .collect();
    let count = count.min(of_class.len());
    for nth in 0..count {
        let at = of_class[nth * of_class.len() / count];
        let post = &room.posts[at];
        let reading = ReadingOut::of(post.key.to_string().into(), &room.readings[at]);
        let text: String = post.text.replace('\n', " ⏎ ");
        writeln!(out, "\n{} {} {class}: {text}", room.channel, post.key)?;
        writeln!(out, "  {}", serde_json::to_string(&reading)?)?;
    }
    Ok(())
}
