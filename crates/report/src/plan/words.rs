//! Sentences of a plan on the terminal that are made from its numbers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::json::{Check, Document, Finding, NotJudged, Rhythm, Search, Unread};
use crate::table::{count, range};

/// Files that are named in a sentence.
const NAMED: usize = 3;
/// Of these packages the registry tells whether the project is archived.
const ARCHIVES: &str = "pkg:pypi/";
/// How much of a reason is shown, in characters, if not all is asked for.
const BRIEF: usize = 300;

/// What the plan comes to. Where something could not be read, that is told with it: what is unknown is not nothing.
pub(super) fn headline(plan: &Document) -> String {
    let removed: BTreeSet<&String> = plan.batches.iter().flat_map(|b| &b.removes).collect();
    let load: f64 = plan.batches.iter().map(|b| b.load).sum();
    let all = plan.findings.len();
    let open = count(all, "open finding");
    let says = match (all, plan.batches.len()) {
        (0, _) if plan.unread.is_empty() => "no open findings, nothing to plan".to_owned(),
        (0, _) if plan.read == 0 => {
            return format!(
                "{}: open findings are unknown because {}",
                plan.target,
                unread(&plan.unread)
            );
        }
        (0, _) => "no open findings in what was read".to_owned(),
        (_, 0) => format!("none of {open} can be planned"),
        (_, batches) => {
            let verb = if batches == 1 { "removes" } else { "remove" };
            let batches = match batches {
                1 => "1 batch".to_owned(),
                n => format!("{n} batches"),
            };
            format!(
                "{batches} {verb} {} of {open}, and {} of the load of {}",
                removed.len(),
                share(load, plan.load),
                number(plan.load),
            )
        }
    };
    match plan.unread.is_empty() {
        true => format!("{}: {says}", plan.target),
        false => {
            format!("{}: {says}; there may be more because {}", plan.target, unread(&plan.unread))
        }
    }
}

/// That a window which is running has fewer points left than others have.
pub(super) fn running(rhythm: &Rhythm) -> String {
    match rhythm.windows.first() {
        Some(window) if window.points < rhythm.capacity - 0.05 => {
            format!(", {} left in the running one", number(window.points))
        }
        _ => String::new(),
    }
}

/// How many of the deadlines that pass if nothing is done had passed when the plan was made: no plan helps them.
pub(super) fn passed(plan: &Document) -> String {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    let now = moment(&plan.now);
    let had_passed = |finding: &&Finding| {
        let due = finding.deadline.as_deref().and_then(moment);
        due.zip(now).is_some_and(|(due, now)| due < now)
            && plan.nothing.missed.contains(&finding.name)
    };
    match plan.findings.iter().filter(had_passed).count() {
        0 => String::new(),
        n if n == plan.nothing.missed.len() => " (all had passed before)".to_owned(),
        n => format!(" ({n} had passed before)"),
    }
}

/// What was asked for the plan, and what came of it.
pub(super) fn searched(search: &Search) -> String {
    let ideas = count(search.ideas, "idea");
    match (search.offline, search.tries) {
        (true, _) => format!("{ideas}, none confirmed"),
        (false, 0) if search.ideas > 0 => format!("{ideas}, none could be tried"),
        (false, tries) => {
            format!("{ideas}, {} confirmed in {}", search.confirmed, count(tries, "try"))
        }
    }
}

/// How good the plan is. Where not all ideas are confirmed, that is said of those alone that are.
pub(super) fn best(search: &Search, gap: f64) -> String {
    let is_part = !search.offline && (search.cut_short || search.confirmed < search.ideas);
    match (gap < 0.0005, is_part) {
        (true, false) => "no better plan exists".to_owned(),
        (true, true) => "of what was confirmed, no better plan exists".to_owned(),
        (false, false) => format!("within {:.1} % of the best possible plan", gap * 100.0),
        (false, true) => {
            format!("within {:.1} % of the best plan of what was confirmed", gap * 100.0)
        }
    }
}

/// `2 files could not be read: a, b`.
fn unread(all: &[Unread]) -> String {
    let names: Vec<&str> =
        all.iter().map(|one| one.file.as_str()).filter(|file| !file.is_empty()).collect();
    let Some((first, rest)) = names.split_first() else {
        // Of the folder itself: its message says it.
        return all.first().map_or_else(String::new, |one| one.why.clone());
    };
    let how = match all.iter().all(|one| one.partly) {
        true => "could be read only in part",
        false => "could not be read",
    };
    match rest {
        [] => format!("`{first}` {how}"),
        _ => {
            let shown: Vec<String> = names.iter().take(NAMED).map(|n| format!("`{n}`")).collect();
            let more = match names.len().saturating_sub(NAMED) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("{} {how}: {}{more}", count(names.len(), "file"), shown.join(", "))
        }
    }
}

/// What could not be assessed, and of what only single advisories could not be compared.
pub(super) fn not_judged(plan: &Document) -> Vec<String> {
    let counted: BTreeSet<&str> = plan.findings.iter().map(|f| f.package.as_str()).collect();
    unjudged(&plan.not_judged, &counted)
}

