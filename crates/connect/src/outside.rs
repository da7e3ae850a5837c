//! Addresses that people who use the server name, and not who runs it: only what lies outside of its own networks is
//! reached by them. Asked of the addresses that are connected to, so that no name can be turned after it was looked at.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, config::Config};

use crate::url::Url;

/// What is said of an address that is not reached.
pub(crate) const INSIDE: &str =
    "the address is on a private network; the operator of the server must allow that";

/// Looks up names, and knows none of the addresses within.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    names: DefaultResolver,
    /// The host of the proxy of the environment, which may lie within: it is the one that is connected to then.
    proxy: Option<String>,
}

impl Outside {
    /// The same, with a proxy between.
    pub(crate) fn through(proxy: Option<String>) -> Outside {
        Outside { proxy, ..Outside::default() }
    }
}

impl Resolver for Outside {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        if self.proxy.is_some() && uri.host() == self.proxy.as_deref() {
            return Ok(found);
        }
        let mut kept = self.empty();
        for address in found.iter().filter(|address| is_outside(address.ip())) {
            kept.push(*address);
        }
        if kept.is_empty() {
            return Err(Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, INSIDE)));
        }
        Ok(kept)
    }
}

/// Whether a name stands for an address within, as far as this machine knows it: where a proxy looks names up, it is the
/// proxy's to say what is reached.
pub(crate) fn is_known_inside(url: &Url) -> bool {
    let authority = url.authority();
    let with_port = match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => authority.to_owned(),
        _ => format!("{authority}:443"),
    };
    with_port.to_socket_addrs().is_ok_and(|mut all| all.any(|address| !is_outside(address.ip())))
}

/// Whether an address is one of the internet, by the registries of special addresses (RFC 6890).
pub(crate) fn is_outside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_outside_4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(within) => is_outside_4(within),
            None => is_outside_6(address),
        },
    }
}

fn is_outside_4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = matches!((a, b, c), (192, 0, 0) | (192, 88, 99)) || a == 0 || a >= 240;
    let trial = a == 198 && matches!(b, 18 | 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || special
        || trial)
}

fn is_outside_6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast alone, without what carries an address of the other kind, or none: Teredo, documentation, 6to4.
    let global = first & 0xe000 == 0x2000;
    let carries = first == 0x2002 || (first == 0x2001 && matches!(second, 0 | 0xdb8));
    global && !carries
}

#[cfg(test)]
mod tests {
    use ureq::Timeout;
    use ureq::unversioned::transport::time::Duration;

    use super::*;

    #[test]
    fn a_name_of_this_machine_is_not_looked_up() {
        let timeout = NextTimeout {
            after: Duration::NotHappening,
            reason: Timeout::Global,
            per_read: None,
            per_write: None,
        };
        let name = Uri::from_static("https://localhost/");
        let found = Outside::default().resolve(&name, &Config::default(), timeout);
        let refused =
            matches!(&found, Err(Error::Io(e)) if e.kind() == io::ErrorKind::PermissionDenied);
        assert!(refused, "{found:?}");
        // A proxy may lie within; what is called beside it may not.
        let through = Outside::through(Some("localhost".to_owned()));
        assert!(through.resolve(&name, &Config::default(), timeout).is_ok());
        let beside = Outside::through(Some("proxy.example".to_owned()));
        assert!(beside.resolve(&name, &Config::default(), timeout).is_err());
    }

    #[test]
    fn what_lies_within_is_known_in_every_form() {
        for within in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
        ] {
            assert!(!is_outside(within.parse().unwrap()), "{within}");
        }
        for outside in ["93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:2800:220:1::1"] {
            assert!(is_outside(outside.parse().unwrap()), "{outside}");
        }
        let known = |text: &str| is_known_inside(&text.parse().unwrap());
        assert!(known("https://127.0.0.1/x") && known("https://[::1]:8443/x"));
        assert!(known("https://localhost/") && !known("https://8.8.8.8:443/"));
    }
}
