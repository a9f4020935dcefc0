//! Calls to addresses that users or operators wrote down: guarded, bounded and patient.
//!
//! A channel's page or a webhook's URL is somebody else's text. It must not become a way into the
//! house's own network, an endless body or a request that never ends.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response, StatusCode, redirect};
use url::Url;

use domain::time::Timestamp;

pub use backoff::{Backoff, jittered, no_sooner};
pub use reach::Reach;

mod backoff;
mod reach;
#[cfg(test)]
mod trespass;

/// How the platform introduces itself.
pub const USER_AGENT: &str = concat!("touchstone/", env!("CARGO_PKG_VERSION"));

/// The longest that a server's wish to be left alone is honoured.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// How long and how large a call may become.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first packet to the last byte of the body.
    pub time: Duration,
    /// Of these, so many for reaching the server.
    pub connect: Duration,
    /// Bytes of a body, after it was unpacked.
    pub body: usize,
    /// Redirects that are followed; with none a redirect is an answer like any other.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(20),
            connect: Duration::from_secs(5),
            body: 4 << 20,
            redirects: 0,
        }
    }
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address is no address, or one that must not be called.
    #[error("{0} must not be called")]
    Forbidden(String),
    /// The body is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The way there or back broke.
    #[error("the call failed")]
    Failed(#[source] reqwest::Error),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status line's number.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Bytes,
}

impl Answer {
    /// A header's text.
    #[must_use]
    pub fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the server asks to be left alone: seconds or a date, at most an hour.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.header(reqwest::header::RETRY_AFTER)?.trim();
        let wait = match text.parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
                Timestamp::from_micros(date.as_microsecond()).since(now)
            }
        };
        Some(wait.min(LONGEST_RETRY_AFTER))
    }
}

/// The way out.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client,
    reach: Reach,
    limits: Limits,
}

impl Outbound {
    /// Opens a way out that goes as far as `reach` and no longer than `limits`.
    ///
    /// # Errors
    ///
    /// [`OutboundError::Failed`] when the client cannot be made.
    pub fn new(reach: Reach, limits: Limits) -> Result<Self, OutboundError> {
        Self::by(reach, limits, reach::system())
    }

    /// The same, with names from elsewhere than the system.
    fn by(reach: Reach, limits: Limits, names: reach::Names) -> Result<Self, OutboundError> {
        let follow = redirect::Policy::custom(move |attempt| {
            // Names are judged where they are resolved; an address written out never gets there.
            if reach.forbids(attempt.url()) {
                attempt.error("redirected to an address that must not be called")
            } else if attempt.previous().len() > limits.redirects {
                attempt.stop()
            } else {
                attempt.follow()
            }
        });
        let client = Client::builder()
            .tls_backend_preconfigured(tls())
            .user_agent(USER_AGENT)
            .timeout(limits.time)
            .connect_timeout(limits.connect)
            .redirect(follow)
            // A proxy would resolve names out of the guard's sight.
            .no_proxy()
            .dns_resolver(Arc::new(reach::Resolver { reach, names }))
            .build()
            .map_err(OutboundError::Failed)?;
        Ok(Self {
            client,
            reach,
            limits,
        })
    }

    /// Asks for a page.
    ///
    /// # Errors
    ///
    /// [`OutboundError`]; any status is an answer.
    pub async fn get(&self, url: Url, headers: HeaderMap) -> Result<Answer, OutboundError> {
        self.call(Method::GET, url, headers, Bytes::new()).await
    }

    /// Hands something in.
    ///
    /// # Errors
    ///
    /// [`OutboundError`]; any status is an answer.
    pub async fn post(
        &self,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, OutboundError> {
        self.call(Method::POST, url, headers, body).await
    }

    /// Does something else than these two.
    ///
    /// # Errors
    ///
    /// [`OutboundError`]; any status is an answer.
    pub async fn call(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, OutboundError> {
        if self.reach.forbids(&url) {
            return Err(OutboundError::Forbidden(host(&url)));
        }
        let mut request = self.client.request(method, url).headers(headers);
        if !body.is_empty() {
            request = request.body(body);
        }
        // Paths and queries can carry secrets, so no error tells them.
        let failed = |error: reqwest::Error| OutboundError::Failed(error.without_url());
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = read(response, self.limits.body).await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// Reads a body as far as it may go; what a packed body unpacks to is what counts.
async fn read(mut response: Response, limit: usize) -> Result<Bytes, OutboundError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| OutboundError::Failed(error.without_url()))?
    {
        if body.len() + chunk.len() > limit {
            return Err(OutboundError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or("an address without a host").into()
}

/// TLS by ring with the roots that the program carries, so that it also runs where the system
/// has none.
#[must_use]
pub fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(retry_after: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", retry_after.parse().unwrap());
        Answer {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers,
            body: Bytes::new(),
        }
    }

    #[test]
    fn the_wish_to_be_left_alone_is_read_as_seconds_and_as_a_date() {
        let now = Timestamp::from_millis(1_445_412_480_000);
        assert_eq!(
            answer("7").retry_after(now),
            Some(Duration::from_secs(7)),
            "seconds"
        );
        assert_eq!(
            answer("Wed, 21 Oct 2015 07:28:30 GMT").retry_after(now),
            Some(Duration::from_secs(30)),
            "a date"
        );
        assert_eq!(
            answer("99999999").retry_after(now),
            Some(LONGEST_RETRY_AFTER)
        );
        assert_eq!(answer("soon").retry_after(now), None);
    }
}