/// `counted`: components that have findings all the same.
fn unjudged(all: &[NotJudged], counted: &BTreeSet<&str>) -> Vec<String> {
    let is_partly = |not: &&NotJudged| {
        not.reason == "incomparable-range" || counted.contains(not.package.as_str())
    };
    let (partly, whole): (Vec<&NotJudged>, Vec<&NotJudged>) = all.iter().partition(is_partly);
    let more = |rest: usize| match rest {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let mut told = Vec::new();
    if let [first, rest @ ..] = &whole[..] {
        told.push(format!(
            "{} could not be assessed and {} not counted here: {} ({}){}.",
            count(whole.len(), "component"),
            if rest.is_empty() { "is" } else { "are" },
            first.package,
            first.reason,
            more(rest.len()),
        ));
    }
    if let [first, rest @ ..] = &partly[..] {
        let of = partly.iter().map(|not| not.advisories.len()).sum::<usize>();
        let names: Vec<&str> = first.advisories.iter().take(NAMED).map(String::as_str).collect();
        let beyond = first.advisories.len().saturating_sub(names.len());
        let names = match names.is_empty() {
            true => String::new(),
            false => format!(" ({}{})", names.join(", "), more(beyond)),
        };
        let (whose, its) = match rest.is_empty() {
            true => ("the version of".to_owned(), "its"),
            false => (format!("the versions of {}:", count(partly.len(), "component")), "their"),
        };
        told.push(format!(
            "{} could not be compared with {whose} {}{names}{}; {its} other findings are counted.",
            count(of, "advisory"),
            first.package,
            more(rest.len()),
        ));
    }
    told
}

/// `3.5 to 9 pt, planned as 12.4`: the range, and the points that are reckoned with where they are none of its ends.
pub(super) fn points(least: f64, most: f64, reckoned: f64) -> String {
    let all = format!("{} pt", range(least, most));
    let is_one = (most - least).abs() < 0.005 && (reckoned - least).abs() < 0.05;
    // A plan of an older build does not tell them.
    match is_one || reckoned <= 0.0 {
        true => all,
        false => format!("{all}, planned as {}", number(reckoned)),
    }
}

/// What is unknown of what comes in, by how many: `unknown for 4: age, licence; for 1: name`. What no registry of an ecosystem
/// ever tells is not told of each.
pub(super) fn unknown<'c>(checks: impl Iterator<Item = &'c Check>) -> Option<String> {
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    for check in checks {
        let rules: BTreeSet<&str> =
            check.reasons.iter().filter(|r| r.unknown).map(|r| r.rule.as_str()).collect();
        let is_told = |rule: &&str| *rule != "archived" || check.package.starts_with(ARCHIVES);
        let rules: BTreeSet<&str> = rules
            .into_iter()
            .filter(is_told)
            .map(|rule| if rule == "brings" { "dependencies" } else { rule })
            .collect();
        for rule in rules {
            *of.entry(rule).or_default() += 1;
        }
    }
    let mut by: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (rule, n) in of {
        by.entry(n).or_default().push(rule);
    }
    let told = by.iter().rev().map(|(n, rules)| format!("for {n}: {}", rules.join(", ")));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("unknown {}", told.join("; ")))
}

