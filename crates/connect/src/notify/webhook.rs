//! A webhook of one's own: the letter as JSON, signed with a secret that both know.
//!
//! `Trimtab-Signature: t=SECONDS,v1=HEX` with the HMAC-SHA-256 of `SECONDS.BODY`, so that who gets it can prove who sent it,
//! and refuse what is old; `Trimtab-Letter` names the letter, so that one that comes twice is known.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use trimtab_model::letter::Letter;

use super::post::Post;
use super::{Channel, NotSent};
use crate::http::Patience;
use crate::retry::Clock;

/// The header with the signature.
pub const SIGNATURE: &str = "Trimtab-Signature";

/// Somebody's own webhook.
pub struct Webhook<'c> {
    post: Post<'c>,
    secret: Vec<u8>,
}

impl std::fmt::Debug for Webhook<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({:?})", self.post)
    }
}

impl<'c> Webhook<'c> {
    /// By its address and the secret that letters are signed with.
    ///
    /// # Errors
    /// It is no address, or one without TLS; or there is no secret.
    pub fn new(
        address: &str,
        secret: &[u8],
        patience: Patience,
        clock: &'c dyn Clock,
    ) -> Result<Webhook<'c>, NotSent> {
        if secret.is_empty() {
            return Err(NotSent::Refused("the webhook has no signing secret".to_owned()));
        }
        Ok(Webhook { post: Post::new(address, patience, clock)?, secret: secret.to_vec() })
    }

    /// The same, if it lies outside of internal networks: for an address that people name.
    #[must_use]
    pub fn outside(self, patience: Patience) -> Webhook<'c> {
        Webhook { post: self.post.outside(patience), ..self }
    }
}

impl Channel for Webhook<'_> {
    fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        let body = body(letter).to_string();
        let seconds = self.post.now().as_second();
        let signed =
            format!("t={seconds},v1={}", signature(&self.secret, seconds, body.as_bytes()));
        self.post.bytes(body.as_bytes(), &[(SIGNATURE, &signed), ("Trimtab-Letter", &letter.id)])
    }
}

/// The signature of a body that is sent at a time, in hexadecimal digits.
pub fn signature(secret: &[u8], seconds: i64, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn body(letter: &Letter) -> Value {
    let item = |item: &trimtab_model::letter::Item| json!({ "title": item.title, "detail": item.detail, "act": item.act, "link": item.link });
    json!({
        "id": letter.id,
        "subject": letter.subject,
        "lead": letter.lead,
        "items": letter.items.iter().map(item).collect::<Vec<_>>(),
        "more": letter.more,
        "urgent": letter.urgent,
        "link": letter.link,
        "foot": letter.foot,
    })
}
