//! Maven: `ComparableVersion` of Maven 3.9, made a total order.
//!
//! A version is a list of numbers that may end in a sublist; a hyphen opens a sublist, and so
//! does a change between digits and letters, and a word. A sublist may start with a word (a
//! qualifier). Zeros before the end or before a sublist do not count, nor do `ga`, `final` and
//! `release`. Order in one place: `alpha`, `beta`, `milestone`, `rc`, `snapshot`, nothing, `sp`,
//! any other word by its text, then numbers; a sublist is below a number.
//!
//! Traps: `a`, `b`, `m` mean alpha, beta, milestone only directly before a digit; case does not
//! matter; `cr` is `rc`. Maven 3 compares a word after a dot in the middle (`1.foo.1`) and a
//! doubled sublist (`1--rc`) so that three versions can form a circle. Here every word opens a
//! sublist, and a list of nothing but a sublist that starts with a word is that sublist.

use super::{is_commit_hash, push_number};

/// The qualifiers that are below the end.
const PRERELEASES: [&str; 5] = ["alpha", "beta", "milestone", "rc", "snapshot"];
/// The end, which is also the rank of `ga`, `final` and `release`.
const RELEASE: u8 = 6;
const SP: u8 = 7;
const OTHER_WORD: u8 = 8;
/// A sublist that starts with a number.
const NUMBER_LIST: u8 = 9;
const NUMBER: u8 = 10;
const END: u8 = 0;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    let text = text.to_lowercase();
    // `${revision}`, `[1.0,2.0)` and `LATEST` are not versions.
    let known =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~' | '!' | ':');
    let names_another = matches!(text.as_str(), "latest" | "release" | "unspecified" | "unknown");
    if names_another || !text.chars().all(known) || is_commit_hash(&text) {
        return None;
    }
    let mut lists = Lists::parse(&text);
    lists.normalise();
    lists.key()
}

/// The nested lists, outermost first: each is the end of the one before it.
struct Lists(Vec<List>);

#[derive(Default)]
struct List {
    /// The word it starts with. Empty for a word that means nothing.
    word: Option<String>,
    /// The numbers, without leading zeros; zero is empty.
    numbers: Vec<String>,
    /// Whether it counts as a list when it is empty.
    level: bool,
}

impl List {
    fn is_empty(&self) -> bool {
        self.word.is_none() && self.numbers.is_empty()
    }
}

impl Lists {
    fn parse(text: &str) -> Lists {
        let mut lists = Lists(vec![List::default()]);
        let mut rest = text;
        loop {
            let digit = rest.starts_with(|c: char| c.is_ascii_digit());
            let end = rest
                .find(|c: char| c == '.' || c == '-' || c.is_ascii_digit() != digit)
                .unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            if digit {
                lists.add_number(token);
            } else if !token.is_empty() {
                lists.add_word(token, after.starts_with(|c: char| c.is_ascii_digit()));
            }
            match after.bytes().next() {
                None => return lists,
                Some(separator @ (b'.' | b'-')) => {
                    // Nothing between two separators is a zero.
                    if token.is_empty() {
                        lists.add_number("0");
                    }
                    if separator == b'-' {
                        lists.open();
                    }
                    rest = after.get(1..).unwrap_or_default();
                }
                Some(_) => {
                    lists.open();
                    rest = after;
                }
            }
        }
    }

    fn open(&mut self) {
        self.0.push(List::default());
    }

    fn add_number(&mut self, digits: &str) {
        if let Some(list) = self.0.last_mut() {
            list.numbers.push(digits.trim_start_matches('0').to_owned());
        }
    }

    fn add_word(&mut self, word: &str, before_digit: bool) {
        if self.0.last().is_some_and(|list| !list.is_empty()) {
            self.open();
        }
        let word = match word {
            "a" if before_digit => "alpha",
            "b" if before_digit => "beta",
            "m" if before_digit => "milestone",
            "cr" => "rc",
            "ga" | "final" | "release" => "",
            word => word,
        };
        if let Some(list) = self.0.last_mut() {
            list.word = Some(word.to_owned());
        }
    }

    /// Drops what means nothing: zeros and empty words at the end of a list, and lists of nothing.
    /// Only a list of zeros before a list of numbers keeps its level: `1-0-2` is below `1-1`.
    fn normalise(&mut self) {
        let mut before_number = false;
        for (i, list) in self.0.iter_mut().enumerate().rev() {
            let zeros = list.word.is_none();
            while list.numbers.last().is_some_and(String::is_empty) {
                list.numbers.pop();
            }
            if list.numbers.is_empty() && list.word.as_deref() == Some("") {
                list.word = None;
            }
            list.level = i == 0 || !list.is_empty() || (zeros && before_number);
            before_number = if list.level { list.word.is_none() } else { before_number };
        }
        self.0.retain(|list| list.level);
    }

    fn key(&self) -> Option<Vec<u8>> {
        let mut key = Vec::with_capacity(24);
        for (i, list) in self.0.iter().enumerate() {
            match &list.word {
                Some(word) => push_word(&mut key, word),
                None if i > 0 => key.push(NUMBER_LIST),
                None => {}
            }
            for number in &list.numbers {
                key.push(NUMBER);
                push_number(&mut key, if number.is_empty() { "0" } else { number })?;
            }
        }
        // The end stands where a sublist could: as a qualifier that means nothing.
        key.extend_from_slice(&[RELEASE, END]);
        Some(key)
    }
}

fn push_word(key: &mut Vec<u8>, word: &str) {
    let rank = PRERELEASES.iter().zip(1_u8..).find(|(w, _)| **w == word).map(|(_, rank)| rank);
    match (rank, word) {
        (Some(rank), _) => key.push(rank),
        (None, "") => key.push(RELEASE),
        (None, "sp") => key.push(SP),
        (None, word) => {
            key.push(OTHER_WORD);
            key.extend_from_slice(word.as_bytes());
            key.push(END);
        }
    }
}