/// A reason without its end where it is long, cut between words.
pub(super) fn brief(text: &str, ascii: bool) -> String {
    let Some((most, _)) = text.char_indices().nth(BRIEF) else { return text.to_owned() };
    let front = text.get(..most).unwrap_or(text);
    // A word that ends right there stays.
    let ends = text.get(most..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    let at =
        if ends { front.len() } else { front.rfind(char::is_whitespace).unwrap_or(front.len()) };
    let front = front.get(..at).unwrap_or(front);
    let front = front.trim_end_matches(|c: char| c.is_whitespace() || ",;:".contains(c));
    format!("{front} {} (all of it with --verbose)", if ascii { "..." } else { "…" })
}

/// No more figures than mean something.
pub(super) fn number(value: f64) -> String {
    let rounded = if value.abs() >= 100.0 { value.round() } else { (value * 10.0).round() / 10.0 };
    range(rounded, rounded)
}

fn share(part: f64, whole: f64) -> String {
    match whole > 0.0 {
        true => format!("{:.0} %", (part / whole * 100.0).clamp(0.0, 100.0)),
        false => "0 %".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::json::Reason;

    #[test]
    fn reckoned_points_stand_beside_the_range() {
        assert_eq!(points(3.5, 9.0, 12.42), "3.5 to 9 pt, planned as 12.4");
        assert_eq!(points(2.0, 2.0, 2.0), "2 pt");
        assert_eq!(points(2.0, 2.0, 3.2), "2 pt, planned as 3.2");
        assert_eq!(points(2.0, 5.0, 0.0), "2 to 5 pt");
    }

    #[test]
    fn a_running_window_tells_what_is_left_of_it() {
        let rhythm = |points: f64| -> Rhythm {
            serde_json::from_value(serde_json::json!({
                "team": "web", "cadence": "week", "capacity": 10.0, "days_per_point": 1.0,
                "assumed": [], "horizon": "", "time_zone": null,
                "windows": [{ "name": "", "start": "", "end": "", "points": points, "least": "low" }],
            }))
            .unwrap()
        };
        assert_eq!(running(&rhythm(4.0)), ", 4 left in the running one");
        assert_eq!(running(&rhythm(10.0)), "");
    }

    #[test]
    fn what_is_unknown_is_named_and_counted() {
        let check = |rules: &[&str]| Check {
            package: "pkg:npm/a@1".to_owned(),
            published: None,
            age_days: None,
            licence: None,
            verdict: "unknown".to_owned(),
            reasons: rules
                .iter()
                .map(|rule| Reason {
                    rule: (*rule).to_owned(),
                    verdict: "unknown".to_owned(),
                    found: String::new(),
                    unknown: *rule != "name",
                })
                .collect(),
        };
        let all = [check(&["licence", "age"]), check(&["age", "licence", "brings"]), check(&[])];
        let told = unknown(all.iter()).unwrap();
        assert_eq!(told, "unknown for 2: age, licence; for 1: dependencies");
        assert_eq!(unknown([check(&["name"])].iter()), None);
        // No registry of npm's tells it.
        assert_eq!(unknown([check(&["archived"])].iter()), None);
        let python = Check { package: "pkg:pypi/a@1".to_owned(), ..check(&["archived"]) };
        assert_eq!(unknown([python].iter()).as_deref(), Some("unknown for 1: archived"));
    }

    #[test]
    fn what_one_advisory_cannot_be_compared_with_is_counted() {
        let not = |package: &str, reason: &str, advisories: &[&str]| NotJudged {
            package: package.to_owned(),
            reason: reason.to_owned(),
            advisories: advisories.iter().map(|id| (*id).to_owned()).collect(),
        };
        let one = not("pkg:pypi/left@1", "incomparable-range", &["X-1"]);
        let none = not("pkg:pypi/right", "no-version", &["X-2", "X-3"]);
        let told =
            |all: &[NotJudged], counted: &[&str]| unjudged(all, &counted.iter().copied().collect());
        let partly = "1 advisory could not be compared with the version of pkg:pypi/left@1 (X-1); \
                      its other findings are counted.";
        let whole = "1 component could not be assessed and is not counted here: pkg:pypi/right (no-version).";
        assert_eq!(told(&[one.clone(), none.clone()], &[]), [whole, partly]);
        // What is known without its version counts too.
        assert_eq!(
            told(&[one, none], &["pkg:pypi/right"]),
            [
                "3 advisories could not be compared with the versions of 2 components: pkg:pypi/left@1 \
              (X-1), and 1 more; their other findings are counted."
            ]
        );
        assert!(told(&[], &[]).is_empty());
    }

    #[test]
    fn what_nobody_tried_is_not_told_as_the_best() {
        let search = |confirmed, tries, cut_short| Search {
            offline: false,
            ideas: 8,
            confirmed,
            tries,
            cut_short,
        };
        let told = |of: &Search, gap| (searched(of), best(of, gap));
        let (asked, all) = told(&search(8, 16, false), 0.0);
        assert_eq!((&*asked, &*all), ("8 ideas, 8 confirmed in 16 tries", "no better plan exists"));
        let part = "of what was confirmed, no better plan exists";
        assert_eq!(told(&search(6, 16, false), 0.0).1, part);
        assert_eq!(told(&search(8, 16, true), 0.0).1, part);
        let near = "within 1.0 % of the best plan of what was confirmed";
        assert_eq!(told(&search(6, 16, true), 0.01).1, near);
        assert_eq!(searched(&search(0, 0, false)), "8 ideas, none could be tried");
        let offline = Search { offline: true, ..search(0, 0, false) };
        let (asked, all) = told(&offline, 0.01);
        assert_eq!(asked, "8 ideas, none confirmed");
        assert_eq!(all, "within 1.0 % of the best possible plan");
    }

    #[test]
    fn a_long_reason_is_cut_between_words() {
        let text = "npm error could not resolve dependency, ".repeat(20);
        let text = text.trim();
        let told = brief(text, false);
        let front = told.strip_suffix(" … (all of it with --verbose)").unwrap();
        assert!(front.chars().count() <= BRIEF && front.chars().count() > BRIEF - 15, "{front}");
        let whole: Vec<&str> = text.split([' ', ',']).collect();
        let last = front.rsplit(' ').next().unwrap();
        assert!(text.starts_with(front) && whole.contains(&last), "{last:?} is no whole word");
        assert_eq!(brief("short, and whole", false), "short, and whole");
        let word = "é".repeat(400);
        assert!(brief(&word, true).starts_with(&"é".repeat(BRIEF)), "one word has no boundary");
    }
}
