//! Telling teams: what there is to do is brought together for each action, a pure function decides who is told what and
//! when (`trimtab_engine::notices`), and channels hand letters over (`trimtab_connect::notify`). Here is what lies between.

pub(crate) mod duty;
pub(crate) mod letters;
mod missed;
pub(crate) mod others;
pub(crate) mod own;
pub(crate) mod ownerless;
pub(crate) mod post;
pub(crate) mod sooner;
pub(crate) mod standing;
pub(crate) mod things;
pub(crate) mod urgent;
pub(crate) mod wishes;

use trimtab_connect::notify::Security;
use trimtab_engine::notices::Why;

/// How notices leave, as the server is started.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// The mail server. `None`: no mail is sent.
    pub mail: Option<MailServer>,
    /// Whether teams may name channels at addresses of internal networks.
    pub private: bool,
}

/// A mail server.
#[derive(Clone)]
pub struct MailServer {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Name and password, if it wants them.
    pub login: Option<(String, String)>,
    /// Who writes.
    pub from: String,
}

impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailServer({}:{} from {})", self.host, self.port, self.from)
    }
}

/// Why a letter is sent, in the word of the store.
pub(crate) const fn why_word(why: Why) -> &'static str {
    match why {
        Why::Digest => "digest",
        Why::Now => "now",
        Why::Escalation(1) => "second",
        Why::Escalation(_) => "third",
    }
}

/// From the word.
pub(crate) fn why_of(word: &str) -> Why {
    match word {
        "now" => Why::Now,
        "second" => Why::Escalation(1),
        "third" => Why::Escalation(2),
        _ => Why::Digest,
    }
}
