//! A server of ours: what `push` and `deployed` send to it.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig};

use crate::http::Failure;
use crate::url::Url;

/// How long an answer may take: a server waits at most 50 s for a verdict.
const ANSWER: Duration = Duration::from_secs(120);
/// The largest answer that is read.
const MOST: u64 = 8 << 20;

/// A server and the token for it.
pub struct Server {
    address: Url,
    token: String,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Server {
    /// A server at an address. A token goes over an encrypted connection only, or to this machine.
    ///
    /// # Errors
    /// Why it would not be sent there.
    pub fn new(address: Url, token: &str) -> Result<Server, String> {
        if !address.keeps_secrets() {
            return Err(format!("a token is not sent to `{}` without TLS", address.authority()));
        }
        if token.is_empty() || token.chars().any(|c| !c.is_ascii_graphic()) {
            return Err("the token is empty or has invalid characters".to_owned());
        }
        Ok(Server { address, token: token.to_owned() })
    }

    /// Sends a body below the address and waits for the answer. Redirects are not followed: they
    /// would take the token elsewhere.
    ///
    /// # Errors
    /// The server was not reached, or its answer was not read.
    pub fn post(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        kind: &str,
        body: &[u8],
    ) -> Result<Answered, Failure> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("trimtab/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(ANSWER))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build()
            .new_agent();
        let mut target = self.address.join(path).request_target().to_owned();
        for (at, (name, value)) in query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.extend(percent_encoding::utf8_percent_encode(
                value,
                percent_encoding::NON_ALPHANUMERIC,
            ));
        }
        let request = Request::post(&target)
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", kind)
            .body(body)
            .map_err(|e| Failure::Refused(e.to_string()))?;
        let mut answer = agent.run(request).map_err(|e| match e {
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
                Failure::Unreachable(e.to_string())
            }
            _ => Failure::Interrupted(e.to_string()),
        })?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST).read_to_string();
        Ok(Answered { status, body: body.map_err(|e| Failure::Interrupted(e.to_string()))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_to_this_machine() {
        let may = |address: &str| Server::new(address.parse().unwrap(), "trimtab_x").is_ok();
        assert!(may("https://trimtab.example") && may("http://127.0.0.1:8321"));
        assert!(may("http://localhost:8321") && may("http://[::1]:8321"));
        assert!(!may("http://trimtab.example") && !may("http://127.0.0.1.evil.example"));
        assert!(Server::new("https://trimtab.example".parse().unwrap(), "a b").is_err());
        assert!(Server::new("https://trimtab.example".parse().unwrap(), "").is_err());
    }
}
