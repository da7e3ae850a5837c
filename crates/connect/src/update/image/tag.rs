//! The order of tags of one image: numbers in the same pattern of words.

use std::cmp::Ordering;

/// How one tag stands to another. `None`: they are of different flavours, or have no numbers.
pub fn above(tag: &str, other: &str) -> Option<Ordering> {
    let ((words, numbers), (other_words, other_numbers)) = (parts(tag), parts(other));
    (words == other_words && !numbers.is_empty()).then(|| numbers.cmp(&other_numbers))
}

/// The newest of some tags that is above one, of its flavour and as exact as it is.
pub fn newest<'t>(tag: &str, all: &'t [String]) -> Option<&'t str> {
    // A date is no higher version than a number: `20250108` is a snapshot beside `3.21`.
    let is_date = |number: &u64| *number >= 10_000_000;
    let exact = |text: &str| {
        let numbers = parts(text).1;
        let of = |n: &Vec<u64>| n.iter().map(is_date).collect::<Vec<_>>();
        numbers.iter().map(of).collect::<Vec<_>>()
    };
    let fits =
        |other: &&str| exact(other) == exact(tag) && above(other, tag) == Some(Ordering::Greater);
    let all = all.iter().map(String::as_str).filter(fits);
    all.max_by(|a, b| above(a, b).unwrap_or(Ordering::Equal))
}

/// The words of a tag with a mark for each version in it, and the numbers of those.
fn parts(tag: &str) -> (String, Vec<Vec<u64>>) {
    let (mut words, mut numbers) = (String::new(), Vec::<Vec<u64>>::new());
    let mut rest = tag;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            words.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (digits, after) = rest.split_at(end);
        let number = digits.parse().unwrap_or(u64::MAX);
        match numbers.last_mut() {
            Some(last) if words.ends_with("#.") => {
                words.pop();
                last.push(number);
            }
            _ => {
                words.push('#');
                numbers.push(vec![number]);
            }
        }
        rest = after;
    }
    (words, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_flavour_have_an_order() {
        for (a, b, expected) in [
            ("12.8", "12.1", Some(Ordering::Greater)),
            ("12.10-slim", "12.9-slim", Some(Ordering::Greater)),
            ("12.8", "12.1-slim", None),
            ("bookworm", "trixie", None),
            ("3.12.8-slim-bookworm", "3.12.1-slim-bookworm", Some(Ordering::Greater)),
            ("20-alpine3.18", "20-alpine3.20", Some(Ordering::Less)),
            ("bookworm-20240110", "bookworm-20240211", Some(Ordering::Less)),
            ("v1.2", "1.2", None),
            ("12", "12.1", Some(Ordering::Less)),
        ] {
            assert_eq!(above(a, b), expected, "{a} {b}");
        }
        let all = ["12.1", "12.8-slim", "12.9", "12", "12.10", "latest", "12.10.1", "13"];
        let all = all.map(str::to_owned);
        assert_eq!(newest("12.1", &all), Some("12.10"));
        assert_eq!(newest("12.10", &all), None);
        let all = ["3", "4", "20250108", "20250208"].map(str::to_owned);
        assert_eq!((newest("3", &all), newest("20250108", &all)), (Some("4"), Some("20250208")));
    }
}
