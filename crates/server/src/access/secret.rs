//! Secrets that we give out: random, shown once, kept as a digest.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A secret of 256 random bits, as text.
pub(crate) struct Secret(String);

impl Secret {
    /// A new one. `prefix` says what it is, so that a scanner of leaked secrets can know it.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn new(prefix: &str) -> std::io::Result<Secret> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok(Secret(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// What its holder gets.
    pub(crate) fn shown(&self) -> &str {
        &self.0
    }

    /// What is kept.
    pub(crate) fn digest(&self) -> String {
        digest(&self.0)
    }
}

/// The digest of a secret that somebody brings. Fast hashing is enough for 256 random bits.
pub(crate) fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Bytes as hexadecimal text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
