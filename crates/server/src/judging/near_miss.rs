//! A near miss that is opened out of a refusal.

use serde_json::json;
use trimtab_model::Purl;
use trimtab_store::{Judgement, NewIncident, NewIncidentEvent, Verdict, VerdictSource};

use super::{NAME, find};
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::responding::said::is_named;
use crate::responding::{knows, places};
use crate::state::App;

/// The longest version that is looked for, in characters.
const VERSIONS: usize = 500;
/// The longest title, and the longest text of what is known, in characters.
const TITLE: usize = 200;
const FACTS: usize = 3_500;
/// How many reasons are told in a near miss.
const TOLD: usize = 10;

/// What a near miss is about: a package or vulnerability, and the version.
fn about(is: &Verdict) -> Option<(String, String)> {
    let refusing = || is.is.reasons.iter().filter(|reason| reason.refuses);
    let malicious = refusing()
        .find(|reason| reason.vulnerability.as_ref().is_some_and(|name| name.starts_with("MAL-")));
    let package = refusing()
        .find(|reason| reason.package.is_some() && is.is.source == VerdictSource::CheckNew);
    let named = || refusing().find(|reason| reason.vulnerability.is_some());
    let reason = malicious.or(package).or_else(named)?;
    if let Some(name) = &reason.vulnerability {
        return Some((name.clone(), String::new()));
    }
    let purl: Purl = reason.package.as_ref()?.parse().ok()?;
    Some((purl.package().to_string(), purl.version().unwrap_or_default().to_owned()))
}

