//! What stands in a feed: entries with an id, a text and a time, whatever the format.

use std::collections::HashMap;

use feed_rs::model::{self, Feed};
use feed_rs::parser::{self, ParseFeedError};
use sha2::{Digest as _, Sha256};

use domain::ids::PostKey;
use domain::time::Timestamp;

use super::decode;
use crate::sources::text::flowing;

/// Which reading of entries made the known digests. A newer reading may see the same entry
/// otherwise, and that must not look like an edit: raise it whenever texts or media are read anew.
pub(super) const READER: u32 = 1;

/// So many entries of a feed are read, the newest; more are none that a live feed has.
const ENTRIES: usize = 200;

/// So much of an entry's markup is read, in bytes.
const MARKUP: usize = 64 << 10;

/// So many elements within one another are read: an HTML parser looks through all that are open at
/// each that begins, so a deep nest takes the square of its length.
const DEPTH: usize = 256;

/// A longer id is named by its hash.
const LONGEST_ID: usize = 200;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: PostKey,
    pub author: Option<String>,
    pub text: String,
    pub media: Vec<String>,
    /// None where the feed does not say, or not in a way that can be read.
    pub published: Option<Timestamp>,
}

/// Reads the entries of a feed, oldest first.
///
/// # Errors
///
/// Says why it is no feed, in words for the operator.
pub(super) fn read(
    body: &[u8],
    content_type: Option<&str>,
    base: &str,
) -> Result<Vec<Entry>, String> {
    let text = decode::text(body, content_type).map_err(|bad| bad.to_string())?;
    let feed = parser::Builder::new()
        .base_uri(Some(base))
        .sanitize_content(false)
        // Where there is no id the link is one. Without both, `key` makes one.
        .id_generator(|links, _, _| link(links).unwrap_or_default().to_owned())
        .build()
        .parse(text.as_bytes())
        .map_err(|error| why(&error, &text))?;
    Ok(entries(feed))
}

fn why(error: &ParseFeedError, text: &str) -> String {
    let begin: String = text.chars().take(60).collect();
    let begin = begin.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("it is no feed: {error}; it begins with `{begin}`")
}

fn entries(feed: Feed) -> Vec<Entry> {
    // An id that stands in a feed twice names two versions of one entry, and the later counts.
    let mut places: HashMap<PostKey, usize> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut changes = Vec::new();
    for entry in feed.entries {
        let changed = entry.updated.or(entry.published);
        let Some(read) = read_entry(entry) else {
            continue;
        };
        match places.get(&read.key) {
            None => {
                places.insert(read.key.clone(), entries.len());
                entries.push(read);
                changes.push(changed);
            }
            Some(at) if changed > changes[*at] => {
                entries[*at] = read;
                changes[*at] = changed;
            }
            Some(_) => {}
        }
    }
    // Feeds begin with the newest, and where all have a time it is the time that counts.
    entries.reverse();
    if entries.iter().all(|entry| entry.published.is_some()) {
        entries.sort_by_key(|entry| entry.published);
    }
    entries.drain(..entries.len().saturating_sub(ENTRIES));
    entries
}

fn read_entry(entry: model::Entry) -> Option<Entry> {
    let title = entry.title.as_ref().map(prose).unwrap_or_default();
    let content = entry.content.as_ref().and_then(|content| {
        let body = content.body.as_deref()?;
        Some(markup(body, content.content_type.subty().as_str()))
    });
    let body = content
        .filter(|text| !text.is_empty())
        .or_else(|| entry.summary.as_ref().map(prose))
        .unwrap_or_default();
    let text = together(&title, without_reddits_tail(&body));
    let media = media(&entry);
    if text.is_empty() && media.is_empty() {
        return None;
    }
    let published = entry.published.or(entry.updated);
    let published = published.map(|at| Timestamp::from_micros(at.timestamp_micros()));
    Some(Entry {
        key: key(&entry.id, published, &title),
        author: entry
            .authors
            .into_iter()
            .find_map(|author| author.name.filter(|name| !name.trim().is_empty())),
        text,
        media,
        published,
    })
}

fn prose(text: &model::Text) -> String {
    markup(&text.content, text.content_type.subty().as_str())
}

/// The text of a piece of a feed. RSS says of everything that it is plain and means HTML, so only
/// what cannot be markup is left as it stands.
fn markup(source: &str, kind: &str) -> String {
    let end = source.floor_char_boundary(MARKUP);
    let source = source.get(..end).unwrap_or_default();
    let source = source.get(..too_deep(source)).unwrap_or(source);
    if kind == "plain" && !source.contains(['<', '&']) {
        let lines: Vec<&str> = source.trim().lines().map(str::trim_end).collect();
        return lines.join("\n");
    }
    flowing(source)
}

/// Where elements begin to lie too deep within one another, else the end.
fn too_deep(markup: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in markup.match_indices('<') {
        let tag = markup.get(at + 1..).unwrap_or_default();
        let name = |tag: &str| {
            let end = tag.find(|letter: char| !letter.is_ascii_alphanumeric());
            tag.get(..end.unwrap_or(tag.len()))
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        if let Some(closed) = tag.strip_prefix('/') {
            if !alone(&name(closed)) {
                depth = depth.saturating_sub(1);
            }
        } else if tag.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !alone(&name(tag))
        {
            depth += 1;
        }
        if depth > DEPTH {
            return at;
        }
    }
    markup.len()
}

/// Elements that end by themselves or at the next of their kind.
fn alone(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr" | "img" | "input" | "li" | "p" | "td" | "th" | "tr" | "wbr"
    )
}

