//! Requests from the first to the last: a real repository behind a git host on this machine, batches carried out by npm,
//! and people who merge, close, label, push and revert. Without npm, or its registry, it is skipped, and says so; on a real
//! Gitea where `cargo xtask gitea` built one.
#![cfg(unix)]
use std::fs;

use crate::batches::{INHERITS, MS, git};
use crate::host::Team;
use serde_json::{Value, json};
use trimtab_testkit::git_host::Fault;

const BRANCH: &str = "trimtab/week-48";

/// What is decided, as `#number batch what`.
fn steps(told: &Value) -> Vec<String> {
    let steps = told["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    steps
        .map(|s| {
            let number = s["number"].as_u64().map_or("-".to_owned(), |n| format!("#{n}"));
            format!("{number} {} {}", text(&s["batch"]), text(&s["what"]))
        })
        .collect()
}

fn whole_life(team: Option<Team>) {
    let Some(team) = team else { return };
    let kind = team.kind();
    let both: &[(&str, &[crate::batches::Act])] = &[("week-48", &[MS]), ("week-49", &[INHERITS])];
    team.plan(both, Some(1));

    // Looking changes nothing.
    let told = team.requests(&[]);
    assert_eq!(steps(&told), ["- week-48 open", "- week-49 wait"], "{told:#}");
    assert_eq!(
        (&told["open"], &told["limit"], &told["host"]),
        (&json!(0), &json!(1), &json!(kind))
    );
    assert!(team.asked_for().is_empty());
    // As with a variable of a pipeline that is not set.
    let (code, _, err) = team.says(&["requests", "--base", ""]);
    assert!(code != Some(0) && err.contains("the branch to change has no name"), "{err}");

    // Opened, once; a second one is more than the team allows.
    let checkout = team.case.state();
    let told = team.apply("week-48", &[]);
    if crate::batches::is_away(&told) {
        return;
    }
    assert!(told["request"]["became"].as_str().unwrap().starts_with("opened"), "{told:#}");
    let number = told["request"]["number"].as_u64().unwrap();
    let (code, _, err) = team.says(&["apply", "week-49", "--request", "--test", "none"]);
    assert!(code == Some(3) && err.contains("1 are open, the most that the team allows"), "{err}");
    assert_eq!(team.asked_for().len(), 1);
    assert_eq!(team.asked_for()[0].base, "main");
    assert_eq!(team.tip(BRANCH), told["commits"][0]["id"].as_str().unwrap());
    let body = team.asked_for()[0].body.clone();
    for part in [
        "[//]: # (trimtab-request 1 batch=week-48",
        "## Removed findings",
        "## Tests",
        "trimtab rollback week-48",
    ] {
        assert!(body.contains(part), "`{part}` is not in\n{body}");
    }

    // Applied again: the same one.
    let told = team.apply("week-48", &[]);
    assert_eq!(told["request"]["number"], number);
    assert_eq!(steps(&team.requests(&[]))[0], format!("#{number} week-48 keep"));
    assert_eq!(team.asked_for().len(), 1);

    // The base moves: built anew on it.
    team.push_to("main", "README.md", "Read me\n", "Write a page");
    assert_eq!(steps(&team.requests(&[]))[0], format!("#{number} week-48 rebase"));
    let told = team.requests(&["--sync", "--test", "none"]);
    assert_eq!(steps(&told)[0], format!("#{number} week-48 rebase"));
    assert_eq!(told["steps"][0]["became"], format!("#{number}: updated"), "{told:#}");
    assert_eq!(team.bare(&["rev-parse", &format!("{BRANCH}~1")]), team.tip("main"));
    assert_eq!(
        steps(&team.requests(&["--sync", "--test", "none"]))[0],
        format!("#{number} week-48 keep")
    );
    assert_eq!(team.case.state(), checkout, "the checkout is as it was");

    // The plan changes: updated in place.
    team.plan(&[("week-48", &[MS, INHERITS])], Some(1));
    assert_eq!(steps(&team.requests(&[])), [format!("#{number} week-48 update")]);
    team.requests(&["--sync", "--test", "none"]);
    assert!(team.asked_for()[0].body.contains("inherits"), "{}", team.asked_for()[0].body);
    assert_eq!(steps(&team.requests(&[])), [format!("#{number} week-48 keep")]);

    // What people approved is what they saw: with other content it is approved no longer, and not merged.
    team.label(number, "trimtab:approve");
    team.plan(&[("week-48", &[INHERITS])], Some(1));
    let told = team.requests(&["--sync", "--merge", "--test", "none"]);
    assert_eq!(steps(&told)[0], format!("#{number} week-48 update"), "{told:#}");
    let told = team.requests(&["--sync", "--merge", "--test", "none"]);
    assert_eq!(steps(&told)[0], format!("#{number} week-48 keep"), "{told:#}");
    team.plan(&[("week-48", &[MS, INHERITS])], Some(1));
    team.requests(&["--sync", "--test", "none"]);

    // Somebody works on it: left, whatever moves.
    let ours = team.tip(BRANCH);
    let theirs = team.push_to(BRANCH, "mended.txt", "mended\n", "Mend what broke");
    team.push_to("main", "README.md", "Read me, please\n", "Ask");
    let told = team.requests(&["--sync", "--test", "none"]);
    assert_eq!(steps(&told), [format!("#{number} week-48 leave")]);
    assert!(told["steps"][0]["why"].as_str().unwrap().contains(&theirs), "{told:#}");
    team.update();
    let told = team.apply("week-48", &[]);
    assert!(told["request"]["became"].as_str().unwrap().contains("somebody else"), "{told:#}");
    assert_eq!(team.tip(BRANCH), theirs);
    team.reset(BRANCH, &ours);

    // Held: not even its branch moves. Then approved: merged as it was tested, and not without being asked to.
    team.label(number, "trimtab:hold");
    assert_eq!(
        steps(&team.requests(&["--sync", "--test", "none"])),
        [format!("#{number} week-48 leave")]
    );
    let told = team.apply("week-48", &[]);
    assert_eq!(told["request"]["became"], "left as it is: on hold");
    assert_eq!(team.tip(BRANCH), ours);
    team.label(number, "trimtab:approve");
    assert_eq!(
        steps(&team.requests(&["--sync", "--test", "none"])),
        [format!("#{number} week-48 keep")]
    );
    let told = team.requests(&["--sync", "--merge", "--test", "none"]);
    assert_eq!(told["steps"][0]["became"], "merged", "{told:#}");
    assert_eq!(team.bare(&["rev-parse", "main^2"]), ours);

    // Merged: what it promised is looked up on the base.
    let told = team.requests(&[]);
    assert_eq!(steps(&told), ["- week-48 wait".to_owned(), format!("#{number} week-48 done")]);
    assert!(told["steps"][1]["why"].as_str().unwrap().contains("findings are gone from the base"));
    let (_, out, _) = team.says(&["requests"]);
    assert!(out.contains("0 requests of at most 1 open, for main at"), "{out}");

    // Taken back: told, and not asked for again before people say so.
    let merge = team.tip("main");
    let revert = team.in_clone("main", &["revert", "--no-edit", "-m", "1", &merge]);
    let told = team.requests(&["--sync", "--open", "--test", "none"]);
    assert_eq!(
        steps(&told),
        ["- week-48 reverted".to_owned(), format!("#{number} week-48 reverted")]
    );
    assert!(told["steps"][0]["why"].as_str().unwrap().contains(&revert), "{told:#}");
    team.update();
    let told = team.apply("week-48", &[]);
    assert!(told["request"]["became"].as_str().unwrap().contains("--again"), "{told:#}");
    assert_eq!(team.asked_for().len(), 1);
    let told = team.apply("week-48", &["--again"]);
    let second = told["request"]["number"].as_u64().unwrap();
    assert_eq!((second, team.asked_for().len()), (number + 1, 2));

    // Not wanted: closed, and not opened again.
    team.label(second, "trimtab:skip");
    let tip = team.tip(BRANCH);
    let told = team.requests(&["--sync", "--open", "--test", "none"]);
    assert_eq!(told["steps"][0]["became"], "closed, and its branch removed", "{told:#}");
    assert_eq!(team.bare(&["branch", "--list", BRANCH]), "");
    assert_eq!(team.asked_for()[1].state, "closed");
    let told = team.requests(&["--sync", "--open", "--test", "none"]);
    assert_eq!(steps(&told)[0], "- week-48 not-wanted");
    assert_eq!((team.asked_for().len(), team.most_open().unwrap_or(1)), (2, 1));
    // The next plan knows of it: what the branch has does not wait there.
    let plans = team.case.folder.path().join("data/trimtab/plans");
    let kept = fs::read_dir(plans).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept
        .filter(|path| path.is_file())
        .find(|path| path.to_string_lossy().ends_with(".closed.json"));
    let kept = fs::read_to_string(kept.unwrap()).unwrap();
    assert!(kept.contains("closed by hand") && kept.contains(&tip), "{kept}");
    let schema = trimtab_report::requests::json::schema();
    jsonschema::validate(&schema, &told).unwrap();
}

#[test]
fn on_github() {
    whole_life(Team::begin("github"));
}

#[test]
fn on_gitlab() {
    whole_life(Team::begin("gitlab"));
}

#[test]
fn on_gitea() {
    whole_life(Team::begin("gitea"));
}

#[test]
fn on_a_real_gitea() {
    whole_life(Team::on_real_gitea("life"));
}

#[test]
fn what_another_has_is_superseded_and_what_is_gone_is_closed() {
    superseded(Team::begin("gitea"));
}

#[test]
fn what_another_has_is_superseded_on_a_real_gitea() {
    superseded(Team::on_real_gitea("superseded"));
}

fn superseded(team: Option<Team>) {
    let Some(team) = team else { return };
    team.plan(&[("week-48", &[MS])], Some(1));
    let told = team.requests(&["--sync", "--open", "--test", "none"]);
    if told["steps"][0]["became"].as_str().unwrap().contains("failed") {
        eprintln!("SKIPPED: a registry did not answer: {told:#}");
        return;
    }
    assert!(told["steps"][0]["became"].as_str().unwrap().contains("opened"), "{told:#}");
    let first = team.asked_for()[0].number;
    let next = first + 1;
    // The next plan has all of it in another batch.
    team.plan(&[("week-49", &[MS, INHERITS])], Some(1));
    let expected = [format!("#{first} week-48 supersede"), "- week-49 open".to_owned()];
    assert_eq!(steps(&team.requests(&[])), expected);
    // Without leave to open, what is there stays.
    team.requests(&["--sync", "--test", "none"]);
    assert_eq!(team.asked_for()[0].state, "open");
    team.requests(&["--sync", "--open", "--test", "none"]);
    {
        let all = team.asked_for();
        let states: Vec<_> = all.iter().map(|r| (r.branch.clone(), r.state)).collect();
        let expected = [(BRANCH.to_owned(), "closed"), ("trimtab/week-49".to_owned(), "open")];
        assert_eq!(states, expected);
        assert_eq!(team.most_open().unwrap_or(1), 1);
        assert_eq!(all[0].said.len(), 1);
        assert!(all[0].said[0].contains("`week-49`"), "{:?}", all[0].said);
    }
    // Somebody mends it on the base. The answer to closing gets lost: the next run does what is left, and says it once.
    team.in_clone("main", &["merge", "--squash", "-q", "origin/trimtab/week-49"]);
    if team.most_open().is_some() {
        team.host().faults.push(("PATCH", Fault::DoneAndLost));
        let (code, out, err) = team.says(&["requests", "--sync", "--format", "json"]);
        assert_eq!(code, Some(3), "{err}");
        assert!(out.contains("failed: "), "{out}");
    }
    let told = team.requests(&["--sync"]);
    assert_eq!(steps(&told)[0], format!("#{next} week-49 obsolete"), "{told:#}");
    assert_eq!(team.asked_for()[1].state, "closed");
    let told = team.requests(&["--sync", "--open", "--test", "none"]);
    let expected =
        ["- week-49 wait", &format!("#{next} week-49 over"), &format!("#{first} week-48 over")];
    assert_eq!(steps(&told), expected);
    assert_eq!(team.asked_for().len(), 2);
}

#[test]
fn what_people_close_is_not_asked_for_again_and_strangers_count_for_nothing() {
    let Some(team) = Team::begin("github") else { return };
    team.plan(&[("week-48", &[INHERITS])], Some(1));
    // A fork may name its branch as it likes, and write what it likes.
    {
        let mut host = team.host();
        host.open(
            "trimtab/week-48",
            "main",
            "Take this",
            "[//]: # (trimtab-request 1 batch=week-48)",
        );
        host.requests[0].fork = true;
    }
    let told = team.apply("week-48", &[]);
    if crate::batches::is_away(&told) {
        return;
    }
    assert_eq!(told["request"]["number"], 8, "{told:#}");
    team.host().requests[1].state = "closed";
    assert_eq!(steps(&team.requests(&[])), ["- week-48 not-wanted", "#8 week-48 not-wanted"]);
    let told = team.apply("week-48", &[]);
    assert!(
        told["request"]["became"].as_str().unwrap().contains("#8 had the same content"),
        "{told:#}"
    );
    // The same under another name; then with more in it.
    team.plan(&[("week-50", &[INHERITS])], Some(1));
    assert_eq!(steps(&team.requests(&[])), ["- week-50 not-wanted", "#8 week-48 not-wanted"]);
    team.plan(&[("week-48", &[INHERITS, MS])], Some(1));
    let told = team.requests(&[]);
    assert_eq!(steps(&told)[0], "- week-48 open");
    assert!(told["steps"][0]["why"].as_str().unwrap().contains("differs from #8"), "{told:#}");
    assert!(fs::read_dir(team.case.root()).unwrap().count() > 0);
    assert_eq!(git(&team.case.root(), &["status", "--porcelain"]), "");
}

#[test]
fn what_people_close_on_a_real_gitea_is_not_asked_for_again_and_what_was_merged_is_taken_back() {
    let Some(team) = Team::on_real_gitea("closed") else { return };
    team.plan(&[("week-48", &[INHERITS])], Some(1));
    let told = team.apply("week-48", &[]);
    if crate::batches::is_away(&told) {
        return;
    }
    assert_eq!(told["request"]["number"], 1, "{told:#}");
    team.close(1);
    assert_eq!(steps(&team.requests(&[])), ["- week-48 not-wanted", "#1 week-48 not-wanted"]);
    let told = team.apply("week-48", &[]);
    assert!(
        told["request"]["became"].as_str().unwrap().contains("#1 had the same content"),
        "{told:#}"
    );
    let told = team.apply("week-48", &["--again"]);
    assert_eq!(told["request"]["number"], 2, "{told:#}");
    team.label(2, "trimtab:approve");
    let told = team.requests(&["--sync", "--merge", "--test", "none"]);
    assert_eq!(told["steps"][0]["became"], "merged", "{told:#}");
    // Taken back by our own verb, on a branch that somebody merges and pushes.
    team.update();
    let root = team.case.root();
    let ran = crate::command::run(&["rollback", "week-48", "--path", &crate::batches::text(&root)]);
    assert_eq!(ran.exit, trimtab_cli::Exit::Clean, "{}", ran.err);
    git(&root, &["merge", "-q", "--no-edit", "trimtab/rollback-week-48"]);
    git(&root, &["push", "-q", "origin", "main"]);
    let told = team.requests(&["--sync", "--open", "--test", "none"]);
    assert_eq!(steps(&told)[..2], ["- week-48 reverted", "#2 week-48 reverted"], "{told:#}");
    assert_eq!(team.asked_for().len(), 2);
}

/// Of what a parent or a list of versions gives the version of, Maven's tree is asked: else nobody knew whether it is gone.
#[test]
fn what_a_list_of_versions_manages_is_known_to_be_there_and_to_be_gone() {
    let pom = |version: &str| {
        format!(
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
             <groupId>org.example</groupId><artifactId>app</artifactId><version>1.0.0</version>\
             <dependencyManagement><dependencies><dependency><groupId>org.apache.logging.log4j</groupId>\
             <artifactId>log4j-bom</artifactId><version>{version}</version><type>pom</type><scope>import</scope>\
             </dependency></dependencies></dependencyManagement><dependencies><dependency>\
             <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId>\
             </dependency></dependencies></project>\n"
        )
    };
    let package = "org.apache.logging.log4j:log4j-core";
    let first = pom("2.14.1");
    let files = [("pom.xml", &*first)];
    let advisories = [("Maven", package, "2.15.0")];
    // Whether Maven is there and reaches a registry.
    let asks = ["mvn", "--batch-mode", "--quiet", "dependency:tree"];
    let Some(case) = crate::batches::Case::new(&files, &asks, &advisories) else { return };
    let team = Team::of(case, "github");
    team.plan(&[], None);
    let gone = trimtab_connect::requests::Id::of_finding(
        "OSV-TEST-0",
        "pkg:maven/org.apache.logging.log4j/log4j-core",
    );
    let marker = format!(
        "[//]: # (trimtab-request 1 batch=week-48 place=0123456789ab base=a tip=b whole=yes actions=0123456789ab gone={gone})"
    );
    {
        let mut host = team.host();
        host.open(BRANCH, "main", "Raise log4j", &marker);
        host.requests[0].state = "merged";
    }
    let told = team.requests(&[]);
    assert_eq!(
        (&told["scanned"], steps(&told)),
        (&json!(true), vec!["#7 week-48 still-there".to_owned()])
    );
    team.push_to("main", "pom.xml", &pom("2.17.1"), "Raise the list");
    let told = team.requests(&[]);
    assert_eq!(steps(&told), ["#7 week-48 done"]);
    assert!(told["steps"][0]["why"].as_str().unwrap().contains("gone from the base"), "{told:#}");
}
