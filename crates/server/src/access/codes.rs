//! One-time codes (RFC 6238: SHA-1, six digits, thirty seconds, as every app for them knows), and
//! the codes that stand in for a lost device.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::seal::Key;
use super::secret::digest;

/// The length of a secret, in bytes.
const LENGTH: usize = 20;
/// How many steps of thirty seconds a clock may be wrong.
const SKEW: u16 = 1;
/// How many recovery codes there are.
const RECOVERY: usize = 10;

/// A person's secret, from which codes are made.
pub(crate) struct Codes(Vec<u8>);

impl Codes {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn new() -> std::io::Result<Codes> {
        random::<LENGTH>().map(|bytes| Codes(bytes.to_vec()))
    }

    /// One that was sealed for a person.
    pub(crate) fn open(key: &Key, sealed: &[u8], of: &str) -> Option<Codes> {
        key.open(sealed, of).map(Codes)
    }

    /// Sealed for a person.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn seal(&self, key: &Key, of: &str) -> std::io::Result<Vec<u8>> {
        key.seal(&self.0, of)
    }

    fn totp(&self, account: &str) -> Option<Totp> {
        let builder = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(SKEW)
            .with_step_duration(30)
            .with_secret(Secret::from(self.0.clone()))
            .with_account_name(account.replace(':', " "))
            .with_issuer(Some("Trimtab"));
        builder.build().ok()
    }

    /// What is typed into an app.
    pub(crate) fn text(&self) -> String {
        Secret::from(self.0.clone()).to_base32()
    }

    /// What an app opens.
    pub(crate) fn address(&self, account: &str) -> Option<String> {
        self.totp(account)?.to_url().ok()
    }

    /// The time step of a code, if it is right at a moment.
    pub(crate) fn step(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let step = self.totp("account")?.check(&code, u64::try_from(now.as_second()).ok()?)?;
        i64::try_from(step).ok()
    }
}

/// New recovery codes, as they are shown once.
///
/// # Errors
/// The system has no random bytes.
pub(crate) fn recovery() -> std::io::Result<Vec<String>> {
    (0..RECOVERY)
        .map(|_| {
            // 80 random bits: a digest of them cannot be guessed back.
            let text = Secret::from(random::<10>()?.to_vec()).to_base32().to_lowercase();
            let parts: Vec<String> = text
                .as_bytes()
                .chunks(4)
                .map(|c| String::from_utf8_lossy(c).into_owned())
                .collect();
            Ok(parts.join("-"))
        })
        .collect()
}

/// What is kept of a recovery code.
pub(crate) fn kept(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    digest(&plain.to_lowercase())
}

/// Bytes as a form carries them.
pub(crate) fn written(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// From a form.
pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| std::io::Error::other(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 6238, appendix B, by their last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let codes = Codes(b"12345678901234567890".to_vec());
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!(codes.step(code, now), Some(second / 30), "{second}");
            let spaced = format!(" {} {}", &code[..3], &code[3..]);
            assert_eq!(codes.step(&spaced, now), Some(second / 30));
            let later = Timestamp::from_second(second + 90).unwrap();
            assert_eq!(codes.step(code, later), None, "{second} is past");
        }
        let now = Timestamp::from_second(59).unwrap();
        for wrong in ["", "28708", "2870822", "abcdef", "-87082", "２８７０８２"] {
            assert_eq!(codes.step(wrong, now), None, "{wrong}");
        }
        let address = codes.address("ada@example.org").unwrap();
        assert!(address.starts_with("otpauth://totp/Trimtab:ada%40example.org?"), "{address}");
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        let codes = recovery().unwrap();
        assert_eq!(codes.len(), 10);
        let first = &codes[0];
        assert_eq!((first.len(), first.matches('-').count()), (19, 3), "{first}");
        assert_eq!(kept(first), kept(&format!(" {} ", first.to_uppercase().replace('-', " "))));
        let all: std::collections::BTreeSet<_> = codes.iter().map(|c| kept(c)).collect();
        assert_eq!(all.len(), 10);
    }
}
