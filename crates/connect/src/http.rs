//! Fetching over HTTP/1.1: blocking, bounded, quiet about secrets.
//!
//! `ureq` and not `reqwest`: feeds are streamed to disk by a handful of threads, so an async
//! runtime buys nothing here, and the command line builds with 30 crates where reqwest's blocking
//! client brings about a hundred and a second C library for TLS. The server's connectors may use
//! reqwest; rustls is under both. Trust is the operating system's (`SSL_CERT_FILE` is honoured), as
//! companies that inspect TLS put their root there.
//!
//! Redirects are followed here and not by the library: at most [`MAX_REDIRECTS`], never from
//! `https` to `http`, with credentials only for the server they were given for. Proxies are taken
//! from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case, per scheme.

mod failure;

use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, BodyReader, Proxy, ProxyProtocol};

use crate::outside::{INSIDE, Outside, is_known_inside};
use crate::retry::{self, Clock};
use crate::url::Url;
pub use failure::Failure;
use failure::{failure, no_proxy};
pub(crate) use failure::{interrupted, too_large};

/// The most redirects that are followed.
pub const MAX_REDIRECTS: usize = 5;
/// The most requests under way at once.
pub const PARALLEL: usize = 4;

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To connect, TLS included.
    pub connect: Duration,
    /// To answer, and between two pieces of an answer.
    pub read: Duration,
    /// After so long, fewer bytes a second than `rate` are too few.
    pub window: Duration,
    /// Bytes a second.
    pub rate: u64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            connect: Duration::from_secs(20),
            read: Duration::from_secs(30),
            window: Duration::from_secs(30),
            rate: 1024,
        }
    }
}

