//! The parts of an attribution, from the ways in which tools write them: places, weaknesses, moments,
//! and lists within their bounds.

use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::reading::{MAX_LIST, MAX_NAME};
use crate::report::{Attributed, Place};
use crate::text;

/// What is taken of a list: the first items that can be read, each once.
pub(crate) fn bounded<I, T: PartialEq>(
    items: impl Iterator<Item = I>,
    read: impl Fn(I) -> Option<T>,
    cut: &mut usize,
) -> Vec<T> {
    let mut all = Vec::new();
    for item in items {
        if all.len() >= MAX_LIST {
            *cut += 1;
            continue;
        }
        all.extend(read(item).filter(|item| !all.contains(item)));
    }
    all
}

/// A place, without the scheme of a file and with one slash at its beginning.
pub(crate) fn place((file, line): &(&str, Option<u32>)) -> Option<Place> {
    let file = match file.trim().strip_prefix("file:") {
        Some(rest) if rest.starts_with("//") => {
            let path = rest.trim_start_matches('/');
            // A drive is no folder of the root.
            let drive = path.as_bytes().get(1) == Some(&b':');
            if drive { path.to_owned() } else { format!("/{path}") }
        }
        Some(rest) => rest.to_owned(),
        None => file.trim().to_owned(),
    };
    text::name(&file, MAX_NAME).map(|file| Place { file, line: *line })
}

/// A weakness as `CWE-79`, from that, from what follows it, or from the number alone.
pub(crate) fn weakness(said: &str) -> Option<Box<str>> {
    let said = said.trim();
    let number = match said.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("CWE-") => said.get(4..)?,
        _ => said,
    };
    let number: String = number.chars().take_while(char::is_ascii_digit).take(6).collect();
    let number: u32 = number.parse().ok()?;
    (number > 0).then(|| format!("CWE-{number}").into())
}

/// A time in one of the ways in which tools write it. One without a zone is no time.
pub(crate) fn moment(said: &str) -> Option<Timestamp> {
    let said = said.trim();
    said.parse().ok().or_else(|| {
        let read = strtime::parse("%Y-%m-%d %H:%M:%S %z", said);
        read.ok()?.to_timestamp().ok()
    })
}

/// The size of an attribution, in bytes.
pub(crate) fn weight(one: &Attributed) -> usize {
    let list = |texts: &[Box<str>]| texts.iter().map(|text| text.len() + 16).sum::<usize>();
    let said = &one.severity;
    let texts = [&one.package, &one.version, &one.title, &one.text, &one.dismissed];
    256 + texts.iter().filter_map(|text| text.as_deref()).map(str::len).sum::<usize>()
        + [&one.ids, &said.words, &said.vectors, &said.scores, &one.fixed, &one.cwes]
            .iter()
            .map(|texts| list(texts))
            .sum::<usize>()
        + one.places.iter().map(|place| place.file.len() + 24).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_weaknesses_and_moments_are_read_as_tools_write_them() {
        let file = |said| place(&(said, None)).map(|place| place.file.to_string());
        assert_eq!(file("file:////src/a.js").as_deref(), Some("/src/a.js"));
        assert_eq!(file("file:///C:/code/a.c").as_deref(), Some("C:/code/a.c"));
        assert_eq!(file("src/a.c").as_deref(), Some("src/a.c"));
        assert_eq!(file("file:").as_deref(), None);
        assert_eq!(weakness("cwe-79: Cross-site Scripting").as_deref(), Some("CWE-79"));
        assert_eq!(weakness("502").as_deref(), Some("CWE-502"));
        assert_eq!(weakness("CWE-00 Bad"), None);
        assert_eq!(weakness("NVD-CWE-noinfo"), None);
        for said in [
            "2021-09-16T17:25:23Z",
            "2021-09-16T19:25:23.5+02:00",
            "2021-09-16T13:25:23.000-0400",
            "2021-09-16 19:25:23 +0200",
        ] {
            assert_eq!(moment(said).map(Timestamp::as_second), Some(1_631_813_123), "{said}");
        }
        assert_eq!(moment("2021-09-16 19:25:23"), None);
    }
}
