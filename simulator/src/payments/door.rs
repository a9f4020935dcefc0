//! The door: HTTP around the API, with keys, request numbers and answers that are given again.

use std::net::TcpListener;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::api::{self, Verb};
use super::courier;
use super::form::Form;
use super::ledger::Asked;
use super::refusal::Refusal;
use super::replays::Given;
use super::room::Room;
use super::{pages, show};

/// The largest body of a request, in bytes.
const BODY: usize = 256 << 10;

/// How often time is looked at, and the state kept.
const TICK: Duration = Duration::from_millis(250);

/// Serves the room and sends its webhooks, until the world stops.
pub(crate) async fn serve(
    listener: TcpListener,
    room: Arc<Room>,
    stopped: impl Future<Output = ()> + 'static,
) -> std::io::Result<()> {
    let shared = Data::from(Arc::clone(&room));
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(keep_first))
            .app_data(shared.clone())
            .app_data(PayloadConfig::new(BODY))
            .route("/v1/{path:.*}", web::to(answer))
            .configure(pages::routes)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    let inside = Arc::clone(&room);
    let work = actix_web::rt::spawn(async move {
        let client = courier::client();
        let mut beats = 0_u64;
        loop {
            courier::round(&inside, &client).await;
            beats += 1;
            if beats.is_multiple_of(10) {
                inside.live();
                inside.keep();
            }
            tokio::time::sleep(courier::LOOK_EVERY).await;
        }
    });
    actix_web::rt::spawn(async move {
        stopped.await;
        work.abort();
        handle.stop(false).await;
    });
    let ended = server.await;
    room.keep();
    ended
}

/// What somebody is told of is kept first: after a crash he asks for it.
async fn keep_first(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let changes = request.method() != Method::GET;
    let room = request.app_data::<Data<Room>>().cloned();
    let answered = next.call(request).await?;
    if let Some(room) = room.filter(|_| changes) {
        room.keep();
    }
    Ok(answered)
}

async fn answer(request: HttpRequest, body: Bytes, room: Data<Room>) -> HttpResponse {
    while room.mischief.is_stalled() {
        tokio::time::sleep(TICK).await;
    }
    let number = room.with(|ledger| ledger.draw("req_"));
    let key = header(&request, "Idempotency-Key").filter(|_| request.method() == Method::POST);
    let given = respond(&request, &body, &room, &number, key.as_deref());
    let (given, again) = given.unwrap_or_else(|refusal| (given_refusal(&refusal, &number), false));
    let status = actix_web::http::StatusCode::from_u16(given.status);
    let mut response = HttpResponse::build(status.unwrap_or_default());
    response
        .insert_header(("Request-Id", number))
        .insert_header(("Stripe-Version", show::VERSION))
        .content_type("application/json");
    if let Some(key) = key {
        response.insert_header(("Idempotency-Key", key));
        response.insert_header(("Original-Request", given.request));
    }
    if again {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.body(given.body)
}

fn given_refusal(refusal: &Refusal, number: &str) -> Given {
    Given {
        status: refusal.status,
        body: format!("{:#}", refusal.body()),
        request: number.to_owned(),
    }
}

/// The answer, and whether it was given before.
fn respond(
    request: &HttpRequest,
    body: &Bytes,
    room: &Room,
    number: &str,
    key: Option<&str>,
) -> Result<(Given, bool), Refusal> {
    if room.mischief.fails_this() {
        let mut refusal = Refusal::invalid("An unknown error occurred").status(500);
        refusal.kind = super::refusal::Kind::Api;
        return Err(refusal);
    }
    enter(request, &room.secret_key)?;
    let method = request.method();
    let verb = [
        (Method::GET, Verb::Get),
        (Method::POST, Verb::Post),
        (Method::DELETE, Verb::Delete),
    ];
    let verb = verb
        .into_iter()
        .find(|(known, _)| known == method)
        .map(|(_, verb)| verb);
    let path = request.path().trim_start_matches("/v1/");
    let nowhere = || {
        Refusal::invalid(format!("Unrecognized request URL ({method}: /v1/{path}).")).status(404)
    };
    let verb = verb.ok_or_else(nowhere)?;
    let mut form = Form::read(body)?;
    form.join(Form::read(request.query_string().as_bytes())?);
    let asked = format!("{method} {path} {form:?}");
    if let Some(key) = key {
        let replays = room.replays.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(given) = replays.find(key, &asked)? {
            return Ok((given, true));
        }
    }
    let steps: Vec<_> = path.trim_end_matches('/').split('/').collect();
    let answered = room.with(|ledger| {
        ledger.asked = Asked {
            request: Some(number.to_owned()),
            idempotency_key: key.map(str::to_owned),
        };
        let answered = api::answer(ledger, verb, &steps, form);
        ledger.asked = Asked::default();
        answered
    });
    let given = match answered {
        Ok(object) => Given {
            status: 200,
            body: format!("{object:#}"),
            request: number.to_owned(),
        },
        Err(refusal) => given_refusal(&refusal, number),
    };
    if let Some(key) = key {
        let mut replays = room.replays.lock().unwrap_or_else(PoisonError::into_inner);
        replays.keep(key.to_owned(), asked, given.clone());
    }
    Ok((given, false))
}

/// Lets in whoever has the key, as a bearer or as the name of basic authentication.
fn enter(request: &HttpRequest, key: &str) -> Result<(), Refusal> {
    let sent = header(request, AUTHORIZATION.as_str());
    let shown = sent.and_then(|sent| {
        if let Some(bearer) = sent.strip_prefix("Bearer ") {
            return Some(bearer.trim().to_owned());
        }
        let basic = STANDARD.decode(sent.strip_prefix("Basic ")?.trim()).ok()?;
        let basic = String::from_utf8(basic).ok()?;
        basic.split(':').next().map(str::to_owned)
    });
    match shown {
        Some(shown) if shown == key => Ok(()),
        Some(shown) => {
            let end = shown
                .char_indices()
                .rev()
                .nth(3)
                .map_or("", |(at, _)| &shown[at..]);
            Err(Refusal::key(&format!(
                "Invalid API Key provided: sk_test_****{end}"
            )))
        }
        None => Err(Refusal::key(
            "You did not provide an API key. You need to provide your API key in the Authorization \
             header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )),
    }
}

fn header(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}
