//! What a post carries besides its text, named so that the name stays the same.
//!
//! The addresses that a page gives for its images change from one look to the next, and a changed
//! reference would make an edit of it. So a photo is named by the number that Telegram gives it,
//! and where there is none by the last part of its address or by its kind alone.

use std::sync::LazyLock;

use scraper::{ElementRef, Selector};

use crate::sources::text::plain;

static PARTS: LazyLock<Selector> = LazyLock::new(|| {
    Selector::parse(
        ".tgme_widget_message_photo_wrap, .tgme_widget_message_video_player, \
         .tgme_widget_message_roundvideo_player, .tgme_widget_message_document_title, \
         .tgme_widget_message_voice_player, .tgme_widget_message_sticker_wrap, \
         .tgme_widget_message_poll_question",
    )
    .expect("a selector that parses")
});

/// The references to a message's images and files, in its order.
pub(super) fn read(message: ElementRef<'_>) -> Vec<String> {
    message.select(&PARTS).filter_map(name).collect()
}

fn name(part: ElementRef<'_>) -> Option<String> {
    let kind = part
        .value()
        .classes()
        .find_map(|class| class.strip_prefix("tgme_widget_message_"))?;
    Some(match kind {
        "photo_wrap" => format!("photo:{}", photo(part)?),
        "document_title" => format!("file:{}", plain(part)),
        "poll_question" => format!("poll:{}", plain(part)),
        "video_player" | "roundvideo_player" => "video".to_owned(),
        "voice_player" => "voice".to_owned(),
        _ => "sticker".to_owned(),
    })
}

/// A photo's number, else the last part of its address without what follows a `?`.
fn photo(part: ElementRef<'_>) -> Option<&str> {
    let numbered = |class: &&str| class.len() > 5 && class.bytes().all(|b| b.is_ascii_digit());
    part.value().classes().find(numbered).or_else(|| {
        let (_, after) = part.attr("style")?.split_once("url(")?;
        let address = after.split(')').next()?.trim_matches(['\'', '"', ' ']);
        address.split(['?', '#']).next()?.rsplit('/').next()
    })
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    fn media_of(markup: &str) -> Vec<String> {
        read(Html::parse_fragment(markup).root_element())
    }

    #[test]
    fn a_photo_is_named_by_its_number_whatever_its_address_is_today() {
        let photo = |token: &str| {
            media_of(&format!(
                r#"<a class="tgme_widget_message_photo_wrap 6048356431981301195 1408242721_456248779" style="width:800px;background-image:url('https://cdn4.telesco.pe/file/{token}.jpg')"></a>"#
            ))
        };
        assert_eq!(photo("RfNse5"), ["photo:6048356431981301195"]);
        assert_eq!(photo("aDG4MN"), photo("RfNse5"));
    }

    #[test]
    fn a_photo_without_a_number_is_named_by_the_end_of_its_address() {
        assert_eq!(
            media_of(
                r#"<a class="tgme_widget_message_photo_wrap" style="background-image:url('http://sim/media/chart-7.png?size=800')"></a>"#
            ),
            ["photo:chart-7.png"]
        );
    }

    #[test]
    fn files_and_videos_are_named_by_title_or_kind() {
        assert_eq!(
            media_of(
                r#"<a class="tgme_widget_message_video_player"></a><div class="tgme_widget_message_document_title">plan.pdf</div>"#
            ),
            ["video", "file:plan.pdf"]
        );
    }
}
