//! What a run knows of earlier ones: the index of when advisories changed in substance, a history of when
//! findings were first seen.

use std::fs;
use std::path::Path;

use crate::command::{Ran, run};
use trimtab_cli::Exit;

/// A folder with an index, in which commands are run.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.folder.path().join("app")).unwrap();
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn update(&self, from: &Path) -> Ran {
        let db = self.at("advisories.index");
        let ran = run(&["db", "update", "--from", &from.display().to_string(), "--db", &db]);
        assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
        ran
    }

    /// `APP` is the repository, `HISTORY` its history.
    fn trimtab(&self, args: &[&str]) -> Ran {
        let (app, history, db) =
            (self.at("app"), self.at("history.txt"), self.at("advisories.index"));
        let named = |arg: &&str| match *arg {
            "APP" => app.clone(),
            "HISTORY" => history.clone(),
            other => other.to_owned(),
        };
        let mut all: Vec<String> = args.iter().map(named).collect();
        all.extend(["--db".to_owned(), db]);
        run(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[test]
fn a_statement_goes_stale_through_substance_and_not_through_words() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let delta = shared.join("data/osv-delta/RubyGems");
    let place = Place::new();
    // dragonfly's ranges change, and of brakeman's record the details.
    place.write(
        "app/Gemfile.lock",
        "GEM\n  remote: https://registry.example/\n  specs:\n    brakeman (4.5.0)\n    dragonfly (0.9.10)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  brakeman\n  dragonfly\n",
    );
    let statement = |id: &str, purl: &str| {
        format!(
            r#"{{"vulnerability": {{"name": "{id}"}}, "products": [{{"@id": "{purl}"}}], "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}}"#
        )
    };
    let document = format!(
        r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "Us", "timestamp": "2024-01-01T00:00:00Z", "version": 1, "statements": [{}, {}]}}"#,
        statement("CVE-2013-1756", "pkg:gem/dragonfly@0.9.10"),
        statement("CVE-2019-18409", "pkg:gem/brakeman@4.5.0"),
    );
    place.write("app/supplier.json", &document);
    place.write("app/trimtab.toml", "format = 1\nvex = [\"supplier.json\"]\n");
    let told_of = |code: &str| {
        let ran = place.trimtab(&["scan", "APP", "--verbose"]);
        assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
        ran.err.lines().filter(|l| l.contains(code)).map(str::to_owned).collect::<Vec<_>>()
    };
    let stale = || told_of("vex-stale");
    place.update(&delta.join("before.zip"));
    assert_eq!(stale(), [""; 0], "it is newer than both records");
    place.update(&delta.join("after.zip"));
    let told = stale();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("CVE-2013-1756") && told[0].contains("it changed on 2026-07-22 or later"),
        "{told:?}"
    );
    let file = place.at("app/supplier.json");
    let ran = place.trimtab(&["vex", "preview", &file, "--path", &place.at("app")]);
    assert!(ran.out.contains("1 would apply"), "{}", ran.out);
    // Again with the same data: nothing changes, and the index is the same file.
    let bytes = || fs::read(place.at("advisories.index")).unwrap();
    let first = bytes();
    place.update(&delta.join("after.zip"));
    assert!(bytes() == first);
    assert_eq!(place.trimtab(&["db", "verify"]).exit, Exit::Clean);
    // Without the earlier index it is not known whether it is new enough for either record: both hold.
    fs::remove_file(place.at("advisories.index")).unwrap();
    place.update(&delta.join("after.zip"));
    assert_eq!(stale(), [""; 0]);
    let told = told_of("vex-age-unknown");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|t| t.contains("is not known")), "{told:?}");
    // An index that cannot be read is replaced, and it is said what is lost with it.
    fs::write(place.at("advisories.index"), "no index").unwrap();
    let ran = place.update(&delta.join("after.zip"));
    assert!(ran.err.contains("when advisories changed is known only"), "{}", ran.err);
}

fn lock(version: Option<&str>) -> String {
    let (named, entry) = version.map_or((String::new(), String::new()), |v| {
        (
            format!("\"moment\": \"{v}\""),
            format!(", \"node_modules/moment\": {{ \"version\": \"{v}\" }}"),
        )
    });
    format!(
        "{{ \"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {{ \"\": {{ \"name\": \"app\", \"dependencies\": {{ {named} }} }}{entry} }} }}"
    )
}

