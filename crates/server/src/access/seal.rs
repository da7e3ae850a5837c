//! Secrets that must be read again are sealed: XChaCha20-Poly1305 with a key that is not in the
//! store, and bound to what they are of, so that one cannot be put in another's place.

use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// The length of a key.
const KEY: usize = 32;
/// The length of what each seal begins with.
const NONCE: usize = 24;
/// What a seal is of: the first byte, so that another way can follow one day.
const VERSION: u8 = 1;

/// The server's key.
#[derive(Clone)]
pub struct Key([u8; KEY]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key of a file: 32 bytes in Base64. A file that is not there is made, for its owner only.
    ///
    /// # Errors
    /// It cannot be read or made, or holds something else.
    pub fn of_file(path: &Path) -> Result<Key, String> {
        let told = |e: std::io::Error| format!("the key `{}`: {e}", path.display());
        match std::fs::read_to_string(path) {
            Ok(text) => Key::from_text(&text).ok_or_else(|| {
                format!("`{}` holds no key: 32 random bytes in Base64", path.display())
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut bytes = [0; KEY];
                getrandom::fill(&mut bytes)
                    .map_err(|e| told(std::io::Error::other(e.to_string())))?;
                let mut options = std::fs::OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let mut file = options.open(path).map_err(told)?;
                file.write_all(BASE64_STANDARD.encode(bytes).as_bytes()).map_err(told)?;
                file.sync_all().map_err(told)?;
                Ok(Key(bytes))
            }
            Err(e) => Err(told(e)),
        }
    }

    fn from_text(text: &str) -> Option<Key> {
        Some(Key(BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()?))
    }

    /// Seals a secret of something.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn seal(&self, secret: &[u8], of: &str) -> std::io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|e| std::io::Error::other(e.to_string()))?;
        let payload = Payload { msg: secret, aad: of.as_bytes() };
        let sealed = XChaCha20Poly1305::new(&self.0.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// What was sealed. `None`: by another key, of something else, or it was changed.
    pub(crate) fn open(&self, sealed: &[u8], of: &str) -> Option<Vec<u8>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: of.as_bytes() };
        let opened = XChaCha20Poly1305::new(&self.0.into()).decrypt(&XNonce::from(*nonce), payload);
        opened.ok().filter(|_| *version == VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_opens_and_only_for_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = Key::of_file(&path).unwrap();
        let sealed = key.seal(b"a secret", "person:1").unwrap();
        let again = Key::of_file(&path).unwrap();
        assert_eq!(again.open(&sealed, "person:1").as_deref(), Some(&b"a secret"[..]));
        assert_eq!(again.open(&sealed, "person:2"), None);
        assert_ne!(sealed, key.seal(b"a secret", "person:1").unwrap());
        assert!(!sealed.windows(8).any(|w| w == b"a secret"));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&changed, "person:1"), None, "{at}");
            assert_eq!(key.open(&sealed[..at], "person:1"), None, "{at}");
        }
        let other = Key::of_file(&folder.path().join("other")).unwrap();
        assert_eq!(other.open(&sealed, "person:1"), None);
        std::fs::write(&path, "too short").unwrap();
        assert!(Key::of_file(&path).unwrap_err().contains("holds no key"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join("other")).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "for its owner only");
        }
    }
}
