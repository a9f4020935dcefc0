//! The preview pages, read with an HTML parser.

use scraper::{ElementRef, Html, Selector};
use simulator::{CHANNELS, Class, Deed, Kind, Simulator, Truth};

use crate::support::{MINUTE, TUESDAY, ask, page, standing};

fn select<'a>(page: &'a Html, what: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(what).unwrap();
    page.select(&selector).collect()
}

fn within<'a>(element: ElementRef<'a>, what: &str) -> Option<ElementRef<'a>> {
    let selector = Selector::parse(what).unwrap();
    element.select(&selector).next()
}

fn text(element: ElementRef<'_>) -> String {
    let mut out = String::new();
    for node in element.descendants() {
        if let Some(text) = node.value().as_text() {
            out.push_str(text);
        } else if node
            .value()
            .as_element()
            .is_some_and(|element| element.name() == "br")
        {
            out.push('\n');
        }
    }
    out
}

fn numbers(page: &Html) -> Vec<i64> {
    let posts = select(page, ".tgme_widget_message[data-post]");
    let number = |post: ElementRef<'_>| post.attr("data-post")?.split_once('/')?.1.parse().ok();
    posts.into_iter().filter_map(number).collect()
}

fn post<'a>(page: &'a Html, name: &str, id: i64) -> Option<ElementRef<'a>> {
    let found = select(
        page,
        &format!(".tgme_widget_message[data-post=\"{name}/{id}\"]"),
    );
    found.into_iter().next()
}

fn signals_of(simulator: &Simulator, name: &str) -> Vec<Truth> {
    let truths = simulator.truth_between(TUESDAY, TUESDAY + 40 * MINUTE);
    let mine = truths.into_iter().filter(|truth| truth.channel == name);
    mine.filter(|truth| truth.class == Class::Signal).collect()
}

#[actix_web::test]
async fn a_page_shows_the_last_twenty_posts_as_they_were_written() {
    let (simulator, _) = standing(TUESDAY);
    for channel in CHANNELS
        .iter()
        .filter(|channel| channel.kind == Kind::Preview)
    {
        let page = page(&simulator, &format!("/s/{}", channel.name)).await;
        let shown = numbers(&page);
        assert_eq!(shown.len(), 20);
        assert!(shown.is_sorted());
        for id in shown {
            let truth = simulator.truth(channel.name, id).unwrap();
            let post = post(&page, channel.name, id).unwrap();
            let changed = |deed: &Deed| matches!(deed, Deed::Edit { .. });
            let edited = truth
                .actions
                .iter()
                .any(|a| a.at <= TUESDAY && changed(&a.deed));
            let words = within(post, ".tgme_widget_message_text.js-message_text").map(text);
            if !edited {
                assert_eq!(words.unwrap_or_default(), truth.text);
            }
            let time = within(post, ".tgme_widget_message_date time[datetime]").unwrap();
            let time: jiff::Timestamp = time.attr("datetime").unwrap().parse().unwrap();
            assert_eq!(time.as_second(), truth.posted_at / 1_000_000);
        }
    }
}

#[actix_web::test]
async fn pages_lead_back_and_forth_without_a_gap() {
    let (simulator, _) = standing(TUESDAY);
    let newest = numbers(&page(&simulator, "/s/sim_steady").await);
    let older = page(&simulator, &format!("/s/sim_steady?before={}", newest[0])).await;
    let shown = numbers(&older);
    assert_eq!(shown.last(), Some(&(newest[0] - 1)));
    assert_eq!(select(&older, ".js-messages_more[data-before]").len(), 1);
    assert_eq!(select(&older, "link[rel=prev]").len(), 1);
    let newer = page(&simulator, &format!("/s/sim_steady?after={}", shown[19])).await;
    assert_eq!(numbers(&newer), newest);
}

