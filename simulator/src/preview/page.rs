//! A preview page in HTML, with the classes that the network's own pages have.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Part;
use crate::channels::{Channel, Press, Story};
use crate::dice;

/// How many posts a page shows.
const PER_PAGE: usize = 20;

/// How many numbers are looked through for them at most, so that a page always has an end.
const LOOKED_THROUGH: i64 = 400;

/// How much of a post is quoted where it is answered.
const QUOTED: usize = 200;

pub(super) fn write(press: &Press, channel: &'static Channel, part: Part, now: i64) -> String {
    let shown = shown(press, channel, part, now);
    let last = press.last_id(channel, now);
    let name = channel.name;
    let lowest = shown.first().map_or(1, |story| story.post.id);
    let highest = shown.last().map_or(last, |story| story.post.id);
    let mut head = String::new();
    let mut body = String::new();
    if lowest > 1 {
        head += &format!("<link rel=\"prev\" href=\"/s/{name}?before={lowest}\">\n");
        body += &more(name, "before", lowest);
    }
    for story in &shown {
        body += &message(press, story, now);
    }
    if highest < last && part.before.or(part.after).is_some() {
        head += &format!("<link rel=\"next\" href=\"/s/{name}?after={highest}\">\n");
        body += &more(name, "after", highest);
    }
    head += &format!(
        "<link rel=\"canonical\" href=\"/s/{name}?before={}\">",
        highest + 1
    );
    let title = escaped(channel.title);
    format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>{title} – Telegram</title>\n    \
         <meta property=\"og:title\" content=\"{title}\">\n    \
         <meta property=\"og:site_name\" content=\"Telegram\">\n    {head}\n  </head>\n  \
         <body class=\"widget_frame_base tgme_webpreview\">\n<header class=\"tgme_header search_collapsed\">\n  \
         <div class=\"tgme_header_info\">\n    <a class=\"tgme_header_link\" href=\"https://t.me/{name}\">\n      \
         <div class=\"tgme_header_title_wrap\"><div class=\"tgme_header_title\"><span dir=\"auto\">{title}</span></div></div>\n      \
         <div class=\"tgme_header_counter\">{subscribers} subscribers</div>\n    </a>\n  </div>\n</header>\n\
         <main class=\"tgme_main\" data-url=\"/{name}\">\n  <div class=\"tgme_container\">\n    \
         <section class=\"tgme_channel_history js-message_history\">\n      {body}\n    </section>\n  </div>\n</main>\n  </body>\n</html>\n",
        subscribers = short(dice::named(1, name) % 200_000),
    )
}

/// The page of a name without its history.
pub(super) fn card(name: &str, channel: Option<&Channel>) -> String {
    let name = escaped(name);
    let title = channel.map_or_else(|| name.clone(), |channel| escaped(channel.title));
    format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    \
         <title>Telegram: Contact @{name}</title>\n    <meta property=\"og:title\" content=\"{title}\">\n  </head>\n  \
         <body>\n    <div class=\"tgme_page_wrap\"><div class=\"tgme_page\">\n      \
         <div class=\"tgme_page_title\"><span dir=\"auto\">{title}</span></div>\n      \
         <div class=\"tgme_page_action\"><a class=\"tgme_action_button_new\" href=\"tg://resolve?domain={name}\">View in Telegram</a></div>\n    \
         </div></div>\n  </body>\n</html>\n"
    )
}

fn more(name: &str, which: &str, id: i64) -> String {
    format!(
        "<div class=\"tgme_widget_message_centered js-messages_more_wrap\"><a href=\"/s/{name}?{which}={id}\" \
         class=\"tme_messages_more js-messages_more\" data-{which}=\"{id}\"></a></div>"
    )
}

/// The posts of a page, oldest first.
fn shown(
    press: &Press,
    channel: &'static Channel,
    part: Part,
    now: i64,
) -> Vec<std::sync::Arc<Story>> {
    let last = press.last_id(channel, now);
    let visible = |id: i64| {
        let story = press.story(channel, id);
        story.seen_at(now).is_some().then_some(story)
    };
    if let (Some(after), None) = (part.after, part.before) {
        let from = after.clamp(0, last) + 1;
        let until = last.min(from + LOOKED_THROUGH);
        return (from..=until).filter_map(visible).take(PER_PAGE).collect();
    }
    let until = part.before.map_or(last, |before| last.min(before - 1));
    let from = (until - LOOKED_THROUGH)
        .max(part.after.unwrap_or(0) + 1)
        .max(1);
    let mut shown: Vec<_> = (from..=until)
        .rev()
        .filter_map(visible)
        .take(PER_PAGE)
        .collect();
    shown.reverse();
    shown
}

