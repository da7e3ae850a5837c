//! Requests that are signed instead of carrying a token: by the Standard Webhooks specification
//! (`webhook-id`, `webhook-timestamp`, `webhook-signature`), in Grafana's way (`X-Grafana-Alerting-Signature` with
//! `X-Grafana-Alerting-Timestamp`) or in GitHub's (`X-Hub-Signature-256`). All are HMAC-SHA256 with a secret of ours,
//! `whsec_` and Base64: the first is keyed with its bytes, the others with its text.

use axum::http::HeaderMap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use super::Who;
use super::secret::hex;
use crate::problem::Problem;
use crate::state::App;

/// How far the time of a message may lie from ours, either way.
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The length of a secret.
const SECRET: usize = 32;
/// The longest name of a message.
const LONGEST: usize = 200;
/// The most signatures of one message: a sender that changes its secret sends two.
const SIGNATURES: usize = 8;

/// A secret to sign with.
pub(crate) struct Secret([u8; SECRET]);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn new() -> std::io::Result<Secret> {
        let mut bytes = [0; SECRET];
        getrandom::fill(&mut bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok(Secret(bytes))
    }

    /// What the sender gets.
    pub(crate) fn shown(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(self.0))
    }

    /// What is sealed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a secret is sealed for.
pub(crate) fn sealed_for(org: trimtab_store::Org, token: i64) -> String {
    format!("hook:{}:{token}", org.0)
}

/// A message whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// What makes it the same message when it comes again.
    pub(crate) name: String,
    /// Whether its time is signed apart from the body, and was looked at.
    pub(crate) is_dated: bool,
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// No signature of a known kind, or none that holds.
    Signature,
    /// It is signed, but of another time.
    Time,
}

/// Looks whether a message is signed with a secret, and of now. Comparisons take the same time
/// wherever signatures differ.
fn verify(
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Message, Wrong> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let (Some(id), Some(at), Some(signatures)) =
        (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"))
    {
        if id.is_empty() || id.len() > LONGEST {
            return Err(Wrong::Signature);
        }
        let mac = mac(secret.bytes(), &[id.as_bytes(), b".", at.as_bytes(), b".", body]);
        let holds = |signature: &str| {
            let signature =
                signature.strip_prefix("v1,").and_then(|s| BASE64_STANDARD.decode(s).ok());
            signature.is_some_and(|s| mac.clone().verify_slice(&s).is_ok())
        };
        // Each is looked at, whichever holds.
        let good = signatures.split(' ').take(SIGNATURES).filter(|s| holds(s)).count();
        if good == 0 {
            return Err(Wrong::Signature);
        }
        of_now(at, now)?;
        return Ok(Message { name: format!("id {id}"), is_dated: true });
    }
    if let (Some(signature), Some(at)) =
        (text("x-grafana-alerting-signature"), text("x-grafana-alerting-timestamp"))
    {
        let mac = mac(secret.shown().as_bytes(), &[at.as_bytes(), b":", body]);
        let signature = unhex(signature).ok_or(Wrong::Signature)?;
        mac.verify_slice(&signature).map_err(|_| Wrong::Signature)?;
        of_now(at, now)?;
        return Ok(Message { name: format!("signature {}", hex(&signature)), is_dated: true });
    }
    let signature = text("x-hub-signature-256").and_then(|s| s.strip_prefix("sha256="));
    let signature = signature.and_then(unhex).ok_or(Wrong::Signature)?;
    let mac = mac(secret.shown().as_bytes(), &[body]);
    mac.verify_slice(&signature).map_err(|_| Wrong::Signature)?;
    // Its number is not signed: the same body is the same message.
    Ok(Message { name: format!("signature {}", hex(&signature)), is_dated: false })
}

/// Whether seconds since 1970 are of now.
fn of_now(at: &str, now: Timestamp) -> Result<(), Wrong> {
    let at = at.parse().ok().and_then(|at| Timestamp::from_second(at).ok());
    if now.duration_since(at.ok_or(Wrong::Time)?).abs() > WINDOW {
        Err(Wrong::Time)
    } else {
        Ok(())
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    // A key of any length is taken.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| {
        <Hmac<Sha256> as KeyInit>::new(&hmac::digest::Key::<Hmac<Sha256>>::default())
    });
    parts.iter().for_each(|part| mac.update(part));
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..64).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

