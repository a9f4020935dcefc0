//! Owners: what whoever answers for a channel sees of it, and what he says of it.
//!
//! He sees every post of his channel, how it was read and why it is held, and its figures, at once and
//! whatever his plan is. He may say something beside the record. The record itself is out of his reach:
//! he neither reviews nor archives, and how his posts arrive is not his to change.

use actix_web::{HttpResponse, web};
use domain::ports::review::ReviewQuery;
use domain::ports::roster::Words;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::analytics::{self, Analytics, ChannelFigures, FiguresParams};
use super::body::{self, Body};
use super::channels::find;
use super::error::{ApiError, Problem};
use super::guarded::{Guarded, Owner};
use super::page;
use super::records::{Records, Time};
use super::reviews::{self, ReviewPage};
use crate::accounts::Desk as People;
use crate::registrar::Registrar;
use crate::wire::ChannelOut;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 500;

/// The longest statement, in characters.
const LONGEST_STATEMENT: usize = 2_000;

/// Which posts of a channel.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnPostsParams {
    /// Read as one of these, separated by commas; all when nothing is said. `quarantined` are those that are
    /// held.
    #[param(
        pattern = "^(signal|update|close|cancel|claim|noise|quarantined)(,(signal|update|close|cancel|claim|noise|quarantined))*$"
    )]
    class: Option<String>,
    /// Those that became known before this one: the `next` of the page before.
    #[param(pattern = "^[0-9]{1,14}[.][0-9]{1,9}$")]
    before: Option<String>,
    /// At most so many, up to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// What an owner says of his channel. What is left out is not said any more.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnerWords {
    /// What the channel is about.
    #[schema(min_length = 1, max_length = 500)]
    description: Option<String>,
    /// What he answers to its record: it stands beside the figures and changes none of them.
    #[schema(min_length = 1, max_length = 2000)]
    statement: Option<String>,
}

/// Every version of every post of one's own channel, with how it was read and why it is held, newest posts
/// first, at once and whatever one's plan is.
#[utoipa::path(get, path = "/v1/channels/{id}/posts", tag = "channels", security(("bearer" = ["owner"])),
    params(("id" = String, Path, description = "its name"), OwnPostsParams), responses(
    (status = 200, body = ReviewPage, headers(("Link" = Option<String>, description = "the next page, where there is one"))),
    (status = 404, description = "no such channel", body = Problem),
))]
pub async fn posts(
    guarded: Guarded<Owner>,
    id: web::Path<String>,
    params: web::Query<OwnPostsParams>,
    store: web::Data<Records>,
    desk: web::Data<reviews::Desk>,
) -> Result<HttpResponse, ApiError> {
    let card = find(&id, &store).await?.card;
    guarded.owns(&card.id)?;
    let classes = params.class.as_deref().map(|labels| labels.split(','));
    let classes = classes.into_iter().flatten();
    let limit = page::limit(params.limit)?;
    let query = ReviewQuery {
        reviewed: None,
        classes: classes
            .map(|label| reviews::class("class", label))
            .collect::<Result<_, _>>()?,
        before: reviews::place(params.before.as_deref())?,
        limit,
        channels: vec![card.id.clone()],
    };
    let (shown, next) = reviews::page_of(&desk, query).await?;
    let path = format!("/v1/channels/{}/posts", card.id);
    Ok(page::answer(
        &path,
        &*params,
        "before",
        next.as_deref(),
        &shown,
    ))
}

/// The figures of one's own channel, as `/v1/analytics/channels/{id}` tells them, whatever one's plan is.
#[utoipa::path(get, path = "/v1/channels/{id}/figures", tag = "channels", security(("bearer" = ["owner"])),
    params(("id" = String, Path, description = "its name"), FiguresParams), responses(
    (status = 200, body = ChannelFigures),
    (status = 404, description = "no such channel", body = Problem),
))]
pub async fn figures(
    guarded: Guarded<Owner>,
    id: web::Path<String>,
    params: web::Query<FiguresParams>,
    store: web::Data<Records>,
    analytics: web::Data<Analytics>,
) -> Result<web::Json<ChannelFigures>, ApiError> {
    let card = find(&id, &store).await?.card;
    guarded.owns(&card.id)?;
    let figures = analytics::figures_of(&analytics, card, &params).await?;
    Ok(web::Json(figures))
}

/// Says something of one's own channel, in the place of what was said before. Everybody sees it beside the
/// channel; no figure and no outcome changes by it.
#[utoipa::path(put, path = "/v1/channels/{id}/words", tag = "channels", security(("bearer" = ["owner"])), request_body = OwnerWords,
    params(("id" = String, Path, description = "its name")), responses(
    (status = 200, body = ChannelOut),
    (status = 400, description = "something of it cannot be", body = Problem),
    (status = 404, description = "no such channel", body = Problem),
))]
pub async fn say(
    guarded: Guarded<Owner>,
    id: web::Path<String>,
    body: Body,
    (store, registrar): (web::Data<Records>, web::Data<Registrar>),
    (people, clock): (web::Data<People>, web::Data<Time>),
) -> Result<web::Json<ChannelOut>, ApiError> {
    let said: OwnerWords = body::read(&body)?;
    let words = Words {
        description: text("description", said.description, LONGEST_DESCRIPTION)?,
        statement: text("statement", said.statement, LONGEST_STATEMENT)?,
        at: clock.now(),
    };
    let card = find(&id, &store).await?.card;
    guarded.owns(&card.id)?;
    let detail = json!({ "description": words.description, "statement": words.statement });
    let about = (&guarded.caller, "channel.words", card.id.as_str());
    let said = async { Ok::<_, ApiError>(registrar.say(&card.id, &words).await?) };
    people.carry_out(about, detail, said).await?;
    Ok(web::Json(ChannelOut::from(find(&id, &store).await?)))
}

/// A text for people: lines of it are kept, other control characters are refused.
fn text(field: &str, text: Option<String>, longest: usize) -> Result<Option<String>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let text = text.replace("\r\n", "\n").trim().to_owned();
    let odd = |letter: char| letter.is_control() && letter != '\n';
    if text.is_empty() || text.chars().count() > longest || text.contains(odd) {
        let why = format!(
            "1 to {longest} characters, no control characters; leave it out to say nothing"
        );
        return Err(ApiError::invalid(field, why));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use domain::reading::Meaning;

    use super::*;

    #[test]
    fn what_is_said_keeps_its_lines_and_nothing_else_that_is_not_seen() {
        let read = |said: &str| text("statement", Some(said.to_owned()), 10).map(Option::unwrap);
        assert_eq!(read(" one\r\ntwo ").as_deref(), Ok("one\ntwo"));
        for said in ["", "  ", "elevenchars", "a\u{1b}[31m", "a\0"] {
            assert!(read(said).is_err(), "{said:?}");
        }
        assert_eq!(text("statement", None, 10), Ok(None));
    }

    #[test]
    fn every_class_of_a_reading_can_be_asked_for() {
        for label in Meaning::LABELS {
            assert_eq!(reviews::class("class", label), Ok(label));
        }
    }
}
