//! From where somebody asks: the other end of the connection or, behind a proxy of ours, what that
//! says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::problem::Problem;
use crate::state::App;

/// From where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The address.
    pub(crate) address: IpAddr,
    /// Whether it is this machine itself, with no proxy between.
    pub(crate) local: bool,
}

impl FromRequestParts<App> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Peer, Problem> {
        let other = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        // Without a connection (a router in a test) all count as one.
        let other = other.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(peer(other, &parts.headers, &app.settings.access.proxies))
    }
}

/// A proxy adds the address that it sees at the end of `X-Forwarded-For`; what stands before that
/// anybody may have written. One on this machine is ours.
fn peer(other: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Peer {
    let other = other.to_canonical();
    let forwarded = headers.get_all("x-forwarded-for").into_iter().next_back();
    let last = forwarded.and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next());
    let last: Option<IpAddr> = last.and_then(|text| text.trim().parse().ok());
    let ours = other.is_loopback() || proxies.contains(&other);
    let proxied = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
    let local = other.is_loopback() && !proxied.iter().any(|name| headers.contains_key(*name));
    Peer { address: last.filter(|_| ours).unwrap_or(other), local }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_of_ours_is_believed() {
        let of = |other: &str, forwarded: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(text) = forwarded {
                headers.insert("x-forwarded-for", text.parse().unwrap());
            }
            let peer = peer(other.parse().unwrap(), &headers, &["10.0.0.1".parse().unwrap()]);
            (peer.address.to_string(), peer.local)
        };
        let is = |address: &str, local: bool| (address.to_owned(), local);
        assert_eq!(of("192.0.2.7", None), is("192.0.2.7", false));
        assert_eq!(of("192.0.2.7", Some("1.1.1.1")), is("192.0.2.7", false));
        assert_eq!(of("10.0.0.1", Some("6.6.6.6, 192.0.2.9")), is("192.0.2.9", false));
        assert_eq!(of("10.0.0.1", Some("nonsense")), is("10.0.0.1", false));
        assert_eq!(of("127.0.0.1", None), is("127.0.0.1", true));
        assert_eq!(of("::ffff:127.0.0.1", Some("192.0.2.9")), is("192.0.2.9", false));
    }
}
