//! The preview pages of the channels, as the network shows them to people without an account.

mod page;

use actix_web::http::header;
use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::channels::{Channel, Kind, channel};
use crate::dice;
use crate::world::World;

/// The routes of the preview pages. They come last, for one of them takes any word.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/s/{name}", web::get().to(history))
        .route("/{name}", web::get().to(card));
}

/// Which part of a channel's history is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Part {
    /// Only posts with lower numbers.
    before: Option<i64>,
    /// Only posts with higher numbers.
    after: Option<i64>,
}

async fn history(
    request: HttpRequest,
    name: Path<String>,
    part: Query<Part>,
    world: Data<World>,
) -> HttpResponse {
    let Some(channel) = known(&name) else {
        return HttpResponse::Found()
            .insert_header((header::LOCATION, format!("/{name}")))
            .finish();
    };
    let page = page::write(&world.press, channel, *part, world.now());
    let tag = format!("\"{:016x}\"", dice::named(0, &page));
    let asked = request.headers().get(header::IF_NONE_MATCH);
    if asked.is_some_and(|asked| asked.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(world.faults.pages.perhaps_broken(page))
}

/// What is shown of a name without its history: of channels and of names nobody has.
async fn card(name: Path<String>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(page::card(&name, known(&name)))
}

fn known(name: &str) -> Option<&'static Channel> {
    channel(name).filter(|channel| channel.kind == Kind::Preview)
}
