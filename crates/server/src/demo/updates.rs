//! Updates of the year: some builds were made of a batch that `trimtab apply` carried out, and say so.

use jiff::{SignedDuration, Timestamp};
use trimtab_charter::preset;
use trimtab_engine::assess::distance;
use trimtab_engine::plan::learn::{Kind, Sort, prior};
use trimtab_report::applied::json::{
    Action, Commit, Document, Estimate, FORMAT, Finding, Move, Request, Run, Tests, VERSION,
};
use trimtab_store::{NewApplied, Org, Scheduled, Store};

use super::chance::Chance;

/// A package that moved: purl without version, from, to.
pub(super) type Moved = (String, String, String);

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Keeps the evidence of a batch that brought a build, with what it removed. Most say afterwards what it took.
pub(super) async fn of_build(
    store: &Store,
    org: Org,
    (asset, moved, gone): (i64, &[Moved], &[i64]),
    chance: &mut Chance,
    at: Timestamp,
) -> Result<(), String> {
    let mut removes = Vec::new();
    for id in gone.iter().take(20) {
        if let Some(is) = store.finding(org, *id).await.map_err(told)? {
            removes.push(finding(&is.vulnerability.1, &is.component.1));
        }
    }
    let hours = chance.between(3, 40);
    let carried = at - SignedDuration::from_hours(hours);
    let batch = format!("sprint-{asset}-{}", carried.strftime("%Y%m%d"));
    let is = document(&batch, carried, moved, removes, Vec::new(), chance);
    let id = add(store, org, asset, is, at).await?;
    if chance.happens(70) {
        let points = chance.between(2, 14) as f64 / 2.0;
        let reverted = chance.happens(8).then_some(at);
        let reason = match reverted {
            Some(_) => {
                "Sign-in at the quay was slow with it, and nobody knew why before the season."
            }
            None => "",
        };
        let said = (Some(points), reverted, reason);
        store.say_of_applied(org, id, said, "trimtab", at).await.map_err(told)?;
    }
    Ok(())
}

/// Keeps the evidence of a batch that waits to be merged: of something that is scheduled. A part of it breaks tests.
pub(super) async fn waiting(
    store: &Store,
    org: Org,
    is: &Scheduled,
    chance: &mut Chance,
    now: Timestamp,
) -> Result<(), String> {
    let (mut removes, mut from) = (Vec::new(), "1.0.0".to_owned());
    for id in is.findings.iter().take(20) {
        if let Some(found) = store.finding(org, *id).await.map_err(told)? {
            if let Some((_, version)) = found.component.1.rsplit_once('@') {
                version.clone_into(&mut from);
            }
            removes.push(finding(&found.vulnerability.1, &found.component.1));
        }
    }
    let moved = [(is.change.package.clone(), from, is.version.clone())];
    let left = vec![Action {
        name: "a2".to_owned(),
        what: "raise jetty to 11.0.20".to_owned(),
        outcome: "breaks".to_owned(),
        why: "with it, 2 tests fail that passed before: quay.SignIn.slow and quay.SignIn.twice"
            .to_owned(),
        estimate: None,
        points: None,
    }];
    let batch = format!("sprint-{}-waits", is.change.asset);
    let document = document(&batch, now, &moved, removes, left, chance);
    add(store, org, is.change.asset, document, now).await.map(|_| ())
}

async fn add(
    store: &Store,
    org: Org,
    asset: i64,
    is: Document,
    now: Timestamp,
) -> Result<i64, String> {
    let at: Timestamp = is.now.parse().map_err(told)?;
    let batch = is.batch.clone();
    let new = NewApplied { asset, batch, at, told: serde_json::to_value(is).map_err(told)? };
    Ok(store.add_applied(org, &new, "trimtab", now).await.map_err(told)?.0)
}

fn finding(vulnerability: &str, package: &str) -> Finding {
    Finding {
        vulnerability: vulnerability.to_owned(),
        package: package.to_owned(),
        level: None,
        deadline: None,
        undated: true,
        exploited: None,
    }
}