#[test]
fn deadlines_count_from_when_a_finding_was_first_seen() {
    let place = Place::new();
    place.update(&trimtab_testkit::repository().join("examples/advisories"));
    place.write("app/package-lock.json", &lock(Some("2.24.0")));
    place.write(
        "app/trimtab.toml",
        "format = 1\n[[system]]\nname = \"app\"\ntier = \"standard\"\nexposure = \"internal\"\ndata = []\nenvironments = [\"production\"]\nfailure = \"f\"\n",
    );
    let record = |now: &str| {
        place.trimtab(&["scan", "APP", "--history", "HISTORY", "--record", "--now", now])
    };
    let text = || fs::read_to_string(place.at("history.txt")).unwrap();
    // There is none: it is not begun by mistake.
    let ran = place.trimtab(&["scan", "APP", "--history", "HISTORY"]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("there is no history") && ran.err.contains("--record"), "{}", ran.err);
    assert_eq!(place.trimtab(&["scan", "APP", "--record"]).exit, Exit::Usage);
    let ran = record("2026-02-01T09:00:00Z");
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    assert!(ran.err.contains("begun: 2 findings first seen now, 0 gone"), "{}", ran.err);
    let begun = text();
    assert!(
        begun.starts_with(
            "trimtab-history 1\n2026-02-01T09:00:00Z seen pkg:npm/moment CVE-2022-24785 "
        ),
        "{begun}"
    );
    // Another version, a month later: the same findings, the same file.
    place.write("app/package-lock.json", &lock(Some("2.25.0")));
    assert!(record("2026-03-01T09:00:00Z").err.contains("0 findings first seen now, 0 gone"));
    assert_eq!(text(), begun);
    // Deadlines say from when they count, in a scan and in a gate.
    let why = |args: &[&str]| {
        let ran = place.trimtab(args);
        let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        told["weighing"]["assessed"][0]["deadline"].to_string()
    };
    let scan = ["scan", "APP", "--format", "json", "--now", "2026-03-01T09:00:00Z"];
    assert!(why(&scan).contains("is not recorded"), "{}", why(&scan));
    let told = why(&[&scan[..], &["--history", "HISTORY"]].concat());
    assert!(
        told.contains("from 2026-02-01")
            && told.contains("when it was first seen here (")
            && told.contains("history.txt)"),
        "{told}"
    );
    let gate = |now: &str, more: &[&str]| {
        let ran = place.trimtab(&[&["gate", "APP", "--now", now, "--verbose"], more].concat());
        ran.out.contains("trimtab.deadline/")
    };
    // They were published in 2022. By the history they are new.
    assert!(gate("2026-02-02T09:00:00Z", &[]));
    assert!(!gate("2026-02-02T09:00:00Z", &["--history", "HISTORY"]));
    assert!(gate("2027-02-02T09:00:00Z", &["--history", "HISTORY"]));
    assert_eq!(text(), begun, "only `--record` writes");
    let id = ["explain", "CVE-2022-24785", "APP", "--history", "HISTORY"];
    let ran = place.trimtab(&id);
    assert!(ran.out.contains("first seen here on 2026-02-01"), "{}", ran.out);
    assert_eq!(place.trimtab(&[&id[..], &["--for", "security"]].concat()).exit, Exit::Clean);
    // Gone, and back: a new first day, and the trail.
    place.write("app/package-lock.json", &lock(None));
    assert!(record("2026-03-02T09:00:00Z").err.contains("0 findings first seen now, 2 gone"));
    place.write("app/package-lock.json", &lock(Some("2.24.0")));
    assert!(
        record("2026-04-01T09:00:00Z").err.contains("2 findings first seen now (2 of them again)")
    );
    assert!(text().starts_with(&begun));
    let told = why(&[&scan[..], &["--history", "HISTORY"]].concat());
    assert!(
        told.contains("from 2026-04-01")
            && told.contains("it was here before, from 2026-02-01 to 2026-03-02"),
        "{told}"
    );
    // What could not be looked at is not gone.
    place.write("app/package-lock.json", "{ \"lockfileVersion\": 3, \"packages\": {");
    let ran = record("2026-04-02T09:00:00Z");
    assert!(ran.exit == Exit::Incomplete && ran.err.contains("is not known"), "{}", ran.err);
    place.write("app/package-lock.json", &lock(Some("2.24.0")));
    // Time goes on, and damage is told and stays as it is.
    let ran = record("2026-03-01T09:00:00Z");
    assert!(
        ran.exit == Exit::Usage && ran.err.contains("after the time of this run"),
        "{}",
        ran.err
    );
    let whole = text();
    let cut = whole.get(..whole.len() - 5).unwrap();
    place.write("history.txt", cut);
    for verb in [&["scan", "APP"][..], &["gate", "APP"], &["explain", "CVE-2022-24785", "APP"]] {
        let ran = place.trimtab(&[verb, &["--history", "HISTORY"]].concat());
        assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
        assert!(
            ran.err.contains("history-malformed") && ran.err.contains("history.txt:7"),
            "{}",
            ran.err
        );
    }
    assert_eq!(record("2026-05-01T09:00:00Z").exit, Exit::Usage);
    assert_eq!(text(), cut);
}

