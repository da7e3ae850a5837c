//! How people and programs get in, as the server is started.

use std::net::IpAddr;

use super::oidc::Provider;
use super::seal::Key;

/// How people and programs get in.
#[derive(Debug, Clone)]
pub struct Access {
    /// Seals secrets that must be read again. `None`: none are kept, so one-time codes cannot be used.
    pub key: Option<Key>,
    /// Proxies of ours: what they say of where a request comes from is believed.
    pub proxies: Vec<IpAddr>,
    /// How many requests a token may make each second; 0: as many as it likes.
    pub token_rate: u32,
    /// Who else knows people.
    pub provider: Option<Provider>,
}

impl Default for Access {
    fn default() -> Access {
        Access { key: None, proxies: Vec::new(), token_rate: 100, provider: None }
    }
}
