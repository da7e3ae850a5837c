//! How inputs are spoiled: by a seeded generator, so that the same seed gives the same inputs.

/// The largest input that is made.
pub(crate) const MAX_LEN: usize = 60 << 10;

/// Pieces that a syntax somewhere takes to mean something.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\xFF\xFE",
    b"\xEF\xBB\xBF",
    b"\xC3\x28",
    "\u{202e}".as_bytes(),
    "\u{1F600}".as_bytes(),
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\t",
    b"  ",
    b"\\u0000",
    b"\\ud800",
    b"\"",
    b"'",
    b"'''",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b"(",
    b")",
    b",",
    b":",
    b": ",
    b"- ",
    b"=",
    b"==",
    b">=",
    b"<",
    b">",
    b"!",
    b"|",
    b"~>",
    b"^",
    b"*",
    b"**/*",
    b"../",
    b"@",
    b"#",
    b";",
    b"/",
    b"//",
    b"/*",
    b"%",
    b"%00",
    b"%zz",
    b"-",
    b"+",
    b".",
    b"..",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"99999999999999999999999999999999999999999999",
    b"1e999",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\":",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"&a [*a, *a]",
    b"!!binary ",
    b"--- ",
    b"...",
    b"? ",
    b"|2-\n",
    b"<!DOCTYPE x [<!ENTITY a \"b\">]>",
    b"&a;",
    b"&#x0;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?",
    b"/>",
    b"</",
    b"${",
    b"${a}",
    b"npm:",
    b"link:",
    b"workspace:*",
    b"file:",
    b"git+ssh://",
    b"pkg:",
    b"vers:",
    b"-r ",
    b"-e ",
    b" ; python_version < '3'",
    b"(devel)",
    b"v0.0.0-20200101000000-abcdefabcdef",
    b"\n=== ",
    b"1:",
    b"~",
    b"_alpha",
    b"-SNAPSHOT",
    b".Final",
];

/// A generator of pseudo-random numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below a bound; 0 for the bound 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from((self.next() >> 11).checked_rem(bound).unwrap_or(0)).unwrap_or(0)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Option<&'a T> {
        from.get(self.below(from.len())).copied()
    }
}

/// Spoils an input in a few places.
pub(crate) fn spoil(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        once(bytes, other, random);
        bytes.truncate(MAX_LEN);
    }
}

fn once(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + 1 + random.below(64)).min(bytes.len());
    match random.below(14) {
        0 => bytes.truncate(at),
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (random.next() & 7);
            }
        }
        2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.next().to_le_bytes()[7];
            }
        }
        3 => drop(bytes.splice(at..end, [])),
        // A piece many times over: depth, length, repeated entries.
        4 => {
            let piece = bytes[at..end].to_vec();
            let times = 1 << random.below(11);
            insert(bytes, at, &piece.repeat(times));
        }
        5 if !other.is_empty() => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len())..]);
        }
        6 if !other.is_empty() => {
            let from = random.below(other.len());
            let to = (from + 1 + random.below(400)).min(other.len());
            insert(bytes, at, &other[from..to]);
        }
        7 => {
            let times = 1 << random.below(14);
            if let Some(token) = random.pick(TOKENS) {
                insert(bytes, at, &token.repeat(times));
            }
        }
        8 => digits(bytes, at, random),
        9 => lines(bytes, random),
        // A value for another: from one quote, colon or bracket to the next.
        10 => {
            let from = boundary(bytes, at);
            let to = boundary(bytes, from + 1);
            if let Some(token) = random.pick(TOKENS) {
                bytes.splice(from..to.min(bytes.len()), token.iter().copied());
            }
        }
        _ => {
            if let Some(token) = random.pick(TOKENS) {
                insert(bytes, at, token);
            }
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// The next place where something ends.
fn boundary(bytes: &[u8], from: usize) -> usize {
    let ends = |b: &u8| matches!(b, b'"' | b':' | b',' | b'{' | b'[' | b'\n' | b'<' | b'>' | b' ');
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().position(ends).map_or(bytes.len(), |i| from + i + 1).min(bytes.len())
}

/// The number after a place becomes another.
fn digits(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|i| at + i) else {
        return;
    };
    let len = bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
    let number: Vec<u8> = match random.below(6) {
        0 => Vec::new(),
        1 => b"-1".to_vec(),
        2 => b"4294967296".to_vec(),
        3 => b"18446744073709551615".to_vec(),
        4 => vec![b'9'; 1 << random.below(12)],
        _ => random.below(1000).to_string().into_bytes(),
    };
    bytes.splice(start..start + len, number);
}

/// Two lines change places, one is doubled, or one is lost.
fn lines(bytes: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let (a, b) = (random.below(lines.len()), random.below(lines.len()));
    if a >= lines.len() {
        return;
    }
    match random.below(3) {
        0 => lines.swap(a, b),
        1 => {
            let line = lines[a].clone();
            lines.insert(b, line);
        }
        _ => drop(lines.remove(a)),
    }
    *bytes = lines.concat();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_inputs_and_none_is_too_long() {
        let make = |seed| {
            let mut random = Random::new(seed);
            let mut bytes = b"{\"a\": [1, 2]}\n".to_vec();
            for _ in 0..200 {
                spoil(&mut bytes, b"other\ntext", &mut random);
                assert!(bytes.len() <= MAX_LEN);
            }
            bytes
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }
}
