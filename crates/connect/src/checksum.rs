//! Checksums that a server offers for what it serves.
//!
//! Google's object store names CRC-32C and, except for composed objects, MD5 in `x-goog-hash`, in
//! base64. They are of the *stored* bytes: where those are stored compressed and sent unpacked
//! (`x-goog-stored-content-encoding`), they say nothing about what was received. A static mirror
//! may have `all.zip.sha256` beside `all.zip`, as `sha256sum` writes it.

use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest, Sha256};

/// What the bytes must sum to. Nothing is named: nothing is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Checksums {
    crc32c: Option<u32>,
    md5: Option<[u8; 16]>,
    sha256: Option<[u8; 32]>,
}

impl Checksums {
    /// Reads the values of `x-goog-hash` headers; what is not understood is left out.
    pub(crate) fn of_headers<'a>(values: impl Iterator<Item = &'a str>) -> Checksums {
        let mut sums = Checksums::default();
        for part in values.flat_map(|value| value.split(',')) {
            let Some((name, value)) = part.trim().split_once('=') else { continue };
            let Ok(bytes) = STANDARD.decode(value) else { continue };
            match name {
                "crc32c" => sums.crc32c = <[u8; 4]>::try_from(bytes).ok().map(u32::from_be_bytes),
                "md5" => sums.md5 = bytes.try_into().ok(),
                _ => {}
            }
        }
        sums
    }

    /// Reads a `.sha256` file: 64 hexadecimal digits, then perhaps a name.
    pub(crate) fn of_sha256_file(text: &str) -> Option<Checksums> {
        let word = text.split_whitespace().next()?;
        if word.len() != 64 || !word.is_ascii() {
            return None;
        }
        let mut sum = [0u8; 32];
        for (at, byte) in sum.iter_mut().enumerate() {
            *byte = u8::from_str_radix(word.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        Some(Checksums { sha256: Some(sum), ..Checksums::default() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Checksums::default()
    }

    /// Checks a whole content. The error is a sentence part that names the sum.
    pub(crate) fn check(&self, mut content: impl Read) -> io::Result<Result<(), &'static str>> {
        let (mut crc, mut md5, mut sha256) = (Crc32c::new(), Md5::new(), Sha256::new());
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            let count = content.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..count).filter(|b| !b.is_empty()) else { break };
            if self.crc32c.is_some() {
                crc.update(bytes);
            }
            if self.md5.is_some() {
                md5.update(bytes);
            }
            if self.sha256.is_some() {
                sha256.update(bytes);
            }
        }
        let wrong = |named: bool, name: &'static str| if named { Err(name) } else { Ok(()) };
        Ok(wrong(self.crc32c.is_some_and(|sum| sum != crc.finish()), "its CRC-32C is wrong")
            .and_then(|()| {
                let sum: [u8; 16] = md5.finalize().into();
                wrong(self.md5.is_some_and(|named| named != sum), "its MD5 is wrong")
            })
            .and_then(|()| {
                let sum: [u8; 32] = sha256.finalize().into();
                wrong(self.sha256.is_some_and(|named| named != sum), "its SHA-256 is wrong")
            }))
    }
}

/// CRC-32C (Castagnoli; RFC 3720 appendix B.4), by table.
struct Crc32c {
    table: [u32; 256],
    state: u32,
}

impl Crc32c {
    fn new() -> Crc32c {
        let mut table = [0u32; 256];
        for (slot, byte) in table.iter_mut().zip(0u32..) {
            *slot =
                (0..8).fold(
                    byte,
                    |sum, _| {
                        if sum & 1 == 1 { (sum >> 1) ^ 0x82F6_3B78 } else { sum >> 1 }
                    },
                );
        }
        Crc32c { table, state: u32::MAX }
    }

    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = self.state.to_le_bytes();
            // The index is a byte and the table has 256 places.
            self.state = self.table[usize::from(low ^ byte)] ^ (self.state >> 8);
        }
    }

    fn finish(&self) -> u32 {
        !self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32c_is_castagnolis() {
        // RFC 3720 B.4: 32 bytes of zeros, of ones; and the usual check value.
        for (bytes, sum) in [
            (&[0u8; 32][..], 0x8A91_36AA),
            (&[0xFF; 32][..], 0x62A8_AB43),
            (&b"123456789"[..], 0xE306_9283),
        ] {
            let mut crc = Crc32c::new();
            crc.update(bytes);
            assert_eq!(crc.finish(), sum);
        }
    }

    #[test]
    fn every_named_sum_counts() {
        let check = |sums: &Checksums, bytes: &[u8]| sums.check(bytes).unwrap();
        // `printf 123456789 | md5sum`, in base64, and the CRC from above.
        let sums =
            Checksums::of_headers(["crc32c=4waSgw==", "md5=JfnnlDI7RTiF9RgfG2JNCw=="].into_iter());
        assert_eq!(check(&sums, b"123456789"), Ok(()));
        assert_eq!(check(&sums, b"123456780"), Err("its CRC-32C is wrong"));
        let joined =
            Checksums::of_headers(["crc32c=4waSgw==,md5=AAAAAAAAAAAAAAAAAAAAAA=="].into_iter());
        assert_eq!(check(&joined, b"123456789"), Err("its MD5 is wrong"));
        // `printf 123456789 | sha256sum`.
        let text = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225  all.zip\n";
        let sums = Checksums::of_sha256_file(text).unwrap();
        assert_eq!(check(&sums, b"123456789"), Ok(()));
        assert_eq!(check(&sums, b"12345678"), Err("its SHA-256 is wrong"));
        assert_eq!(Checksums::of_sha256_file("<html>"), None);
        assert!(Checksums::of_headers(["what=is this", "crc32c=AA"].into_iter()).is_empty());
    }
}
