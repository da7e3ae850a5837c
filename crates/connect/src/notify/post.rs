//! Posting JSON to an address that is a secret itself: it is in no message of ours.

use std::io::Read;

use serde_json::Value;

use super::{NotSent, clipped, one_line};
use crate::http::{Client, Failure, Patience, Response};
use crate::retry::{self, Clock};
use crate::url::{Url, UrlError};

/// As much is read of what is answered.
const MOST: u64 = 4096;
/// A part of an address that is as long may be a secret.
const SECRET: usize = 6;
/// As much of that is told.
const TOLD: usize = 200;

/// Where letters are posted.
pub(super) struct Post<'c> {
    client: Client,
    address: Url,
    clock: &'c dyn Clock,
    /// Parts of the address: what is answered may repeat them.
    secrets: Vec<String>,
}

impl std::fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Post({})", self.address.authority())
    }
}

impl<'c> Post<'c> {
    /// # Errors
    /// It is no address, or one that secrets are not sent to.
    pub(super) fn new(
        text: &str,
        patience: Patience,
        clock: &'c dyn Clock,
    ) -> Result<Post<'c>, NotSent> {
        let address: Url = text.parse().map_err(|error: UrlError| {
            NotSent::Refused(format!("the address of the channel is not valid: {error}"))
        })?;
        if !address.keeps_secrets() {
            let why = format!("nothing is sent to `{}` without TLS", address.authority());
            return Err(NotSent::Refused(why));
        }
        let parts = text.split(['/', '?', '&', '=']).skip(3);
        let secrets = parts.filter(|part| part.len() >= SECRET).map(str::to_owned).collect();
        Ok(Post { client: Client::new(patience), address, clock, secrets })
    }

    /// The same, to nothing of internal networks.
    pub(super) fn outside(self, patience: Patience) -> Post<'c> {
        Post { client: Client::outside(patience), ..self }
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Posts once.
    pub(super) fn json(&self, body: &Value, headers: &[(&str, &str)]) -> Result<(), NotSent> {
        self.bytes(body.to_string().as_bytes(), headers)
    }

    pub(super) fn bytes(&self, body: &[u8], headers: &[(&str, &str)]) -> Result<(), NotSent> {
        let kind = ("Content-Type", "application/json; charset=utf-8");
        let headers = [headers, &[kind]].concat();
        let who = self.address.authority();
        match self.client.send("POST", &self.address, "", &headers, Some(body)) {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(self.refusal(answer)),
            Err(Failure::Unreachable(why)) => Err(NotSent::Later(format!("{who}: {why}"), None)),
            Err(Failure::Interrupted(why)) => Err(NotSent::Unknown(format!("{who}: {why}"))),
            Err(failure) => Err(NotSent::Refused(format!("{who}: {failure}"))),
        }
    }

    fn refusal(&self, answer: Response) -> NotSent {
        let status = answer.status;
        let wait = answer.header("retry-after");
        let wait = wait.and_then(|value| retry::retry_after(value, self.clock.now()));
        let mut said = Vec::new();
        // What cannot be read of it is not told.
        let _ = answer.body.take(MOST).read_to_end(&mut said);
        let said = one_line(String::from_utf8_lossy(&said).trim());
        let is_told = self.secrets.iter().any(|secret| said.contains(secret.as_str()));
        let said = match said.is_empty() || is_told {
            true => String::new(),
            false => format!(": {}", clipped(&said, TOLD)),
        };
        let why = format!("{} answered {status}{said}", self.address.authority());
        if status == 429 || status >= 500 {
            return NotSent::Later(why, wait);
        }
        NotSent::Refused(why)
    }
}
