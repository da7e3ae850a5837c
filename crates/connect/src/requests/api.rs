//! Asking the API of a git host: JSON, a token, limits of requests.

use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::HostError;
use crate::http::{Client, Failure, Patience, Response};
use crate::retry::{self, Clock, TRIES};
use crate::url::Url;

/// The type of what is sent.
const JSON: &str = "application/json";
/// The largest answer that is read, in bytes.
const MOST: u64 = 32 << 20;

/// How a host is told who asks. Never shown.
#[derive(Clone)]
pub enum Login {
    /// `Authorization: Bearer …`
    Bearer(String),
    /// `Authorization: token …`
    Token(String),
    /// `Authorization: Basic …`: name and password.
    Basic(String, String),
    /// `PRIVATE-TOKEN: …`
    Private(String),
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

impl Login {
    fn header(&self) -> (&'static str, String) {
        match self {
            Login::Bearer(token) => ("Authorization", format!("Bearer {token}")),
            Login::Token(token) => ("Authorization", format!("token {token}")),
            Login::Basic(name, word) => {
                ("Authorization", format!("Basic {}", STANDARD.encode(format!("{name}:{word}"))))
            }
            Login::Private(token) => ("PRIVATE-TOKEN", token.clone()),
        }
    }

    fn is_plain(&self) -> bool {
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        match self {
            Login::Bearer(token) | Login::Token(token) | Login::Private(token) => plain(token),
            Login::Basic(name, word) => (name.is_empty() || plain(name)) && plain(word),
        }
    }
}

/// The API of a host, below an address.
pub struct Api<'c> {
    client: Client,
    address: Url,
    headers: Vec<(&'static str, String)>,
    clock: &'c dyn Clock,
    /// Who has the token, once it was asked.
    me: OnceLock<Option<Box<str>>>,
}

impl std::fmt::Debug for Api<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Api({})", self.address.authority())
    }
}

/// An answer that is well.
pub(crate) struct Answer {
    pub(crate) value: Value,
}

impl<'c> Api<'c> {
    /// The API below an address.
    ///
    /// # Errors
    /// A token is not sent there, or is none.
    pub fn new(
        address: Url,
        login: &Login,
        headers: &[(&'static str, &str)],
        patience: Patience,
        clock: &'c dyn Clock,
    ) -> Result<Api<'c>, HostError> {
        if !address.keeps_secrets() {
            let why = format!("a token is not sent to `{}` without TLS", address.authority());
            return Err(HostError::Denied(why));
        }
        if !login.is_plain() {
            let why = "it is empty or has invalid characters".to_owned();
            return Err(HostError::Denied(why));
        }
        let mut all = vec![login.header(), ("Accept", "application/json".to_owned())];
        for (name, value) in headers {
            all.retain(|(held, _)| held != name);
            all.push((name, (*value).to_owned()));
        }
        Ok(Api { client: Client::new(patience), address, headers: all, clock, me: OnceLock::new() })
    }

    /// The same, but no request goes to an address of a private network.
    #[must_use]
    pub(crate) fn in_public(self, patience: Patience) -> Api<'c> {
        Api { client: Client::outside(patience), ..self }
    }

    /// Asks for something: as often as may help.
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, HostError> {
        self.call("GET", path, query, None)
    }

