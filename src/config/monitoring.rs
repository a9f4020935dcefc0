//! The table of monitoring: who may look without an account, and where traces go.

use std::net::SocketAddr;

use serde::Deserialize;
use url::Url;

use super::{ConfigError, from_environment, wrong};

/// Where a collector takes traces by HTTP, as OTLP has it.
const TRACES: &str = "/v1/traces";

/// Who may look without an account, and where traces go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// Where whoever comes is told how the platform is; nowhere by default.
    #[serde(deserialize_with = "from_environment::address")]
    pub listen: Option<SocketAddr>,
    /// The collector that takes traces; empty for none.
    pub traces_url: String,
    /// Which share of posts is traced, from 0 to 1.
    pub traces_ratio: f64,
}

impl Monitoring {
    /// Where traces are sent; none when nobody takes them.
    #[must_use]
    pub fn traces(&self) -> Option<Url> {
        let mut url = Url::parse(&self.traces_url).ok()?;
        if url.path() == "/" {
            url.set_path(TRACES);
        }
        Some(url)
    }

    /// Refuses what is readable and cannot be meant, beside the door for people at `main`.
    pub(super) fn check(&self, main: SocketAddr) -> Result<(), ConfigError> {
        if self.listen.is_some_and(|listen| collide(listen, main)) {
            let why = format!(
                "http.listen is {main} already, and whoever comes here needs no account and may use any name"
            );
            return Err(wrong(
                "monitoring.listen",
                &why,
                "use another port, or leave it empty: the same is told at http.listen",
            ));
        }
        let fits = |url: Url| {
            let bare = url.username().is_empty() && url.password().is_none();
            bare && matches!(url.scheme(), "http" | "https") && url.has_host()
        };
        if !self.traces_url.is_empty() && !Url::parse(&self.traces_url).is_ok_and(fits) {
            return Err(wrong(
                "monitoring.traces_url",
                "it is no address of a collector that takes OTLP over HTTP",
                "write http://collector:4318, without a user and a password",
            ));
        }
        if !(0.0..=1.0).contains(&self.traces_ratio) {
            let why = "it must lie between 0 and 1";
            return Err(wrong(
                "monitoring.traces_ratio",
                why,
                "use 1.0 to trace every post",
            ));
        }
        Ok(())
    }
}

/// Whether two sockets cannot both be listened on. Port 0 is another one each time.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (everywhere || one.ip() == other.ip())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load, refusal};

    #[test]
    fn nobody_is_told_without_an_account_and_nothing_is_traced_unless_it_is_asked_for() {
        let settings = load("", &[("TOUCHSTONE__MONITORING__LISTEN", "")]).unwrap();
        assert_eq!(settings.monitoring.listen, None);
        assert_eq!(settings.monitoring.traces(), None);
    }

    #[test]
    fn the_address_for_people_is_refused_as_one_that_asks_for_no_account() {
        for (main, monitoring) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("127.0.0.1:8080", "[::]:8080"),
        ] {
            let said = refusal(&format!(
                "[http]\nlisten = \"{main}\"\n[monitoring]\nlisten = \"{monitoring}\"\n"
            ));
            assert!(
                said.contains("monitoring.listen") && said.contains(main),
                "{said}"
            );
        }
        let apart = [
            ("TOUCHSTONE__HTTP__LISTEN", "0.0.0.0:8080"),
            ("TOUCHSTONE__MONITORING__LISTEN", "0.0.0.0:9090"),
        ];
        let settings = load("", &apart).unwrap();
        assert_eq!(settings.monitoring.listen.map(|it| it.port()), Some(9090));
    }

    #[test]
    fn an_address_of_monitoring_that_is_none_is_refused_by_its_key() {
        let said = refusal("[monitoring]\nlisten = \"everywhere\"\n");
        assert!(said.contains("monitoring.listen"), "{said}");
    }

    #[test]
    fn a_collector_is_named_by_its_host_or_by_the_whole_address() {
        let traces = |url: &str| {
            let environment = [
                ("TOUCHSTONE__MONITORING__TRACES_URL", url),
                ("TOUCHSTONE__MONITORING__TRACES_RATIO", "0.25"),
            ];
            let monitoring = load("", &environment).unwrap().monitoring;
            assert!((monitoring.traces_ratio - 0.25).abs() < f64::EPSILON);
            monitoring.traces().unwrap().to_string()
        };
        assert_eq!(traces("http://otel:4318"), "http://otel:4318/v1/traces");
        assert_eq!(
            traces("https://otel/tenant/traces"),
            "https://otel/tenant/traces"
        );
        for wrong in ["collector:4318", "http://me:horse@otel:4318", "otel"] {
            let said = refusal(&format!("[monitoring]\ntraces_url = \"{wrong}\"\n"));
            assert!(
                said.contains("monitoring.traces_url") && !said.contains("horse"),
                "{said}"
            );
        }
        let said = refusal("[monitoring]\ntraces_ratio = 1.5\n");
        assert!(said.contains("monitoring.traces_ratio"), "{said}");
    }
}
