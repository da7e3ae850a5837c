//! Verdicts of the gate that the server keeps: what it answered to who waited, what `trimtab gate` and `check-new` said
//! and somebody sent, and a near miss that is opened out of a refusal.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Purl;
use trimtab_model::charter::{Charter, Term};
use trimtab_report::gate::json as gate;
use trimtab_report::selection::json as selection;
use trimtab_store::{
    Asset, FindingFilter, FindingOrder, FindingState, Judgement, NewIncident, NewIncidentEvent,
    NewVerdict, Verdict, VerdictReason, VerdictSource,
};

use crate::access::{Action, On, Who};
use crate::api::on;
use crate::confirming;
use crate::problem::Problem;
use crate::responding::said::is_named;
use crate::responding::{knows, places};
use crate::state::App;

/// After so many days without anything a branch is left, where the charter has no deadline in days; at least, and at most.
const USUAL: i64 = 30;
/// See there.
const SHORTEST: i64 = 14;
/// See there.
const LONGEST: i64 = 90;

/// The most judgements in one document of `check-new`: one a line.
const PACKAGES: usize = 50;
/// The most reasons of one judgement.
const REASONS: usize = 2_000;
/// The longest name and version that are looked for, in characters.
const NAME: usize = 1_000;
const VERSIONS: usize = 500;
/// Of how many vulnerabilities the finding here is looked up.
const NAMED: usize = 100;
/// The longest title, and the longest text of what is known, in characters.
const TITLE: usize = 200;
const FACTS: usize = 3_500;
/// How many reasons are told in a near miss.
const TOLD: usize = 10;

/// Where a verdict was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) revision: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) snapshot: Option<i64>,
}

/// Reads what `trimtab gate` or `trimtab check-new` wrote as JSON.
///
/// # Errors
/// In words, what it is not.
pub(crate) fn read(bytes: &[u8], asset: i64, change: &Change) -> Result<Vec<NewVerdict>, Problem> {
    let mut all = Vec::new();
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        let wrong = |e| Problem::invalid(format!("Not valid JSON: {e}."));
        let document = document.map_err(wrong)?;
        if all.len() >= PACKAGES {
            let detail = format!("It has more than {PACKAGES} judgements: send them in parts.");
            return Err(Problem::invalid(detail));
        }
        let format = document["format"].as_str().unwrap_or_default().to_owned();
        let text = document.to_string();
        all.push(match format.as_str() {
            selection::FORMAT => of_selection(
                &confirming::read(text.as_bytes(), selection::FORMAT, selection::VERSION)?,
                asset,
                change,
            )?,
            _ => of_gate(
                confirming::read(text.as_bytes(), gate::FORMAT, gate::VERSION)?,
                asset,
                change,
            )?,
        });
    }
    if all.is_empty() {
        return Err(Problem::invalid(
            "The body is empty: send the output of `trimtab gate --format json`.",
        ));
    }
    Ok(all)
}

fn few(reasons: usize) -> Result<(), Problem> {
    match reasons > REASONS {
        true => Err(Problem::invalid(format!("It has more than {REASONS} reasons."))),
        false => Ok(()),
    }
}

fn of_gate(is: gate::Document, asset: i64, change: &Change) -> Result<NewVerdict, Problem> {
    few(is.verdicts.len())?;
    let judgement = match is.outcome.as_str() {
        "pass" => Judgement::Passed,
        "fail" => Judgement::Refused,
        "not yet known" => Judgement::Unknown,
        _ => return Err(Problem::invalid("`outcome` must be pass, fail or not yet known.")),
    };
    let counts = |effect: &str| is.verdicts.iter().any(|verdict| verdict.effect == effect);
    if counts("deny") != (judgement == Judgement::Refused) {
        let detail = "`outcome` and `verdicts` disagree: a gate fails where a rule denies.";
        return Err(Problem::invalid(detail));
    }
    let mut reasons: Vec<VerdictReason> = is
        .verdicts
        .iter()
        .filter(|verdict| matches!(verdict.effect.as_str(), "deny" | "unknown"))
        .map(|verdict| VerdictReason {
            rule: format!("{}/{}", verdict.policy, verdict.rule),
            refuses: verdict.effect == "deny",
            text: verdict.message.clone(),
            next: verdict.next_step.clone(),
            vulnerability: verdict.finding.clone().filter(|name| !name.is_empty()),
            package: None,
            level: verdict.level.clone(),
            finding: None,
            brought: verdict.new,
        })
        .collect();
    reasons.sort_by_key(|reason| !reason.refuses);
    Ok(NewVerdict {
        asset,
        source: VerdictSource::Gate,
        judgement,
        revision: change.revision.clone(),
        branch: change.branch.clone(),
        snapshot: change.snapshot,
        headline: is.headline,
        charter: is.charter,
        reasons,
    })
}

