//! Who stands in the way, by what pnpm writes.

use super::super::refusal::Blocker;

/// `No matching version found for left@>=9`, and whoever asks: `This error happened while
/// installing the dependencies of right@1.0.0`.
pub(super) fn blockers(text: &str) -> Vec<Blocker> {
    let after = |words: &str| text.lines().find_map(|l| Some(l.split_once(words)?.1.trim()));
    let Some(wanted) = after("No matching version found for ") else { return Vec::new() };
    let wanted = wanted.split_whitespace().next().unwrap_or_default();
    let Some((needs, range)) = wanted.rsplit_once('@').filter(|(name, _)| !name.is_empty()) else {
        return Vec::new();
    };
    let who = after("installing the dependencies of ").unwrap_or("the project");
    vec![Blocker { who: who.to_owned(), needs: needs.to_owned(), range: range.to_owned() }]
}

/// `├─┬ left 2.0.0`, and below it `│ └── ✕ unmet peer right@"<3": found 3.0.0`.
pub(super) fn peers(text: &str) -> Vec<Blocker> {
    let mut who = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start_matches(|c: char| " │├└─┬".contains(c)).trim();
        if let Some(rest) = bare.strip_prefix("✕ unmet peer ") {
            let what = rest.split(": found").next().unwrap_or(rest);
            let at = what.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
            let (needs, range) = what.split_at(at.unwrap_or(what.len()));
            found.push(Blocker {
                who: who.clone(),
                needs: needs.to_owned(),
                range: range.trim_start_matches('@').trim_matches('"').to_owned(),
            });
        } else if line.contains("─┬ ") {
            who = bare.replacen(' ', "@", 1);
        }
    }
    found
}
