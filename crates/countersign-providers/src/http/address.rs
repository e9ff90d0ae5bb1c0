//! The addresses that keys may be fetched from.
//!
//! Discovery lets a provider choose the host of its keys, and DNS names can resolve to any address. To prevent
//! server-side request forgery (SSRF) into an internal network or to a cloud's metadata service, connections are made
//! to public addresses only, unless the operator allows more. The filter is part of name resolution, so the address
//! that was checked is the one that is connected to.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// Allows public addresses, and those that the operator adds.
#[derive(Clone)]
pub(crate) struct AddressFilter {
    allowed: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    names: Arc<dyn Resolve>,
}

impl AddressFilter {
    pub(crate) fn public() -> Self {
        Self::and(|_| false)
    }

    pub(crate) fn and(allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { allowed: Arc::new(allowed), names: Arc::new(SystemNames) }
    }

    fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || (self.allowed)(address.to_canonical())
    }

    /// Checks a URL that holds an address in place of a name, since no name is resolved for it. Loopback addresses are
    /// checked when the URL is parsed.
    pub(crate) fn check(&self, url: &Url) -> Result<(), RefusedAddress> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            _ => return Ok(()),
        };
        if address.is_loopback() || self.allows(address) { Ok(()) } else { Err(RefusedAddress(address)) }
    }
}

impl Resolve for AddressFilter {
    fn resolve(&self, name: Name) -> Resolving {
        let filter = self.clone();
        Box::pin(async move {
            let found = filter.names.resolve(name).await?;
            let (allowed, refused): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| filter.allows(address.ip()));
            match refused.first() {
                Some(refused) if allowed.is_empty() => Err(RefusedAddress(refused.ip()).into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// The system's resolver.
struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl fmt::Debug for AddressFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressFilter").finish_non_exhaustive()
    }
}

/// The error for a host with an address that is not public.
#[derive(Debug)]
pub(crate) struct RefusedAddress(IpAddr);

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address: allow it with `.allow_addresses(..)`", self.0)
    }
}

impl Error for RefusedAddress {}

/// Tests for a globally reachable address, by the registries of special-purpose addresses (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    // `::ffff:10.0.0.1` is 10.0.0.1.
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local() // the clouds' metadata services are at 169.254.169.254
        || address.is_documentation()
        || address.is_multicast()
        || a == 0 // this network (RFC 791)
        || a >= 240 // reserved, and broadcast
        || (a == 100 && (64..128).contains(&b)) // shared by carriers (RFC 6598)
        || (a == 192 && b == 0 && c == 0) // protocol assignments (RFC 6890)
        || (a == 192 && b == 88 && c == 99) // 6to4 relays, gone since RFC 7526
        || (a == 198 && (b == 18 || b == 19)) // benchmarks (RFC 2544)
        || address == Ipv4Addr::new(168, 63, 129, 16); // Azure's platform, as seen from within
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) addresses contain the IPv4 address that they lead to.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        // Teredo, benchmarks, ORCHID and the like (2001::/23), documentation (2001:db8::/32).
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        // Documentation (RFC 9637).
        [0x3fff, second, ..] => second >= 0x1000,
        // All global unicast addresses begin with the bits 001 (RFC 4291). Loopback, unique local and link-local
        // addresses do not.
        [first, ..] => first >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::documents::default_client;
    use std::time::Duration;

    #[test]
    fn only_what_the_whole_internet_reaches_is_public() {
        let public = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "64:ff9b::808:808"];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let special = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in special {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_looked_at() {
        let filter = AddressFilter::and(|address| address == IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5)));
        for (url, expected) in [
            ("https://10.0.0.5/keys", true),
            ("https://[::ffff:10.0.0.5]/keys", true),
            ("https://10.0.0.6/keys", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("https://0xa9fea9fe/", false),
            ("https://[fe80::1]/", false),
            ("https://8.8.8.8/", true),
            ("https://idp.example.com/", true),
        ] {
            assert_eq!(filter.check(&Url::parse(url).unwrap()).is_ok(), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn what_a_name_leads_to_is_looked_at() {
        let refused = AddressFilter::public().resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(refused.to_string().contains("is not a public address: allow it with"), "{refused}");

        let loopback = AddressFilter::and(|address| address.is_loopback());
        assert!(
            loopback.resolve("localhost".parse().unwrap()).await.unwrap().all(|address| address.ip().is_loopback())
        );
    }

    /// A resolver that gives one address for every name.
    struct OneAddress(IpAddr);

    impl Resolve for OneAddress {
        fn resolve(&self, _: Name) -> Resolving {
            let address = SocketAddr::new(self.0, 0);
            Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
        }
    }

    #[tokio::test]
    async fn the_client_connects_where_the_filter_allows_it_and_nowhere_else() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = async |filter: AddressFilter| {
            let filter = AddressFilter { names: Arc::new(OneAddress(Ipv4Addr::LOCALHOST.into())), ..filter };
            let client = default_client(&filter).unwrap();
            let request = client.get(format!("http://idp.example.com:{port}")).timeout(Duration::from_secs(60)).send();
            tokio::select! {
                error = request => Some(format!("{:?}", error.unwrap_err())),
                _ = listener.accept() => None,
            }
        };
        assert!(error(AddressFilter::public()).await.unwrap().contains("RefusedAddress(127.0.0.1)"));
        assert_eq!(error(AddressFilter::and(|address| address.is_loopback())).await, None, "it connects");
    }
}
