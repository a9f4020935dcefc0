//! The poster of the channels that come by webhook: it sends each post until it is taken.

use std::time::Duration;

use awc::Client;
use awc::http::header::CONTENT_TYPE;
use serde_json::Value;
use tracing::{debug, warn};

use crate::channels::{CHANNELS, Channel, Kind, Post};
use crate::dice;
use crate::options::WebhookTarget;
use crate::world::World;

/// Posts that were missed while nobody sent them are sent if they are younger than this.
const STILL_NEWS: i64 = 60_000_000;

/// How often a post is tried, and how long the first pause is; each is twice the one before.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How long a taker may think, as those who send real alerts have it.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often new posts are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The secret that a channel puts into its posts.
pub(crate) fn secret(seed: u64, channel: &Channel) -> String {
    let first = dice::named(seed ^ 0x5EC2E7, channel.name);
    format!("sim-{first:016x}{:016x}", dice::mix(first))
}

/// Sends the posts of all webhook channels, each channel's in order, until the world stops.
pub(crate) fn post_all(world: &World, target: &WebhookTarget) {
    for channel in CHANNELS
        .iter()
        .filter(|channel| channel.kind == Kind::Webhook)
    {
        let poster = Poster {
            world: world.clone(),
            channel,
            url: target.of(channel.name, &secret(world.press.market().seed(), channel)),
            client: Client::builder().timeout(PATIENCE).finish(),
        };
        actix_web::rt::spawn(poster.run());
    }
}

struct Poster {
    world: World,
    channel: &'static Channel,
    url: String,
    client: Client,
}

impl Poster {
    async fn run(self) {
        let mut sent = self.world.started - STILL_NEWS;
        loop {
            let now = self.world.now();
            let due: Vec<_> = self.world.press.between(self.channel, sent, now).collect();
            for story in due {
                tokio::select! {
                    () = self.send(&story.post) => {}
                    () = self.world.stopped() => return,
                }
            }
            sent = now.max(sent);
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.world.stopped() => return,
            }
        }
    }

    async fn send(&self, post: &Post) {
        let secret = secret(self.world.press.market().seed(), self.channel);
        let (kind, body) = body(post, &secret);
        let mut pause = FIRST_PAUSE;
        for left in (0..TRIES).rev() {
            let request = self
                .client
                .post(&self.url)
                .insert_header((CONTENT_TYPE, kind));
            match request.send_body(body.clone()).await {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                    warn!(channel = self.channel.name, post = post.id, status = %answer.status(), "a webhook refused a post");
                    return;
                }
                Ok(answer) => {
                    debug!(channel = self.channel.name, post = post.id, left, status = %answer.status(), "a webhook was busy")
                }
                Err(error) => {
                    debug!(channel = self.channel.name, post = post.id, left, %error, "a webhook was away")
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        warn!(
            channel = self.channel.name,
            post = post.id,
            "gave a post up that no webhook took"
        );
    }
}

/// What makes a repeated request known as one: the same for the same post, always.
#[must_use]
pub(crate) fn delivery_id(post: &Post) -> String {
    let drawn = dice::hash(dice::named(4, post.channel.name), post.id);
    // Letters only, so that no reader of plain text takes it for a price.
    let letter = |at: u32| char::from(b'a' + u8::try_from((drawn >> (at * 5)) % 26).unwrap_or(0));
    (0..12).map(letter).collect()
}

/// The content type and the body of a post's request.
fn body(post: &Post, secret: &str) -> (&'static str, String) {
    let id = delivery_id(post);
    let Ok(Value::Object(alert)) = serde_json::from_str::<Value>(&post.text) else {
        return (
            "text/plain; charset=utf-8",
            format!("{}\nid: {id}", post.text),
        );
    };
    let mut whole = serde_json::Map::new();
    whole.insert("secret".to_owned(), secret.into());
    whole.insert("id".to_owned(), id.into());
    whole.extend(alert);
    ("application/json", Value::Object(whole).to_string())
}