    /// Sends something: again only where the host says that it was not done.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer, HostError> {
        self.call(method, path, query, Some((JSON, body)))
    }

    /// The same with another type of content.
    pub(crate) fn send_as(
        &self,
        kind: &str,
        (method, path): (&str, &[&str]),
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer, HostError> {
        self.call(method, path, query, Some((kind, body)))
    }

    /// Who has the token, asked once. `None`: the host does not tell, as with tokens of no person.
    pub(crate) fn me(
        &self,
        path: &[&str],
        name: impl Fn(&Value) -> Option<Box<str>>,
    ) -> Result<Option<Box<str>>, HostError> {
        if let Some(known) = self.me.get() {
            return Ok(known.clone());
        }
        let me = match self.get(path, &[]) {
            Ok(answer) => name(&answer.value),
            Err(HostError::Denied(_) | HostError::Missing(_)) => None,
            Err(e) => return Err(e),
        };
        Ok(self.me.get_or_init(|| me).clone())
    }

    /// Now, by the clock of this API.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Does something again, with pauses, while it fails in a way that passes.
    pub(crate) fn insist<T>(
        &self,
        passes: impl Fn(&HostError) -> bool,
        what: impl Fn() -> Result<T, HostError>,
    ) -> Result<T, HostError> {
        let mut failed = 0;
        loop {
            failed += 1;
            match what() {
                Err(error) if failed < TRIES && passes(&error) => {
                    self.clock.pause(retry::pause(failed));
                }
                other => return other,
            }
        }
    }

    fn call(
        &self,
        method: &str,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<Answer, HostError> {
        let url = self.address.join(path);
        let query = encoded(query);
        let body = body.filter(|(_, body)| !body.is_null());
        let kind = body.map(|(kind, _)| kind);
        let body = body.map(|(_, body)| body.to_string().into_bytes());
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Some(kind) = kind {
            headers.push(("Content-Type", kind));
        }
        let mut failed = 0;
        loop {
            let answer = self.client.send(method, &url, &query, &headers, body.as_deref());
            failed += 1;
            let (error, wait) = match answer {
                Ok(answer) if (200..300).contains(&answer.status) => return read(answer),
                Ok(answer) => {
                    let wait = self.asked_to_wait(&answer);
                    let status = answer.status;
                    let said = said(answer);
                    // Not done, and may be done later; what failed in the middle may have been done.
                    let later = matches!(status, 429) || wait.is_some();
                    let again = later || (method == "GET" && status >= 500);
                    if !again {
                        return Err(refusal(status, said));
                    }
                    let pause = wait.unwrap_or_else(|| retry::pause(failed));
                    if pause > self.clock.longest() {
                        return Err(HostError::Busy(said, pause));
                    }
                    (refusal(status, said), pause)
                }
                Err(failure) => {
                    let lost = HostError::Lost(failure.to_string());
                    let helps =
                        matches!(failure, Failure::Interrupted(_) | Failure::Unreachable(_));
                    if method != "GET" || !helps {
                        return Err(lost);
                    }
                    (lost, retry::pause(failed))
                }
            };
            if failed >= TRIES {
                return Err(error);
            }
            self.clock.pause(wait);
        }
    }

    /// How long the host asks to wait, in any of the ways that hosts have: `Retry-After`, or nothing
    /// left of an allowance until a moment.
    fn asked_to_wait(&self, answer: &Response) -> Option<Duration> {
        if !matches!(answer.status, 403 | 429 | 503) {
            return None;
        }
        let now = self.clock.now();
        if let Some(wait) = answer.header("retry-after").and_then(|v| retry::retry_after(v, now)) {
            return Some(wait);
        }
        let left = ["x-ratelimit-remaining", "ratelimit-remaining"];
        let none = left.iter().any(|name| answer.header(name).is_some_and(|v| v.trim() == "0"));
        let reset = ["x-ratelimit-reset", "ratelimit-reset"];
        let reset = reset.iter().find_map(|name| answer.header(name)?.trim().parse::<i64>().ok());
        let seconds = reset.filter(|_| none)?.saturating_sub(now.as_second()).max(1);
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }
}

/// A list that comes in pages, from the first to the last or the `most`th. True: there may be more.
pub(crate) fn paged<T>(
    most: usize,
    mut page: impl FnMut(usize) -> Result<(Vec<T>, Last), HostError>,
) -> Result<(Vec<T>, bool), HostError> {
    let mut all = Vec::new();
    for number in 0..most {
        let (some, last) = page(number)?;
        all.extend(some);
        if last.0 {
            return Ok((all, false));
        }
    }
    Ok((all, true))
}

/// Whether a page is the last one.
pub(crate) struct Last(pub(crate) bool);

/// `?name=value&…`, or nothing.
fn encoded(query: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (at, (name, value)) in query.iter().enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    text
}

fn bytes(mut answer: Response) -> Result<Vec<u8>, HostError> {
    let mut bytes = Vec::new();
    let read = (&mut answer.body).take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|e| HostError::Lost(e.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(HostError::Strange(format!("it is larger than {MOST} bytes")));
    }
    Ok(bytes)
}

fn read(answer: Response) -> Result<Answer, HostError> {
    let bytes = bytes(answer)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Answer { value: Value::Null });
    }
    let value = serde_json::from_slice(&bytes);
    // Some hosts send a page to log in instead of an error.
    value
        .map(|value| Answer { value })
        .map_err(|_| HostError::Denied("it answers with a page, not with data".to_owned()))
}

/// What a host says about a refusal, bounded.
fn said(answer: Response) -> String {
    let status = answer.status;
    let value: Value =
        bytes(answer).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default();
    let mut words = told(&value);
    words.dedup();
    let words: String = words.join(": ").chars().filter(|c| !c.is_control()).take(300).collect();
    if words.is_empty() { format!("status {status}") } else { format!("{words} (status {status})") }
}

/// The texts of an answer that say why, in any of the ways that hosts have.
fn told(value: &Value) -> Vec<String> {
    let list = |name: &str| value[name].as_array().into_iter().flatten();
    let texts = [&value["message"], &value["error"]["message"], &value["error_description"]]
        .into_iter()
        .chain(list("errorMessages"))
        .chain(list("errors").map(|e| &e["message"]))
        .chain([&value["error"]]);
    let shown = |text: &Value| text.as_str().map_or_else(|| text.to_string(), str::to_owned);
    // Of a form: each field with what is wrong with it.
    let fields = value["errors"].as_object().into_iter().flatten();
    let fields = fields.map(|(name, why)| format!("{name}: {}", shown(why)));
    texts.filter(|text| !text.is_null()).map(shown).chain(fields).collect()
}

fn refusal(status: u16, said: String) -> HostError {
    match status {
        401 | 403 | 203 => HostError::Denied(said),
        404 | 410 => HostError::Missing(said),
        // What moved for good is no longer there; who is to sign in is led elsewhere in another way.
        301 | 308 => HostError::Missing(format!("it moved: {said}")),
        429 => HostError::Busy(said, Duration::from_secs(60)),
        500.. => HostError::Lost(said),
        _ => HostError::Refused(said),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn why_is_read_in_each_way_of_telling() {
        for (value, expected) in [
            (json!({ "message": "no" }), "no"),
            (json!({ "error": { "message": "no" } }), "no"),
            (json!({ "errors": [{ "message": "no" }] }), "no"),
            (json!({ "errorMessages": ["no"], "errors": {} }), "no"),
            (json!({ "errorMessages": [], "errors": { "duedate": "no" } }), "duedate: no"),
        ] {
            assert!(told(&value).first().is_some_and(|told| told == expected), "{value}");
        }
    }
}