/// What is reckoned of a raise.
fn estimate(from: &str, to: &str) -> Estimate {
    let distance = distance(from, to);
    let sort = Sort { kind: Kind::Upgrade, distance, transitive: false };
    let prior = prior(sort, &preset::default().cost);
    Estimate {
        kind: sort.kind.as_str().to_owned(),
        distance: distance.map(|distance| distance.as_str().to_owned()),
        transitive: false,
        least: prior.least,
        most: prior.most,
        confidence: prior.confidence,
        finished: 0,
        reverted: 0,
    }
}

/// The file that has a package, the package manager and the tests of such a project.
fn of_kind(package: &str) -> (&'static str, &'static str, &'static str) {
    match package.split('/').next() {
        Some("pkg:pypi") => ("requirements.txt", "pip", "python -m pytest"),
        Some("pkg:golang") => ("go.mod", "go", "go test ./..."),
        Some("pkg:cargo") => ("Cargo.lock", "cargo", "cargo test"),
        Some("pkg:maven") => ("pom.xml", "maven", "mvn test"),
        _ => ("package-lock.json", "npm", "npm test"),
    }
}

fn document(
    batch: &str,
    at: Timestamp,
    moved: &[Moved],
    removes: Vec<Finding>,
    left: Vec<Action>,
    chance: &mut Chance,
) -> Document {
    let passed = usize::try_from(chance.between(80, 900)).unwrap_or(80);
    let seconds = u64::try_from(chance.between(20, 400)).unwrap_or(20);
    let run = || Run {
        ended: "all passed".to_owned(),
        passed: Some(passed),
        failed: Some(0),
        skipped: Some(3),
        seconds,
        last: Vec::new(),
    };
    let number = u64::try_from(chance.between(20, 900)).unwrap_or(20);
    let mut actions: Vec<Action> = moved
        .iter()
        .map(|(package, from, to)| Action {
            name: "a1".to_owned(),
            what: format!("raise {package} to {to}"),
            outcome: "done".to_owned(),
            why: String::new(),
            estimate: Some(estimate(from, to)),
            points: None,
        })
        .collect();
    let outcome = if left.is_empty() { "applied" } else { "part" };
    let (place, tool, test) = of_kind(moved.first().map_or("", |(package, ..)| package.as_str()));
    actions.extend(left);
    Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        target: "sample".to_owned(),
        now: at.to_string(),
        batch: batch.to_owned(),
        window: "the sprint of that day".to_owned(),
        place: place.to_owned(),
        files: vec![place.to_owned()],
        edits: Vec::new(),
        tool: tool.to_owned(),
        outcome: outcome.to_owned(),
        why: "tests are as before".to_owned(),
        base: "5d1e0c7ab3f4".to_owned(),
        branch: Some(format!("trimtab/{batch}")),
        commits: vec![Commit {
            id: "9f2c4be01d77".to_owned(),
            subject: "Move packages".to_owned(),
        }],
        request: Some(Request {
            number,
            page: format!("https://git.example/harbour/requests/{number}"),
            became: "opened".to_owned(),
        }),
        actions,
        moves: moved
            .iter()
            .map(|(package, from, to)| Move {
                package: package.clone(),
                from: vec![from.clone()],
                to: vec![to.clone()],
            })
            .collect(),
        removes,
        load: None,
        needs: Vec::new(),
        lost: Vec::new(),
        worse: Vec::new(),
        tests: Tests {
            judgement: "unharmed".to_owned(),
            why: "what passed before passes now".to_owned(),
            command: Some(test.to_owned()),
            before: Some(run()),
            after: Some(run()),
            broken: Vec::new(),
            failed_before: Vec::new(),
            mended: Vec::new(),
            gone: Vec::new(),
            wavering: Vec::new(),
            vet: Vec::new(),
            runs: 2,
            confined: vec!["The tests ran without network access.".to_owned()],
        },
        changelogs: Vec::new(),
        why_these: Vec::new(),
        why_now: Vec::new(),
        rollback: vec![format!("trimtab rollback {batch}")],
    }
}