#[test]
fn costs_learn_from_a_list_that_a_pipeline_keeps() {
    let place = Place::new();
    place.update(&trimtab_testkit::repository().join("examples/advisories"));
    place.write("app/package-lock.json", &lock(Some("2.24.0")));
    place.write(
        "app/package.json",
        "{ \"name\": \"app\", \"dependencies\": { \"moment\": \"2.24.0\" } }",
    );
    let list = place.at("finished.json");
    let plan = |more: &[&str]| {
        let args =
            ["plan", "APP", "--offline", "--format", "json", "--now", "2026-03-01T09:00:00Z"];
        place.trimtab(&[&args[..], more].concat())
    };
    let read = |ran: &Ran| -> serde_json::Value { serde_json::from_str(&ran.out).unwrap() };
    let before = read(&plan(&[]));
    let estimate = before["actions"][0]["cost"]["estimate"].clone();
    assert_eq!(
        (&estimate["kind"], &estimate["finished"]),
        (&"raise".into(), &0.into()),
        "{before:#}"
    );
    assert_eq!(before["learnt"], serde_json::json!([]));
    // One that is not there yet is told, and is not begun by planning.
    let ran = plan(&["--finished", &list]);
    assert!(ran.err.contains("does not exist yet"), "{}", ran.err);
    assert!(!Path::new(&list).exists());
    assert_eq!(read(&ran)["actions"], before["actions"]);
    let batch = |n: usize, merged: Option<&str>, reverted: bool, points: Option<f64>| {
        serde_json::json!({ "batch": format!("b{n}"), "carried_out": "2026-02-02T00:00:00Z",
            "commit": null, "merged": merged, "landed": false, "reverted": reverted, "points": points,
            "actions": [{ "kind": "raise", "distance": estimate["distance"],
                "transitive": estimate["transitive"], "points": 2.0 }] })
    };
    let document = serde_json::json!({ "format": "trimtab-finished", "version": 1, "batches": [
        batch(0, Some("2026-02-04T00:00:00Z"), false, Some(9.0)),
        batch(1, Some("2026-02-09T00:00:00Z"), true, Some(9.0)),
        batch(2, None, false, None),
    ] });
    place.write("finished.json", &document.to_string());
    let ran = plan(&["--finished", &list]);
    let learnt = read(&ran);
    let is = &learnt["learnt"][0];
    let number = |of: &serde_json::Value, name: &str| of[name].as_f64().unwrap();
    // What waits teaches nothing: two of five and two, of nine points each.
    assert_eq!((&is["estimate"]["finished"], &is["estimate"]["reverted"]), (&2.into(), &1.into()));
    for end in ["least", "most"] {
        let expected = (5.0 * number(&estimate, end) + 2.0 * 9.0) / 7.0;
        assert!((number(&is["estimate"], end) - expected).abs() < 1e-3, "{end}: {is:#}");
    }
    let expected = (5.0 * number(&estimate, "confidence") + 1.0) / 7.0;
    assert!((number(&is["estimate"], "confidence") - expected).abs() < 1e-3, "{is:#}");
    assert_eq!((&is["said"], &is["days"]), (&2.into(), &2.0.into()));
    let action = &learnt["actions"][0];
    assert!(number(&action["cost"], "least") > number(&before["actions"][0]["cost"], "least"));
    assert!(
        action["cost"]["reasons"][0]["what"].as_str().unwrap().contains("2 finished"),
        "{action:#}"
    );
    let text = place.trimtab(&[
        "plan",
        "APP",
        "--offline",
        "--now",
        "2026-03-01T09:00:00Z",
        "--finished",
        &list,
    ]);
    assert!(
        text.out.contains(
            "Costs are learnt from 2 finished changes of this repository, 1 of them reverted"
        ),
        "{}",
        text.out
    );
    // Git says what became of the one that waited: it was merged, and that is written down.
    let app = place.at("app");
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
        let mut command = std::process::Command::new("git");
        let done = command.arg("-C").arg(&app).args(who).args(args).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "Move moment\n\nTrimtab-Batch: b2"]);
    let finished = |ran: &Ran| read(ran)["learnt"][0]["estimate"]["finished"].clone();
    assert_eq!(finished(&plan(&["--finished", &list])), 3);
    let kept: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&list).unwrap()).unwrap();
    assert!(kept["batches"][2]["merged"].is_string(), "{kept:#}");
    assert_eq!(kept["batches"][0], document["batches"][0], "what is known stays");
    git(&["revert", "--no-edit", "HEAD"]);
    git(&["checkout", "-q", "HEAD~1", "--", "."]);
    let ran = plan(&["--finished", &list]);
    assert_eq!(read(&ran)["learnt"][0]["estimate"]["reverted"], 2, "{}", ran.out);
    // What is no such list is refused, and stays as it is.
    place.write("finished.json", "{ \"format\": \"trimtab-plan\" }");
    let ran = plan(&["--finished", &list]);
    assert!(
        ran.exit == Exit::Usage && ran.err.contains("not a list of finished batches"),
        "{}",
        ran.err
    );
}
