//! What an advisory about an unmaintained package names as a replacement: the list under a heading
//! of alternatives, and names that are marked as such right after words that say so. It is for
//! people: nobody checked whether it fits.

use trimtab_model::advisory::Kind;

use crate::osv::Record;

/// The most names that are listed, and the longest text that is read.
const MOST: (usize, usize) = (8, 64 << 10);
/// Words after which a name follows, in lower case.
const AFTER: &[&str] = &[
    "use",
    "using",
    "switch to",
    "switching to",
    "switched to",
    "migrate to",
    "migrate over to",
    "moved to",
    "merged into",
    "incorporated into",
    "superseded by",
    "replaced by",
    "renamed to",
    "in favor of",
    "in favour of",
    "alternative is",
    "alternative seems to be",
];
/// Words between those and a name.
const BETWEEN: &[&str] = &["the", "a", "main", "maintained", "actively", "crate", "package", "new"];
/// Words before a phrase that turn it round.
const NO: &[&str] = &["not", "don't", "never", "longer", "cannot"];

/// The names, in the order of the text. None of other kinds of advisories.
pub(super) fn successors(record: &Record<'_>, kind: Kind) -> Vec<String> {
    if kind != Kind::Unmaintained {
        return Vec::new();
    }
    let own: Vec<&str> = record.affected.iter().filter_map(|a| a.package.name.get()).collect();
    let texts = [record.summary.get(), record.details.get()];
    let mut all: Vec<String> = Vec::new();
    for text in texts.into_iter().flatten() {
        let text = super::draft::clip(text, MOST.1);
        for name in listed(text).into_iter().chain(said(text)) {
            if all.len() == MOST.0 {
                return all;
            }
            let is_own = own.iter().any(|own| alike(own) == alike(&name));
            if !is_own && !all.iter().any(|held| alike(held) == alike(&name)) {
                all.push(name);
            }
        }
    }
    all
}

fn alike(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// The first name of each entry under a heading of alternatives.
fn listed(text: &str) -> Vec<String> {
    let (mut within, mut all) = (false, Vec::new());
    for line in text.lines().map(str::trim) {
        let told = || line.to_lowercase().contains("alternative");
        if line.starts_with('#') {
            within = told();
            continue;
        }
        within |= line.ends_with(':') && told();
        let entry = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark));
        if let Some(entry) = entry.filter(|_| within) {
            all.extend(marked(entry.trim_start()).map(str::to_owned));
        }
    }
    all
}

/// Names right after words that say so.
fn said(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let lower: Vec<String> = words
        .iter()
        .map(|word| word.trim_matches(|c: char| ".,;:()".contains(c)).to_lowercase())
        .collect();
    let mut all = Vec::new();
    for phrase in AFTER.iter().map(|phrase| phrase.split(' ').collect::<Vec<_>>()) {
        for (at, here) in lower.windows(phrase.len()).enumerate() {
            let turned = |before: usize| lower.get(before).is_some_and(|w| NO.contains(&&**w));
            if !here.iter().eq(&phrase) || at.checked_sub(1).is_some_and(turned) {
                continue;
            }
            let rest = words.iter().zip(&lower).skip(at + phrase.len());
            let mut rest = rest.skip_while(|(_, word)| BETWEEN.contains(&&***word));
            let next = rest.next().and_then(|(word, _)| marked(word));
            all.extend(next.map(|name| (at, name.to_owned())));
        }
    }
    all.sort();
    all.into_iter().map(|(_, name)| name).collect()
}

/// The name at the beginning of a text that marks it: `` `left` ``, `[left](…)`, ``[`left`](…)``.
fn marked(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['(', '*']);
    let name = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.trim_matches('`'),
        None => text.strip_prefix('`')?.split_once('`')?.0,
    };
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    let fine = match name.split_once('/') {
        Some((scope, name)) => plain(scope.trim_start_matches('@')) && plain(name),
        None => plain(name),
    };
    let letters = name.bytes().any(|b| b.is_ascii_alphabetic());
    (fine && letters && name.len() <= 214).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, summary: &str, details: &str) -> Vec<String> {
        let record = serde_json::json!({
            "id": "X-1", "modified": "2026-01-01T00:00:00Z", "summary": summary, "details": details,
            "affected": [{ "package": { "ecosystem": "crates.io", "name": "left_old" } }],
        });
        let text = record.to_string();
        let record = serde_json::from_str(&text).unwrap();
        let kind = if kind == "unmaintained" { Kind::Unmaintained } else { Kind::Vulnerability };
        successors(&record, kind)
    }

    #[test]
    fn what_an_advisory_names_is_told() {
        let list = "Gone.\n\n## Possible Alternative(s)\n\nNobody looked at these:\n";
        for (summary, details, expected) in [
            ("`left_old` is deprecated; use `right` instead", "", &["right"][..]),
            (
                "",
                "## Recommended alternatives\n\n- [`right`](https://a.example)\n- `other`\n",
                &["right", "other"],
            ),
            (
                "",
                "# Alternatives\n * [right-new](https://a.example), a fork\n# More\n - `else`\n",
                &["right-new"],
            ),
            ("", "It is superseded by the main [`right`](https://a.example) crate.", &["right"]),
            ("", "Its author says to migrate over to `right_new`.", &["right_new"]),
            (
                "renamed to `sn_right`",
                "It was renamed from `left-old` to `sn_right`.",
                &["sn_right"],
            ),
            // Not marked, not a name, itself, turned round, no list of alternatives.
            ("left_old is unmaintained, use right instead", "", &[]),
            ("", "Migrate to the [Kit for Everything](https://a.example).", &[]),
            ("", "Do not use `left-old`. Please do not use `worse`.", &[]),
            ("", "It depends on:\n- `a`\n- `b`\n", &[]),
            ("", "fixed in `1.0`; use `1.0`", &[]),
        ] {
            assert_eq!(of("unmaintained", summary, details), expected, "{summary} {details}");
            assert!(of("", summary, details).is_empty());
        }
        assert_eq!(of("unmaintained", "", &format!("{list}- `right`\n")), ["right"]);
    }
}
