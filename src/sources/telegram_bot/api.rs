//! The one question that is asked of the Bot API, and every way in which it can be answered.
//!
//! The token is part of the address, so no error here carries an address.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use domain::ports::source::SourceError;

use super::LONG_POLL;
use crate::outbound::Outbound;

/// The updates that are wanted; Telegram keeps the others.
const WANTED: &str = r#"["channel_post","edited_channel_post"]"#;

/// The most updates of one answer.
const AT_ONCE: &str = "100";

/// The longest that a wish to be left alone is honoured.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// Why there are no updates, and how long Telegram asks to be left alone.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: SourceError,
    pub retry_after: Option<Duration>,
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

/// What Telegram says instead of updates, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

/// Asks for one bot's updates.
pub(super) struct Api {
    outbound: Outbound,
    base: Url,
    token: SecretString,
}

#[derive(Deserialize)]
struct Reply {
    ok: bool,
    #[serde(default)]
    result: Vec<Value>,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

impl Api {
    pub(super) fn new(outbound: Outbound, base: &Url, token: &SecretString) -> Self {
        Self {
            outbound,
            base: base.clone(),
            token: token.clone(),
        }
    }

    /// The updates that are not confirmed. `confirm` confirms all before it; `wait` keeps the
    /// question open until there are some.
    pub(super) async fn updates(
        &self,
        confirm: Option<i64>,
        wait: bool,
    ) -> Result<Vec<Value>, Failed> {
        let answer = self
            .outbound
            .get(self.question(confirm, wait), HeaderMap::new())
            .await
            .map_err(|error| SourceError::Unreachable(error.into()))?;
        let Ok(reply) = serde_json::from_slice::<Reply>(&answer.body) else {
            return Err(no_reply(answer.status));
        };
        if reply.ok {
            return Ok(reply.result);
        }
        Err(self.refusal(answer.status, reply))
    }

    fn question(&self, confirm: Option<i64>, wait: bool) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            let bot = format!("bot{}", self.token.expose_secret());
            path.pop_if_empty().extend([bot.as_str(), "getUpdates"]);
        }
        let patience = if wait { LONG_POLL.as_secs() } else { 0 };
        let mut query = url.query_pairs_mut();
        query
            .append_pair("allowed_updates", WANTED)
            .append_pair("limit", AT_ONCE)
            .append_pair("timeout", &patience.to_string());
        if let Some(confirm) = confirm {
            query.append_pair("offset", &confirm.to_string());
        }
        drop(query);
        url
    }

    fn refusal(&self, status: StatusCode, reply: Reply) -> Failed {
        let code = reply.error_code.unwrap_or(status.as_u16());
        let said = reply.description.replace(self.token.expose_secret(), "…");
        let unreachable = |why: String| SourceError::Unreachable(Said(why).into());
        let error = match code {
            401 | 404 => SourceError::Refused(format!(
                "Telegram does not know the bot ({code}: {said}); set `token` to the one that \
                 @BotFather shows, and start again"
            )),
            409 if said.contains("webhook") => unreachable(format!(
                "the bot has a webhook, so its updates go there (409: {said}); remove it with the \
                 method deleteWebhook"
            )),
            409 => unreachable(format!(
                "another program asks for updates with the same token (409: {said}); a token \
                 serves one program: end the other, or make a second bot"
            )),
            _ => unreachable(format!("Telegram answered {code}: {said}")),
        };
        let wish = reply.parameters.retry_after;
        Failed {
            error,
            retry_after: wish.map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)),
        }
    }
}

/// Something on the way, such as a gateway, answered in Telegram's stead.
fn no_reply(status: StatusCode) -> Failed {
    let error = if status.is_success() {
        SourceError::Unreadable("the answer is none of the Bot API".to_owned())
    } else {
        let why = format!("the server answered {status}");
        SourceError::Unreachable(Said(why).into())
    };
    error.into()
}