fn of_selection(
    is: &selection::Document,
    asset: i64,
    change: &Change,
) -> Result<NewVerdict, Problem> {
    few(is.reasons.len())?;
    let judgement = match is.verdict.as_str() {
        "allow" | "warn" => Judgement::Passed,
        "deny" => Judgement::Refused,
        "unknown" => Judgement::Unknown,
        _ => return Err(Problem::invalid("`verdict` must be allow, warn, unknown or deny.")),
    };
    if is.package.chars().count() > NAME || is.package.parse::<Purl>().is_err() {
        return Err(Problem::invalid("`package` must be a purl such as pkg:npm/lodash@4.17.21."));
    }
    let mut reasons: Vec<VerdictReason> = is
        .reasons
        .iter()
        .filter(|reason| matches!(reason.verdict.as_str(), "deny" | "unknown"))
        .map(|reason| VerdictReason {
            rule: format!("check-new/{}", reason.rule),
            refuses: reason.verdict == "deny",
            text: reason.found.clone(),
            package: Some(is.package.clone()),
            brought: Some(true),
            ..VerdictReason::default()
        })
        .collect();
    reasons.sort_by_key(|reason| !reason.refuses);
    let may = match judgement {
        Judgement::Passed => "may be added",
        Judgement::Refused => "may not be added",
        Judgement::Unknown => "is not known well enough to be added",
    };
    Ok(NewVerdict {
        asset,
        source: VerdictSource::CheckNew,
        judgement,
        revision: Some(is.package.clone()),
        branch: change.branch.clone(),
        snapshot: None,
        headline: format!("{} {may}.", is.package),
        charter: String::new(),
        reasons,
    })
}

/// Keeps verdicts of an asset, with the findings here that they are about. Returns the id of each, and whether it is new.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn keep(
    app: &App,
    who: &Who,
    all: &mut [NewVerdict],
    (made, now): (Timestamp, Timestamp),
) -> Result<Vec<(i64, bool)>, Problem> {
    let mut kept = Vec::with_capacity(all.len());
    for new in all {
        place(app, who, new).await?;
        let actor = who.actor();
        kept.push(app.store.add_verdict_made(who.org, new, &actor, (made, now)).await?);
    }
    Ok(kept)
}

/// How long nothing may come on a branch before it is left: as long as the longest deadline of the charter that is a number
/// of days, 14 days at least and 90 at most.
pub(crate) fn patience(charter: &Charter) -> SignedDuration {
    let sprint = charter.calendar.sprint.map_or(0, |(_, days)| i64::from(days));
    let days = |term: &Term| match term {
        Term::Hours(hours) => i64::from(hours.div_ceil(24)),
        Term::Days(days) => i64::from(*days),
        Term::WorkingDays(days) => i64::from(days.saturating_mul(7).div_ceil(5)),
        Term::Sprints(count) => i64::from(*count).saturating_mul(sprint),
        Term::Catalogue | Term::Opportunistic => 0,
    };
    let all = charter.deadlines.terms.iter().flat_map(|(_, terms)| terms.iter().map(days));
    let longest = all.max().filter(|days| *days > 0).unwrap_or(USUAL);
    SignedDuration::from_hours(24 * longest.clamp(SHORTEST, LONGEST))
}