/// Title and text. A platform without titles makes one of the text's beginning, and that is not
/// said twice.
fn together(title: &str, body: &str) -> String {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let begin = words(title);
    let begin = begin.trim_end_matches(['…', '.']);
    if title.is_empty() || words(body).starts_with(begin) {
        body.to_owned()
    } else if body.is_empty() {
        title.to_owned()
    } else {
        format!("{title}\n\n{body}")
    }
}

/// Reddit ends every text with who submitted it and how many comments there are. The latter
/// changes by the minute, and would be an edit each time.
fn without_reddits_tail(body: &str) -> &str {
    let Some((text, tail)) = body.rsplit_once("submitted by") else {
        return body;
    };
    if tail.contains("[link]") && tail.ends_with("comments]") {
        text.trim_end()
    } else {
        body
    }
}

/// Images and attachments, without the part of an address that changes while the image does not.
fn media(entry: &model::Entry) -> Vec<String> {
    let attached = entry
        .media
        .iter()
        .flat_map(|media| &media.content)
        .filter_map(|content| content.url.as_ref())
        .map(url::Url::as_str);
    let enclosed = entry
        .links
        .iter()
        .filter(|link| link.rel.as_deref() == Some("enclosure"))
        .map(|link| link.href.as_str());
    let mut named: Vec<String> = Vec::new();
    for address in attached.chain(enclosed) {
        let name = address.split(['?', '#']).next().unwrap_or_default();
        if !name.is_empty() && !named.iter().any(|known| known == name) {
            named.push(name.to_owned());
        }
    }
    named
}

fn link(links: &[model::Link]) -> Option<&str> {
    let page = |link: &&model::Link| link.rel.as_deref().is_none_or(|rel| rel == "alternate");
    links.iter().find(page).map(|link| link.href.as_str())
}

/// Id or link as the feed gives it; without both, the hash of time and title, so that an edit of
/// the text alone is still one. What is too long to be a key is hashed, too.
fn key(id: &str, published: Option<Timestamp>, title: &str) -> PostKey {
    let id = id.trim();
    if (1..=LONGEST_ID).contains(&id.len()) {
        return PostKey::new(id);
    }
    let mut hash = Sha256::new();
    if id.is_empty() {
        hash.update(published.map_or(0, Timestamp::as_micros).to_be_bytes());
        hash.update(title.as_bytes());
    } else {
        hash.update(id.as_bytes());
    }
    let name: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    PostKey::new(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(items: &str) -> Vec<Entry> {
        let feed = format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>");
        read(feed.as_bytes(), None, "https://a.example/feed").unwrap()
    }

    #[test]
    fn an_entry_is_known_by_its_id_else_its_link_else_its_time_and_title() {
        let entries = items(
            "<item><title>a</title><guid>g1</guid><link>https://a.example/1</link></item>\
             <item><title>b</title><link>https://a.example/2</link></item>\
             <item><title>c</title><pubDate>Fri, 12 Dec 2025 16:57:28 +0000</pubDate><description>x</description></item>\
             <item><title>c</title><pubDate>Fri, 12 Dec 2025 16:57:28 +0000</pubDate><description>y</description></item>",
        );
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys[1..], ["https://a.example/2", "g1"]);
        assert_eq!((keys.len(), keys[0].len()), (3, 32), "{keys:?}");
    }

    #[test]
    fn a_title_that_only_begins_the_text_is_not_said_twice() {
        assert_eq!(
            together("LONG BTC now…", "LONG  BTC now at 50000"),
            "LONG  BTC now at 50000"
        );
        assert_eq!(
            together("LONG BTC", "Entry 50000"),
            "LONG BTC\n\nEntry 50000"
        );
        assert_eq!(together("LONG BTC", ""), "LONG BTC");
    }

    #[test]
    fn a_count_of_comments_is_no_part_of_the_text() {
        let post = |count: u32| {
            items(&format!(
                "<item><guid>1</guid><title>BTC</title><description>&lt;p&gt;Entry 5&lt;/p&gt; submitted by &lt;a&gt;/u/x&lt;/a&gt;&lt;br/&gt;[link] [{count} comments]</description></item>"
            ))
        };
        assert_eq!(post(1)[0].text, "BTC\n\nEntry 5");
        assert_eq!(post(1), post(275));
    }

    #[test]
    fn of_two_versions_in_one_feed_the_later_counts() {
        let feed = |first: &str, second: &str| {
            let entry = |day: &str| {
                format!(
                    "<entry><id>1</id><title>of {day}</title><updated>2025-01-{day}T00:00:00Z</updated></entry>"
                )
            };
            let feed = format!(
                "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>f</id>{}{}</feed>",
                entry(first),
                entry(second)
            );
            read(feed.as_bytes(), None, "https://a.example/feed").unwrap()
        };
        assert_eq!(feed("02", "01")[0].text, "of 02");
        assert_eq!(feed("01", "02")[0].text, "of 02");
        assert_eq!(feed("01", "02").len(), 1);
    }
}