#[actix_web::test]
async fn an_edit_shows_its_mark_and_its_new_words() {
    let (simulator, hand) = standing(TUESDAY);
    let mut seen = 0;
    for truth in signals_of(&simulator, "sim_hindsight") {
        for action in &truth.actions {
            let Deed::Edit { text: new, .. } = &action.deed else {
                continue;
            };
            let path = format!("/s/sim_hindsight?before={}", truth.id + 1);
            for (now, words, marked) in
                [(action.at - 1, &truth.text, false), (action.at, new, true)]
            {
                hand.set(now);
                let page = page(&simulator, &path).await;
                let post = post(&page, truth.channel, truth.id).unwrap();
                let shown = text(within(post, ".js-message_text").unwrap());
                assert_eq!(&shown, words);
                let meta = text(within(post, ".tgme_widget_message_meta").unwrap());
                assert_eq!(meta.contains("edited"), marked);
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[actix_web::test]
async fn a_deleted_post_vanishes() {
    let (simulator, hand) = standing(TUESDAY);
    let mut seen = 0;
    for truth in signals_of(&simulator, "sim_spotless") {
        let deleted = truth
            .actions
            .iter()
            .find(|action| action.deed == Deed::Delete);
        let Some(deleted) = deleted else { continue };
        let path = format!("/s/sim_spotless?before={}", truth.id + 1);
        hand.set(deleted.at - 1);
        assert!(post(&page(&simulator, &path).await, truth.channel, truth.id).is_some());
        hand.set(deleted.at);
        assert!(post(&page(&simulator, &path).await, truth.channel, truth.id).is_none());
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[actix_web::test]
async fn an_answer_quotes_what_it_answers() {
    let (simulator, hand) = standing(TUESDAY);
    let truths = simulator.truth_between(TUESDAY, TUESDAY + 10 * MINUTE);
    let mut seen = 0;
    for truth in truths.iter().filter(|truth| truth.reply_to.is_some()) {
        hand.set(truth.posted_at);
        let page = page(&simulator, &format!("/s/{}", truth.channel)).await;
        let post = post(&page, truth.channel, truth.id).unwrap();
        let reply = within(post, "a.tgme_widget_message_reply[href]").unwrap();
        let to = format!("https://t.me/{}/{}", truth.channel, truth.reply_to.unwrap());
        assert_eq!(reply.attr("href"), Some(to.as_str()));
        assert!(within(reply, ".js-message_reply_text").is_some());
        // A reader that takes the first text for the words must not find the quotation.
        assert_eq!(text(within(post, ".js-message_text").unwrap()), truth.text);
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[actix_web::test]
async fn a_picture_without_words_is_a_picture() {
    let (simulator, hand) = standing(TUESDAY);
    let truths = simulator.truth_between(TUESDAY, TUESDAY + 10 * MINUTE);
    let image = truths
        .iter()
        .find(|truth| truth.class == Class::Image && truth.text.is_empty());
    let image = image.unwrap();
    hand.set(image.posted_at);
    let page = page(&simulator, &format!("/s/{}", image.channel)).await;
    let post = post(&page, image.channel, image.id).unwrap();
    assert!(within(post, "a.tgme_widget_message_photo_wrap").is_some());
    assert!(within(post, ".js-message_text").is_none());
}

#[actix_web::test]
async fn an_unchanged_page_need_not_be_sent_again() {
    let (simulator, hand) = standing(TUESDAY);
    let (_, headers, _) = ask(&simulator, "/s/sim_steady", &[]).await;
    let tag = headers.get("etag").unwrap().to_str().unwrap().to_owned();
    let conditional = [("if-none-match", tag.as_str())];
    let (status, _, body) = ask(&simulator, "/s/sim_steady", &conditional).await;
    assert_eq!((status, body.as_str()), (304, ""));
    hand.pass(MINUTE);
    assert_eq!(ask(&simulator, "/s/sim_steady", &conditional).await.0, 200);
}

#[actix_web::test]
async fn a_name_that_nobody_has_is_sent_to_its_card() {
    let (simulator, _) = standing(TUESDAY);
    // A webhook channel has no page either.
    for name in ["nobody_here", "sim_desk"] {
        let (status, headers, _) = ask(&simulator, &format!("/s/{name}"), &[]).await;
        let place = headers.get("location").unwrap().to_str().unwrap();
        assert_eq!((status, place), (302, format!("/{name}").as_str()));
        let card = page(&simulator, place).await;
        assert!(select(&card, ".tgme_channel_history").is_empty());
    }
}