/// Says which findings here the reasons are about, where it is one alone.
async fn place(app: &App, who: &Who, new: &mut NewVerdict) -> Result<(), Problem> {
    let asset = new.asset;
    let named = new.reasons.iter_mut().filter(|is| is.finding.is_none());
    for reason in named.take(NAMED) {
        let Some(name) = &reason.vulnerability else { continue };
        let Some((id, _)) = app.store.vulnerability_of(who.org, name).await? else { continue };
        let filter = FindingFilter {
            asset: Some(asset),
            vulnerability: Some(id),
            states: vec![FindingState::Open, FindingState::Merged],
            ..FindingFilter::default()
        };
        let page = app.store.findings(who.org, &filter, FindingOrder::Level, None, 2).await?;
        if let [one] = page.rows.as_slice() {
            reason.finding = Some(one.id);
            reason.package = Some(one.component.1.clone());
        }
    }
    Ok(())
}

/// Keeps what the server itself answered to who waited.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn answered(
    app: &App,
    who: &Who,
    asset: &Asset,
    change: &Change,
    (judgement, headline, reasons): (Judgement, String, Vec<VerdictReason>),
) -> Result<(), Problem> {
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let charter = &agreed.charter;
    let new = NewVerdict {
        asset: asset.id,
        source: VerdictSource::Push,
        judgement,
        revision: change.revision.clone(),
        branch: change.branch.clone(),
        snapshot: change.snapshot,
        headline,
        charter: format!("{} {}", charter.name, charter.version),
        reasons,
    };
    app.store.add_verdict(who.org, &new, &who.actor(), now).await?;
    Ok(())
}

/// A verdict that they may see, and where its asset is.
///
/// # Errors
/// There is none, or they may not see it: the answer is the same.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<(Verdict, On), Problem> {
    let missing = || Problem::not_found("verdict");
    if !who.may_somewhere(Action::View) {
        return Err(missing());
    }
    let is = app.store.verdict(who.org, id).await?.ok_or_else(missing)?;
    let place = on(&app.store, who.org, is.system).await?;
    if who.may(Action::View, place) { Ok((is, place)) } else { Err(missing()) }
}

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
    fn a_branch_is_left_after_the_longest_deadline_of_the_charter() {
        let days = |charter: &Charter| patience(charter).as_hours() / 24;
        let mut charter = trimtab_charter::preset::default();
        let mut of = |terms: [Term; 4]| {
            charter.deadlines.terms = vec![(None, terms)];
            days(&charter)
        };
        let none = Term::Opportunistic;
        assert_eq!(of([none, none, none, Term::Hours(48)]), 14, "not at once");
        assert_eq!(of([Term::Days(60), none, none, Term::Days(3)]), 60);
        assert_eq!(of([Term::WorkingDays(20), none, none, none]), 28);
        assert_eq!(of([Term::Days(365), none, none, none]), 90);
        assert_eq!(of([none, Term::Catalogue, none, none]), 30);
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

    #[test]
    fn a_gate_that_contradicts_itself_is_not_believed() {
        let verdict = |effect: &str| {
            json!({ "effect": effect, "policy": "p", "rule": "r", "message": "m",
                "next_step": "n", "finding": "CVE-2026-1", "fingerprint": "f" })
        };
        let document = |outcome: &str, effects: &[&str]| {
            let verdicts: Vec<Value> = effects.iter().map(|e| verdict(e)).collect();
            json!({ "format": "trimtab-gate", "version": 1, "tool": { "name": "trimtab",
                "version": "0" }, "target": "shop", "outcome": outcome, "headline": "h",
                "complete": true, "charter": "c 1", "policies": [], "summary": { "denied": 0,
                "unknown": 0, "warned": 0, "findings": 0, "accepted": 0 }, "verdicts": verdicts })
            .to_string()
        };
        let read = |outcome: &str, effects: &[&str]| {
            let all = read(document(outcome, effects).as_bytes(), 1, &Change::default());
            all.map(|all| (all[0].judgement, all[0].reasons.len()))
        };
        assert_eq!(read("pass", &["warn"]).unwrap(), (Judgement::Passed, 0));
        assert_eq!(read("fail", &["unknown", "deny"]).unwrap(), (Judgement::Refused, 2));
        assert_eq!(read("not yet known", &["unknown"]).unwrap(), (Judgement::Unknown, 1));
        for (outcome, effects) in
            [("pass", &["deny"][..]), ("fail", &["warn"]), ("not yet known", &["deny"]), ("", &[])]
        {
            assert_eq!(read(outcome, effects).unwrap_err().status, 422, "{outcome}");
        }
    }
}