/// Who sends a signed message, by the handle in its address. It may what the token may whose secret it
/// is.
///
/// # Errors
/// No token that holds has the handle, the signature does not hold, or the message is of another time.
pub(crate) async fn who(
    app: &App,
    handle: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Who, Message), Problem> {
    let now = app.now();
    let refused =
        || Problem::unsigned("The signature is not valid, or this address has no signer.");
    let (token, sealed) = app.store.token_of_hook(handle, now).await?.ok_or_else(refused)?;
    app.limits.token(token.org, token.id)?;
    let key = app.settings.access.key.as_ref();
    let opened = key.and_then(|key| key.open(&sealed, &sealed_for(token.org, token.id)));
    let secret = opened.and_then(|secret| secret.try_into().ok()).map(Secret);
    let Some(secret) = secret else {
        tracing::warn!(token.id, "the secret of a webhook cannot be opened: another key sealed it");
        return Err(refused());
    };
    let message = verify(&secret, headers, body, now).map_err(|wrong| match wrong {
        Wrong::Signature => refused(),
        Wrong::Time => Problem::unsigned(
            "The message is signed, but of another time: it may be five minutes old. Look at the \
             sender's clock.",
        ),
    })?;
    app.store.note_token(&token, now).await?;
    let who = super::who::of(app, token.org, token.person, None, Some(token)).await?;
    Ok((who, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    /// The example that GitHub's documentation gives for its signatures, computed by its own words: the
    /// key is the text of the secret.
    #[test]
    fn the_key_of_each_way_is_the_documented_one() {
        let known = mac(b"It's a Secret to Everybody", &[b"Hello, World!"]);
        let expected = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(known.verify_slice(&unhex(expected).unwrap()).is_ok());
        // And the one of the Standard Webhooks specification's libraries.
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let content: [&[u8]; 3] =
            [b"msg_p5jXN8AQM9LWM0D4loKWxJek.", b"1614265330.", br#"{"test": 2432232314}"#];
        let expected = BASE64_STANDARD.decode("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(mac(&key, &content).verify_slice(&expected.unwrap()).is_ok());
    }

    #[test]
    fn only_what_is_signed_and_of_now_is_taken() {
        let secret = Secret([7; SECRET]);
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let body = br#"{"a":1}"#;
        let sign = |secret: &Secret, id: &str, at: &str, body: &[u8]| {
            let mac = mac(secret.bytes(), &[id.as_bytes(), b".", at.as_bytes(), b".", body]);
            format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        };
        let ask = |id: &str, at: &str, signature: &str, body: &[u8]| {
            let all = headers(&[
                ("webhook-id", id),
                ("webhook-timestamp", at),
                ("webhook-signature", signature),
            ]);
            verify(&secret, &all, body, now)
        };
        let at = now.as_second().to_string();
        let good = sign(&secret, "m", &at, body);
        assert!(ask("m", &at, &good, body).unwrap().is_dated);
        assert!(ask("m", &at, &format!("v1a,x v1,AAAA {good}"), body).is_ok(), "one of several");
        for (id, at, signature, body) in [
            ("n", at.as_str(), good.as_str(), &body[..]),
            ("m", "1", &good, body),
            ("m", &at, &good, b"{}"),
            ("m", &at, "", body),
            ("m", &at, "v1,", body),
            ("m", &at, good.trim_end_matches('='), body),
            ("", &at, &sign(&secret, "", &at, body), body),
            ("m", &at, &sign(&Secret([8; SECRET]), "m", &at, body), body),
        ] {
            assert_eq!(
                ask(id, at, signature, body),
                Err(Wrong::Signature),
                "{id} {at} {signature}"
            );
        }
        for (seconds, good) in [(-301, false), (-300, true), (300, true), (301, false)] {
            let at = (now.as_second() + seconds).to_string();
            let asked = ask("m", &at, &sign(&secret, "m", &at, body), body);
            assert_eq!(asked.is_ok(), good, "{seconds}");
            assert!(good || asked == Err(Wrong::Time));
        }
        for at in ["soon", "99999999999999999999", "-9999999999999999"] {
            assert_eq!(ask("m", at, &sign(&secret, "m", at, body), body), Err(Wrong::Time), "{at}");
        }
        let hub = |signature: &str, body: &[u8]| {
            verify(&secret, &headers(&[("x-hub-signature-256", signature)]), body, now)
        };
        let good = hex(&mac(secret.shown().as_bytes(), &[body]).finalize().into_bytes());
        assert!(!hub(&format!("sha256={good}"), body).unwrap().is_dated);
        assert!(hub(&format!("sha256={good}"), b"{}").is_err());
        for wrong in
            [&good, "sha256=", "sha1=aa", &format!("sha256={}", &good[..62]), "sha256=\u{fc}"]
        {
            assert!(hub(wrong, body).is_err(), "{wrong}");
        }
        assert_eq!(verify(&secret, &HeaderMap::new(), body, now), Err(Wrong::Signature));
        // Grafana signs the time before the body.
        let grafana = |at: &str, signature: &str| {
            let pairs =
                [("x-grafana-alerting-signature", signature), ("x-grafana-alerting-timestamp", at)];
            verify(&secret, &headers(&pairs), body, now)
        };
        let signed = |at: &str| {
            let parts: [&[u8]; 3] = [at.as_bytes(), b":", body];
            hex(&mac(secret.shown().as_bytes(), &parts).finalize().into_bytes())
        };
        assert!(grafana(&at, &signed(&at)).unwrap().is_dated);
        assert_eq!(grafana(&at, &signed("1")), Err(Wrong::Signature));
        assert_eq!(grafana("1", &signed("1")), Err(Wrong::Time));
        assert_eq!(grafana(&at, "x"), Err(Wrong::Signature));
        // Without its time it is not signed.
        let alone = [("x-grafana-alerting-signature", signed(&at))];
        let alone = headers(&alone.each_ref().map(|(n, v)| (*n, v.as_str())));
        assert_eq!(verify(&secret, &alone, body, now), Err(Wrong::Signature));
    }
}