/// Whether a near miss can be opened from it: it was refused, for something that has a name, and none was.
pub(crate) fn is_near_miss(is: &Verdict) -> bool {
    is.is.judgement == Judgement::Refused && is.near_miss.is_none() && about(is).is_some()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// What is known of a refusal, in words: what was refused, where, why.
fn facts(is: &Verdict) -> String {
    let what = match (&is.is.source, &is.is.revision) {
        (VerdictSource::CheckNew, Some(package)) => format!("{package} for {}", is.asset_name),
        (_, Some(revision)) => format!("{} at {revision}", is.asset_name),
        (_, None) => is.asset_name.clone(),
    };
    let by = match is.is.source {
        VerdictSource::Push => "The server's answer to an upload",
        VerdictSource::Gate => "The gate",
        VerdictSource::CheckNew => "check-new",
    };
    let mut text = format!("{by} refused {what} at {} (verdict {}).", is.at, is.id);
    let refusing: Vec<_> = is.is.reasons.iter().filter(|reason| reason.refuses).collect();
    for reason in refusing.iter().take(TOLD) {
        let since = match reason.brought {
            Some(true) => ", brought in by the change",
            Some(false) => ", there before the change",
            None => "",
        };
        text += &format!("\n{}: {}{since}.", reason.rule, reason.text.trim_end_matches('.'));
    }
    if refusing.len() > TOLD {
        text += &format!("\nAnd {} more.", refusing.len() - TOLD);
    }
    cut(&text, FACTS)
}

/// What a near miss is called, where nobody says: where it was is in its note, for who is of the team.
pub(crate) fn title(is: &Verdict) -> String {
    let of = about(is).map_or_else(|| is.is.headline.clone(), |(named, _)| named);
    cut(&format!("{of} was refused before it came in"), TITLE)
}

/// What is looked for, as it can be: a version that cannot be understood is left out, for at each look it would fail.
///
/// # Errors
/// It is no name of a package or of a vulnerability.
async fn understood(
    app: &App,
    who: &Who,
    (name, version): (String, String),
) -> Result<(String, String), Problem> {
    let is_line = |text: &str, most: usize| {
        text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    if !is_line(&name, NAME) || !(is_named(&name) || knows(app, who.org, &name).await?) {
        let detail = "What refused it has no name that can be looked for: note it by hand.";
        return Err(Problem::conflict(detail));
    }
    if is_line(&version, VERSIONS)
        && places(app, who.org, (&name, &version), Some(Vec::new())).await.is_ok()
    {
        return Ok((name, version));
    }
    places(app, who.org, (&name, ""), Some(Vec::new())).await?;
    Ok((name, String::new()))
}

/// Opens a near miss out of a refusal, with what is known of it. Returns its id.
///
/// # Errors
/// They may not; nothing was refused, or nothing that has a name; one was opened from it before.
pub(crate) async fn near_miss(app: &App, who: &Who, id: i64, called: &str) -> Result<i64, Problem> {
    let (is, place) = find(app, who, id).await?;
    who.must(Action::Respond, place)?;
    let called = called.trim();
    if called.chars().count() > TITLE || called.chars().any(char::is_control) {
        let detail = format!("`title` must be at most {TITLE} characters, on one line.");
        return Err(Problem::invalid(detail));
    }
    if is.is.judgement != Judgement::Refused {
        return Err(Problem::conflict("Nothing was refused: there is nothing to learn from it."));
    }
    let Some((looked_for, versions)) = about(&is) else {
        let detail =
            "What refused it names no package and no vulnerability: note the near miss by hand.";
        return Err(Problem::conflict(detail));
    };
    let (looked_for, versions) = understood(app, who, (looked_for, versions)).await?;
    let now = app.now();
    let new = NewIncident {
        title: if called.is_empty() { title(&is) } else { called.to_owned() },
        looked_for,
        versions,
        published: None,
        drill: None,
        speed: 1,
        near_miss: true,
    };
    // Who is of the team reads what was refused there.
    let told = json!({ "text": facts(&is), "verdict": is.id });
    let note = NewIncidentEvent { kind: "note".to_owned(), team: place.team, told };
    let systems: Vec<i64> = is.system.into_iter().collect();
    let told = (std::slice::from_ref(&note), systems.as_slice());
    let opened = app.store.open_near_miss(who.org, (&new, is.id), told, &who.actor(), now).await?;
    let again = || Problem::conflict("A near miss was already opened from it.");
    opened.ok_or_else(again)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use trimtab_store::{NewVerdict, VerdictReason};

    use super::*;

    fn reason(rule: &str, vulnerability: Option<&str>, package: Option<&str>) -> VerdictReason {
        VerdictReason {
            rule: rule.to_owned(),
            refuses: true,
            text: "no.".to_owned(),
            vulnerability: vulnerability.map(str::to_owned),
            package: package.map(str::to_owned),
            brought: Some(true),
            ..VerdictReason::default()
        }
    }

    fn verdict(source: VerdictSource, reasons: Vec<VerdictReason>) -> Verdict {
        let at = Timestamp::from_second(0).unwrap();
        Verdict {
            id: 7,
            is: NewVerdict {
                asset: 1,
                source,
                judgement: Judgement::Refused,
                revision: Some("c0ffee".to_owned()),
                branch: None,
                snapshot: None,
                headline: "Fails.".to_owned(),
                charter: String::new(),
                reasons,
            },
            asset_name: "shop".to_owned(),
            system: None,
            reasons: 1,
            at,
            last: at,
            times: 1,
            actor: "token:1".to_owned(),
            answered: None,
            near_miss: None,
            left: None,
        }
    }

    #[test]
    fn a_near_miss_is_about_the_gravest_thing_that_has_a_name() {
        let of = |source, reasons| about(&verdict(source, reasons));
        let licence = || reason("p/licence", None, None);
        let cve = || reason("p/level", Some("CVE-2026-1"), Some("pkg:npm/a@1"));
        let worm = || reason("p/level", Some("MAL-2026-1"), None);
        assert_eq!(of(VerdictSource::Gate, vec![licence()]), None);
        let named = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        let all = vec![licence(), cve(), worm()];
        assert_eq!(of(VerdictSource::Gate, all), named("MAL-2026-1", ""));
        assert_eq!(of(VerdictSource::Push, vec![licence(), cve()]), named("CVE-2026-1", ""));
        let asked = vec![reason("check-new/malicious", None, Some("pkg:npm/lodahs@1.0.0"))];
        assert_eq!(of(VerdictSource::CheckNew, asked), named("pkg:npm/lodahs", "1.0.0"));
        // What only says that data is missing refused nothing.
        let unknown = VerdictReason { refuses: false, ..cve() };
        assert_eq!(of(VerdictSource::Gate, vec![unknown]), None);
    }

    #[test]
    fn what_is_told_is_bounded() {
        let long = VerdictReason { text: "x".repeat(4_000), ..reason("p/r", Some("CVE-1"), None) };
        let is = verdict(VerdictSource::Gate, vec![long; 40]);
        assert!(facts(&is).chars().count() <= FACTS && title(&is).chars().count() <= TITLE);
        let few = verdict(VerdictSource::Gate, vec![reason("p/r", Some("CVE-1"), None); 12]);
        assert!(facts(&few).ends_with("\nAnd 2 more."), "{}", facts(&few));
    }
}
