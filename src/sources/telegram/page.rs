//! A preview page as Telegram serves it, read into what it shows.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use domain::time::Timestamp;

use super::media;
use crate::sources::text::plain;

/// A post as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub id: u64,
    pub posted: Timestamp,
    pub author: Option<String>,
    pub text: String,
    pub media: Vec<String>,
    pub reply_to: Option<u64>,
    pub forwarded_from: Option<String>,
    /// The page marks it as edited.
    pub edited: bool,
}

/// What a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The channel's title.
    pub title: Option<String>,
    /// The posts, in the channel's order.
    pub posts: Vec<Shown>,
    /// The ids of everything on it, service messages included, rising.
    pub ids: Vec<u64>,
    /// There are older posts than these.
    pub has_older: bool,
    /// It arrived to its last line and everything on it could be read. Only from such a page may
    /// be concluded that something is *not* there.
    pub whole: bool,
}

/// Text that is no preview page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPage {
    #[error("the page has no list of posts")]
    NoHistory,
    #[error("the page shows posts of `{0}`")]
    OtherChannel(String),
}

/// A selector that is written in this program.
macro_rules! selector {
    ($name:ident = $text:literal) => {
        static $name: LazyLock<Selector> =
            LazyLock::new(|| Selector::parse($text).expect("a selector that parses"));
    };
}

selector!(TITLE = "meta[property='og:title']");
selector!(HISTORY = ".tgme_channel_history");
selector!(MORE = ".tme_messages_more[data-before]");
selector!(OLDER = "link[rel=prev]");
selector!(MESSAGE = ".tgme_widget_message[data-post]");
selector!(TEXT = ".tgme_widget_message_text.js-message_text");
selector!(TIME = ".tgme_widget_message_date time[datetime]");
selector!(META = ".tgme_widget_message_meta");
selector!(REPLY = "a.tgme_widget_message_reply[href]");
selector!(FORWARDED = ".tgme_widget_message_forwarded_from_name");
selector!(AUTHOR = ".tgme_widget_message_from_author");

/// Reads the page of the channel `name`.
pub(super) fn read(name: &str, html: &str) -> Result<Page, BadPage> {
    let document = Html::parse_document(html);
    let history = document.select(&HISTORY).next().ok_or(BadPage::NoHistory)?;
    let title = document.select(&TITLE).next();
    let mut page = Page {
        title: title.and_then(|meta| Some(meta.attr("content")?.to_owned())),
        has_older: history.select(&MORE).next().is_some()
            || document.select(&OLDER).next().is_some(),
        whole: html.trim_end().contains("</html>"),
        ..Page::default()
    };
    for message in history.select(&MESSAGE) {
        let place = message.attr("data-post").unwrap_or_default();
        let Some((channel, id)) = place.rsplit_once('/') else {
            page.whole = false;
            continue;
        };
        if !channel.eq_ignore_ascii_case(name) {
            return Err(BadPage::OtherChannel(channel.to_owned()));
        }
        let Ok(id) = id.parse() else {
            page.whole = false;
            continue;
        };
        page.ids.push(id);
        if message
            .value()
            .classes()
            .any(|class| class == "service_message")
        {
            continue;
        }
        match read_post(name, id, message) {
            Some(post) => page.posts.push(post),
            None => page.whole = false,
        }
    }
    page.ids.sort_unstable();
    page.posts.sort_by_key(|post| post.id);
    Ok(page)
}

/// A post, if it has at least a time.
fn read_post(name: &str, id: u64, message: ElementRef<'_>) -> Option<Shown> {
    let time = message.select(&TIME).next()?.attr("datetime")?;
    let posted: jiff::Timestamp = time.parse().ok()?;
    // A post that quotes another carries the quoted text too, under another class. A text can
    // also stand twice, one in the other: the outer one comes first.
    let text = message.select(&TEXT).next().map(plain).unwrap_or_default();
    let line = |selector| message.select(selector).next().map(plain);
    Some(Shown {
        id,
        posted: Timestamp::from_micros(posted.as_microsecond()),
        author: line(&AUTHOR).filter(|author| !author.is_empty()),
        text,
        media: media::read(message),
        reply_to: message
            .select(&REPLY)
            .next()
            .and_then(|link| replied_to(name, link.attr("href")?)),
        forwarded_from: line(&FORWARDED),
        edited: line(&META).is_some_and(|meta| meta.starts_with("edited")),
    })
}

/// The post that a reply's link names, if it stands in the same channel.
fn replied_to(name: &str, link: &str) -> Option<u64> {
    let path = link.split(['?', '#']).next()?;
    let mut parts = path.rsplit('/');
    let (id, channel) = (parts.next()?, parts.next()?);
    channel
        .eq_ignore_ascii_case(name)
        .then(|| id.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(messages: &str) -> String {
        format!(
            r#"<html><body><section class="tgme_channel_history js-message_history">{messages}</section></body></html>"#
        )
    }

    fn message(inside: &str) -> String {
        format!(
            r#"<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="Name/7">{inside}
            <span class="tgme_widget_message_meta">edited &nbsp;<a class="tgme_widget_message_date" href="https://t.me/Name/7"><time datetime="2025-07-21T12:04:05+00:00">12:04</time></a></span></div></div>"#
        )
    }

    #[test]
    fn a_post_is_read_with_its_signature_origin_reply_and_mark() {
        let html = page(&message(
            r#"<div class="tgme_widget_message_forwarded_from">Forwarded from <a class="tgme_widget_message_forwarded_from_name"><span>Whales</span></a></div>
            <a class="tgme_widget_message_reply" href="https://t.me/Name/5"><div class="tgme_widget_message_text js-message_reply_text">quoted</div></a>
            <div class="tgme_widget_message_text js-message_text">own</div><span class="tgme_widget_message_from_author">Ann</span>"#,
        ));
        let read = read("name", &html).unwrap();
        assert!(read.whole);
        assert!(!read.has_older);
        let post = &read.posts[0];
        assert_eq!((post.id, post.text.as_str()), (7, "own"));
        assert_eq!(post.posted, Timestamp::from_millis(1_753_099_445_000));
        assert_eq!(post.author.as_deref(), Some("Ann"));
        assert_eq!(post.forwarded_from.as_deref(), Some("Whales"));
        assert_eq!(post.reply_to, Some(5));
        assert!(post.edited);
    }

    #[test]
    fn a_reply_to_another_channel_answers_no_post_of_this_one() {
        assert_eq!(replied_to("name", "https://t.me/other/5"), None);
        assert_eq!(replied_to("name", "https://t.me/Name/5?single"), Some(5));
    }

    #[test]
    fn a_page_cut_short_or_with_an_unreadable_post_is_not_whole() {
        let html = page(&message("x"));
        assert!(
            !read("name", html.trim_end_matches("</html>"))
                .unwrap()
                .whole
        );
        let timeless = page(r#"<div class="tgme_widget_message" data-post="Name/7">x</div>"#);
        assert!(!read("name", &timeless).unwrap().whole);
    }

    #[test]
    fn a_service_message_is_counted_and_not_read() {
        let html = page(&message("x").replace(
            r#"class="tgme_widget_message""#,
            r#"class="tgme_widget_message service_message""#,
        ));
        let read = read("name", &html).unwrap();
        assert_eq!(read.ids, [7]);
        assert!(read.posts.is_empty());
    }

    #[test]
    fn what_is_no_preview_page_is_refused() {
        assert_eq!(read("name", "<html>hello</html>"), Err(BadPage::NoHistory));
        assert_eq!(
            read("other", &page(&message("x"))),
            Err(BadPage::OtherChannel("Name".into()))
        );
    }
}