fn message(press: &Press, story: &Story, now: i64) -> String {
    let post = &story.post;
    let (name, id) = (post.channel.name, post.id);
    let (text, edited) = story.seen_at(now).unwrap_or_default();
    let title = escaped(post.channel.title);
    let author = format!(
        "<div class=\"tgme_widget_message_author accent_color\"><a class=\"tgme_widget_message_owner_name\" \
         href=\"https://t.me/{name}\"><span dir=\"auto\">{title}</span></a></div>\n"
    );
    let mut inner = author;
    if post.forwarded {
        inner += "<div class=\"tgme_widget_message_forwarded_from accent_color\">Forwarded from&nbsp;\
                  <a class=\"tgme_widget_message_forwarded_from_name\" href=\"https://t.me/sim_partner/77\">\
                  <span dir=\"auto\">Partner (simulated)</span></a></div>\n";
    }
    inner += &reply(press, story, now).unwrap_or_default();
    if post.photo {
        inner += &photo(name, id);
    }
    if !text.is_empty() {
        inner += &format!(
            "<div class=\"tgme_widget_message_text js-message_text\" dir=\"auto\">{}</div>\n",
            marked_up(text)
        );
    }
    inner += &footer(story, edited);
    format!(
        "<div class=\"tgme_widget_message_wrap js-widget_message_wrap\"><div class=\"tgme_widget_message \
         text_not_supported_wrap js-widget_message\" data-post=\"{name}/{id}\">\n  \
         <div class=\"tgme_widget_message_bubble\">\n    {inner}  </div>\n  \n</div></div>"
    )
}

/// The quotation over an answer; a deleted post is quoted no more.
fn reply(press: &Press, story: &Story, now: i64) -> Option<String> {
    let post = &story.post;
    let to = press.story(post.channel, post.reply_to?);
    let (text, _) = to.seen_at(now)?;
    let mut quoted: String = text.replace('\n', " ").chars().take(QUOTED).collect();
    if text.chars().count() > QUOTED {
        quoted.push('…');
    }
    Some(format!(
        "<a class=\"tgme_widget_message_reply user-color-default\" href=\"https://t.me/{name}/{id}\">\n\
         <div class=\"tgme_widget_message_author accent_color\">\n  \
         <span class=\"tgme_widget_message_author_name\" dir=\"auto\">{title}</span>\n</div>\n\
         <div class=\"tgme_widget_message_text js-message_reply_text\" dir=\"auto\">{quoted}</div>\n</a>\n",
        name = post.channel.name,
        id = to.post.id,
        title = escaped(post.channel.title),
        quoted = escaped(&quoted),
    ))
}

fn photo(name: &str, id: i64) -> String {
    let number = dice::hash(dice::named(2, name), id) >> 4;
    format!(
        "<a class=\"tgme_widget_message_photo_wrap {number} {id}_456239017\" href=\"https://t.me/{name}/{id}\" \
         style=\"width:800px;background-image:url('https://cdn.example/file/{number}.jpg')\">\n  \
         <div class=\"tgme_widget_message_photo\" style=\"padding-top:56.25%\"></div>\n</a>"
    )
}

fn footer(story: &Story, edited: bool) -> String {
    let post = &story.post;
    let (name, id) = (post.channel.name, post.id);
    let time = Timestamp::from_second(post.at.div_euclid(1_000_000))
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC);
    let mark = if edited { "edited  " } else { "" };
    format!(
        "<div class=\"tgme_widget_message_footer compact js-message_footer\">\n  \n  \
         <div class=\"tgme_widget_message_info short js-message_info\">\n    \
         <span class=\"tgme_widget_message_views\">{views}</span><span class=\"copyonly\"> views</span>\
         <span class=\"tgme_widget_message_meta\">{mark}<a class=\"tgme_widget_message_date\" \
         href=\"https://t.me/{name}/{id}\"><time datetime=\"{date}+00:00\" class=\"time\">{clock}</time></a></span>\n  \
         </div>\n</div>\n",
        views = short(dice::hash(dice::named(3, name), id) % 90_000),
        date = time.strftime("%Y-%m-%dT%H:%M:%S"),
        clock = time.strftime("%H:%M"),
    )
}

/// A count as the network abbreviates it.
fn short(count: u64) -> String {
    if count < 1000 {
        return count.to_string();
    }
    let thousands = count as f64 / 1000.0;
    if count < 100_000 {
        format!("{thousands:.1}K")
    } else {
        format!("{thousands:.0}K")
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '!' => out.push_str("&#33;"),
            '$' => out.push_str("&#036;"),
            _ => out.push(letter),
        }
    }
    out
}

/// The text as the network marks it up: lines, hashtags as links, the first line of a call in bold.
fn marked_up(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(marked_line).collect();
    lines.join("<br/>")
}

fn marked_line(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.strip_prefix('#') {
        Some(tag) if !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            format!("<a href=\"?q=%23{0}\">#{0}</a>", escaped(tag))
        }
        Some(_) | None => escaped(word),
    });
    words.collect::<Vec<_>>().join(" ")
}
