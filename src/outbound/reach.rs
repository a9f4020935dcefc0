//! How far a call may go: out into the world, or also into the house's own network.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How far a call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only to addresses of the public internet: for URLs that users write down.
    Public,
    /// Anywhere, this machine included: for URLs that the operator wrote down himself, such as
    /// the simulator's.
    Anywhere,
    /// As [`Self::Public`], and this address, which stands for one of the internet.
    #[cfg(test)]
    PublicAnd(IpAddr),
}

impl Reach {
    /// Must this URL not be called, as far as it can be told without resolving its name?
    #[must_use]
    pub fn forbids(self, url: &Url) -> bool {
        let scheme = !matches!(url.scheme(), "http" | "https");
        scheme
            || match url.host() {
                Some(Host::Ipv4(address)) => !self.reaches(address.into()),
                Some(Host::Ipv6(address)) => !self.reaches(address.into()),
                Some(Host::Domain(_)) => false,
                None => true,
            }
    }

    fn reaches(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Public => is_public(address),
            #[cfg(test)]
            Self::PublicAnd(that) => is_public(address) || address == that,
        }
    }
}

/// Who knows the addresses of a name.
pub(super) type Names =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system.
pub(super) fn system() -> Names {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.collect())
        })
    })
}

/// Resolves names as far as a call may go.
pub(super) struct Resolver {
    pub(super) reach: Reach,
    pub(super) names: Names,
}

impl Resolve for Resolver {
    /// Resolves a name and leaves out what must not be called. The connection is made to just
    /// these addresses, so a name that resolves to something else a moment later gains nothing.
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        let found = (self.names)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| reach.reaches(address.ip()))
                .collect();
            if allowed.is_empty() {
                let text = format!("{} has no address that may be called", name.as_str());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, text).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Does this address belong to the public internet?
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)     // shared by carriers
            | (169, 254, _)          // link-local, and where clouds keep their secrets
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address wrapped into an IPv6 one reaches what it wraps.
    let wrapped = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => wrapped(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => wrapped(high, low),
        [0x2002, high, low, ..] => wrapped(high, low),
        [0x2001, 0..=0x1ff, ..] => false, // Teredo and other protocols' own
        [0x2001, 0xdb8, ..] => false,     // documentation
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(url: &str) -> bool {
        Reach::Public.forbids(&Url::parse(url).unwrap())
    }

    #[test]
    fn an_address_of_the_houses_own_network_is_not_called_in_any_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://10.1.2.3/",
            "http://172.20.0.1/",
            "http://192.168.1.1/",
            "http://100.100.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fc00::1]/",
            "http://[fd12::1]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "file:///etc/passwd",
            "ftp://example.org/",
        ] {
            assert!(forbidden(url), "{url} would be called");
        }
    }

    #[test]
    fn an_address_of_the_public_internet_is_called() {
        for url in [
            "https://t.me/s/name",
            "http://149.154.167.99/",
            "http://172.15.0.1/",
            "http://[2001:67c:4e8:f004::9]/",
        ] {
            assert!(!forbidden(url), "{url} would not be called");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused_unless_it_is_allowed() {
        let resolve = |reach| {
            let names = system();
            let localhost = "localhost".parse::<Name>().unwrap();
            Resolver { reach, names }.resolve(localhost)
        };
        assert!(resolve(Reach::Public).await.is_err());
        assert!(resolve(Reach::Anywhere).await.unwrap().count() > 0);
    }

    #[tokio::test]
    async fn of_a_names_addresses_only_those_of_the_internet_are_called() {
        let names: Names = Arc::new(|_| {
            let found = [
                "127.0.0.1:0",
                "149.154.167.99:0",
                "[::ffff:10.0.0.1]:0",
                "[fd00::1]:0",
            ];
            let found = found.map(|it| it.parse().unwrap()).to_vec();
            Box::pin(async move { Ok(found) })
        });
        let reach = Reach::Public;
        let name = "mixed.example".parse::<Name>().unwrap();
        let called = Resolver { reach, names }.resolve(name).await.unwrap();
        let called: Vec<_> = called.map(|it| it.ip().to_string()).collect();
        assert_eq!(called, ["149.154.167.99"]);
    }
}
