//! Why something was not fetched: told without secrets, and whether trying again may help.

use std::io;
use std::time::Duration;

use crate::retry::{self, MAX_WAIT, TRIES};

/// Why something was not fetched.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// There is no way to the server.
    Unreachable(String),
    /// The server or the connection failed on the way; it may work later.
    Interrupted(String),
    /// The server asks to come back after a time.
    Busy(String, Option<Duration>),
    /// What came is not what it should be.
    Corrupt(String),
    /// The server cannot show that it is the one that was asked for.
    Untrusted(String),
    /// The answer is no, or is not acceptable; asking again does not help.
    Refused(String),
    /// The file cannot be written here.
    Disk(io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Unreachable(reason)
            | Failure::Interrupted(reason)
            | Failure::Corrupt(reason)
            | Failure::Untrusted(reason)
            | Failure::Refused(reason)
            | Failure::Busy(reason, None) => f.write_str(reason),
            Failure::Busy(reason, Some(wait)) => {
                write!(f, "{reason}, asking to wait {} s", wait.as_secs())
            }
            Failure::Disk(error) => write!(f, "cannot write it here: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Disk(error)
    }
}

impl Failure {
    /// How many times in a row it may happen.
    fn tries(&self) -> u32 {
        match self {
            Failure::Unreachable(_) | Failure::Corrupt(_) => 2,
            Failure::Interrupted(_) | Failure::Busy(..) => TRIES,
            Failure::Untrusted(_) | Failure::Refused(_) | Failure::Disk(_) => 1,
        }
    }

    /// The pause before the next try, after `failed` failures in a row. `None`: give up.
    pub(crate) fn pause(&self, failed: u32) -> Option<Duration> {
        if failed >= self.tries() {
            return None;
        }
        match self {
            Failure::Busy(_, Some(wait)) if *wait > MAX_WAIT => None,
            Failure::Busy(_, Some(wait)) => Some(retry::pause(failed).max(*wait)),
            _ => Some(retry::pause(failed)),
        }
    }
}

pub(super) fn no_proxy() -> Failure {
    Failure::Refused("the proxy set in the environment is not a valid address".to_owned())
}

pub(crate) fn too_large(most: u64) -> Failure {
    Failure::Refused(format!("it is larger than {most} bytes"))
}

/// Why reading a body failed.
pub(crate) fn interrupted(error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection closed before the end".to_owned(),
        io::ErrorKind::TimedOut => "the server sends too slowly".to_owned(),
        _ => format!("the connection failed: {error}"),
    };
    Failure::Interrupted(reason)
}

pub(super) fn failure(error: &ureq::Error) -> Failure {
    use ureq::Timeout;
    match error {
        ureq::Error::HostNotFound => Failure::Unreachable("the host was not found".to_owned()),
        ureq::Error::ConnectionFailed
        | ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            Failure::Unreachable("the server cannot be reached".to_owned())
        }
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            // The text may name the proxy with its credentials.
            Failure::Unreachable(
                "the proxy set in the environment refused the connection or failed".to_owned(),
            )
        }
        ureq::Error::Timeout(_) => Failure::Interrupted("the server does not respond".to_owned()),
        ureq::Error::Io(e) => match e.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => {
                Failure::Unreachable("the server cannot be reached".to_owned())
            }
            // Ours: see `outside`.
            io::ErrorKind::PermissionDenied => Failure::Refused(e.to_string()),
            // What TLS refuses during the handshake comes wrapped.
            _ => match e.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(tls) => insecure(tls),
                None => interrupted(e),
            },
        },
        ureq::Error::Rustls(e) => insecure(e),
        ureq::Error::Tls(e) => Failure::Refused(format!("the encrypted connection fails: {e}")),
        ureq::Error::Protocol(e) => Failure::Interrupted(format!("the response is not HTTP: {e}")),
        ureq::Error::LargeResponseHeader(..) => {
            Failure::Refused("the response headers are too large".to_owned())
        }
        // Not the library's own text: it may repeat the address.
        _ => Failure::Refused("the request is not valid".to_owned()),
    }
}

/// Why no encrypted connection came about.
fn insecure(error: &rustls::Error) -> Failure {
    use rustls::{CertificateError, Error};
    let reason = match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is not signed by a trusted authority".to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another name".to_owned(),
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the server's certificate has expired".to_owned(),
        Error::InvalidCertificate(why) => format!("the server's certificate is not valid: {why}"),
        // The roots could not be read: the library has no other general error on this way.
        Error::General(_) => "no trusted root certificates were found".to_owned(),
        other => return Failure::Refused(format!("the encrypted connection fails: {other}")),
    };
    Failure::Untrusted(reason)
}