/// Fetches. One for a run: it keeps connections and bounds how many are open.
pub struct Client {
    /// `None`: the proxy that the environment names is not one, and going without it is no answer.
    secure: Option<Agent>,
    plain: Option<Agent>,
    patience: Patience,
    /// Whether addresses within are not reached.
    outside: bool,
    free: Arc<Free>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The agents know proxies, whose addresses may have credentials.
        f.debug_struct("Client").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Client {
    /// A client with the proxies of the process's environment.
    pub fn new(patience: Patience) -> Client {
        Client::with_environment(patience, |name| std::env::var(name).ok())
    }

    /// A client with the proxies of an environment.
    pub fn with_environment(
        patience: Patience,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Client {
        Client::made(patience, false, variable)
    }

    /// A client that reaches nothing of internal networks.
    pub(crate) fn outside(patience: Patience) -> Client {
        Client::made(patience, true, |name| std::env::var(name).ok())
    }

    fn made(
        patience: Patience,
        outside: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Client {
        let agent = |proxy: Option<Proxy>| -> Agent {
            let by = proxy.as_ref().map(|proxy| proxy.host().to_owned());
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .user_agent(concat!("trimtab/", env!("CARGO_PKG_VERSION")))
                .accept_encoding("identity")
                .timeout_connect(Some(patience.connect))
                .timeout_recv_response(Some(patience.read))
                .timeout_per_read(Some(patience.read))
                .max_idle_connections_per_host(PARALLEL)
                .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
                .proxy(proxy)
                .build();
            if outside {
                return Agent::with_parts(
                    config,
                    DefaultConnector::default(),
                    Outside::through(by),
                );
            }
            config.new_agent()
        };
        Client {
            secure: proxy("HTTPS_PROXY", &variable).ok().map(agent),
            plain: proxy("HTTP_PROXY", &variable).ok().map(agent),
            patience,
            outside,
            free: Arc::new(Free { count: Mutex::new(PARALLEL), more: Condvar::new() }),
        }
    }

    /// Asks once, following redirects. Any status is an answer, except those that mean "later".
    pub(crate) fn get(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
        clock: &dyn Clock,
    ) -> Result<Response, Failure> {
        let permit = Permit::take(&self.free);
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let agent = if at.is_secure() { &self.secure } else { &self.plain };
            let agent = agent.as_ref().ok_or_else(no_proxy)?;
            let mut request = agent.get(at.request_target());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(value) = at.authorization() {
                request = request.header("Authorization", value);
            }
            let answer = request.call().map_err(|e| failure(&e))?;
            let (parts, body) = answer.into_parts();
            let status = parts.status;
            if status.is_redirection() && status.as_u16() != 304 {
                let location = parts.headers.get(LOCATION).and_then(|v| v.to_str().ok());
                let next = location
                    .and_then(|location| at.follow(location).ok())
                    .ok_or_else(|| Failure::Refused("the redirect has no target".to_owned()))?;
                if at.is_secure() && !next.is_secure() {
                    return Err(Failure::Refused(
                        "the redirect goes from https to http and is not followed".to_owned(),
                    ));
                }
                at = next;
                continue;
            }
            let told = format!("the server answered {status}");
            if matches!(status.as_u16(), 408 | 429 | 500..=599) {
                let wait = parts.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
                return Err(Failure::Busy(
                    told,
                    wait.and_then(|value| retry::retry_after(value, clock.now())),
                ));
            }
            let body = body.into_with_config().limit(u64::MAX).reader();
            let body = Steady { body, patience: self.patience, begun: None, count: 0 };
            return Ok(Response {
                status: status.as_u16(),
                headers: parts.headers,
                body,
                _permit: permit,
            });
        }
        Err(Failure::Refused(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Asks once with any method and a body. No redirect is followed, and any status is an answer.
    pub(crate) fn send(
        &self,
        method: &str,
        url: &Url,
        query: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Response, Failure> {
        if self.outside && is_known_inside(url) {
            return Err(Failure::Refused(INSIDE.to_owned()));
        }
        let permit = Permit::take(&self.free);
        let agent = if url.is_secure() { &self.secure } else { &self.plain };
        let agent = agent.as_ref().ok_or_else(no_proxy)?;
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{query}", url.request_target()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let unlike = |e: ureq::http::Error| Failure::Refused(e.to_string());
        let answer = match body {
            None if matches!(method, "GET" | "DELETE") => {
                agent.run(request.body(()).map_err(unlike)?)
            }
            body => agent.run(request.body(body.unwrap_or_default()).map_err(unlike)?),
        };
        let (parts, body) = answer.map_err(|e| failure(&e))?.into_parts();
        let body = body.into_with_config().limit(u64::MAX).reader();
        let body = Steady { body, patience: self.patience, begun: None, count: 0 };
        let status = parts.status.as_u16();
        Ok(Response { status, headers: parts.headers, body, _permit: permit })
    }

    /// Fetches something small, trying again where that may help. `None`: it is not there.
    pub(crate) fn small(
        &self,
        url: &Url,
        most: u64,
        clock: &dyn Clock,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut failed = 0;
        loop {
            let answer = self.get(url, &[], clock).and_then(|answer| answer.whole(most));
            let failure = match answer {
                Ok(bytes) => return Ok(bytes),
                Err(failure) => failure,
            };
            failed += 1;
            let Some(pause) = failure.pause(failed) else { return Err(failure) };
            clock.pause(pause);
        }
    }
}

/// An answer whose body is still to be read.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Steady,
    _permit: Permit,
}

impl Response {
    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The length of the body, where the server names it.
    pub(crate) fn length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
    }

    /// What is wrong about any status but 2xx, 304, 404 and 410.
    pub(crate) fn refusal(&self) -> Failure {
        let status = ureq::http::StatusCode::from_u16(self.status).unwrap_or_default();
        Failure::Refused(format!("the server answered {status}"))
    }

    /// Whether the server says that there is no such thing.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.status, 404 | 410)
    }

    fn whole(mut self, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        if self.is_absent() {
            return Ok(None);
        }
        if self.status != 200 {
            return Err(self.refusal());
        }
        let mut bytes = Vec::new();
        (&mut self.body).take(most + 1).read_to_end(&mut bytes).map_err(|e| interrupted(&e))?;
        if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(Some(bytes)) }
    }
}

/// A body that must not drip.
pub(crate) struct Steady {
    body: BodyReader<'static>,
    patience: Patience,
    begun: Option<Instant>,
    count: u64,
}

impl Read for Steady {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let count = self.body.read(buffer)?;
        self.count += count as u64;
        let taken = begun.elapsed();
        if count > 0 && taken >= self.patience.window {
            let least = self.patience.rate as f64 * taken.as_secs_f64();
            if (self.count as f64) < least {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the download is too slow"));
            }
            self.begun = Some(Instant::now());
            self.count = 0;
        }
        Ok(count)
    }
}

/// The proxy that a variable names, in upper or lower case, else `ALL_PROXY`.
fn proxy(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, ureq::Error> {
    let get = |name: &str| {
        variable(&name.to_ascii_lowercase())
            .or_else(|| variable(name))
            .filter(|value| !value.is_empty())
    };
    let Some(named) = get(name).or_else(|| get("ALL_PROXY")) else { return Ok(None) };
    let named = Proxy::new(&named)?;
    let mut builder = Proxy::builder(named.protocol()).host(named.host()).port(named.port());
    if let Some(user) = named.username() {
        builder = builder.username(user);
    }
    if let Some(password) = named.password() {
        builder = builder.password(password);
    }
    if matches!(named.protocol(), ProxyProtocol::Socks4) {
        builder = builder.resolve_target(true);
    }
    for host in get("NO_PROXY").unwrap_or_default().split(',').map(str::trim) {
        // As curl has it: a name means its subdomains too.
        builder = builder.no_proxy(host);
        if !host.starts_with(['.', '*']) {
            builder = builder.no_proxy(&format!(".{host}"));
        }
    }
    builder.build().map(Some)
}

/// How many more requests may be made.
struct Free {
    count: Mutex<usize>,
    more: Condvar,
}

/// The right to one request, until its answer is dropped.
struct Permit(Arc<Free>);

impl Permit {
    fn take(free: &Arc<Free>) -> Permit {
        // A number cannot be left half changed: a poisoned lock is as good as any.
        let count = free.count.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = free
            .more
            .wait_while(count, |count| *count == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *count -= 1;
        drop(count);
        Permit(Arc::clone(free))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.more.notify_one();
    }
}
