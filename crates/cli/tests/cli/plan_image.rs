//! The image that a build starts from: another tag is planned and applied where documents tell what both hold, and told as
//! unconfirmed where none does.
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Terminal, run_in};
use crate::planning::{git, indexed, sums};
use serde_json::{Value, json};
use trimtab_report::plan::json::Document;

/// Runs in two stages, the second of which is shipped.
const DOCKERFILE: &str = "# syntax=docker/dockerfile:1\n\
    ARG RELEASE=12.1   # the release\n\
    FROM golang:1.22 AS build\n\
    RUN true\n\
    FROM debian:${RELEASE}-slim\n\
    COPY --from=build /a /a\n";

struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap() };
        for folder in ["app", "records/osv/debian", "data"] {
            fs::create_dir_all(project.at(folder)).unwrap();
        }
        fs::write(project.at("app/Dockerfile"), DOCKERFILE).unwrap();
        for (id, package, fixed) in [
            ("DEBIAN-CVE-2026-1", "openssl", Some("3.0.15-1")),
            ("DEBIAN-CVE-2026-2", "zlib", None),
        ] {
            let mut events = vec![json!({ "introduced": "0" })];
            events.extend(fixed.map(|fixed| json!({ "fixed": fixed })));
            let record = json!({
                "id": id, "schema_version": "1.6.0", "summary": "made up",
                "modified": "2025-12-01T00:00:00Z", "published": "2025-12-01T00:00:00Z",
                "affected": [{
                    "package": { "ecosystem": "Debian:12", "name": package },
                    "ranges": [{ "type": "ECOSYSTEM", "events": events }],
                }],
            });
            let name = format!("records/osv/debian/{id}.json");
            fs::write(project.at(&name), record.to_string()).unwrap();
        }
        indexed(&project.at("records"), &project.at("data"));
        let app = project.at("app");
        git(&app, &["init", "-q"]);
        git(&app, &["config", "user.name", "Ann"]);
        git(&app, &["config", "user.email", "ann@example.org"]);
        git(&app, &["add", "."]);
        git(&app, &["commit", "-qm", "First"]);
        project
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A bill of material of an image, as an argument.
    fn sbom(&self, tag: &str, packages: &[(&str, &str)]) -> String {
        let one = |(name, version): &(&str, &str)| {
            let purl = format!("pkg:deb/debian/{name}@{version}?distro=debian-12");
            json!({ "type": "library", "name": name, "version": version, "purl": purl })
        };
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": packages.iter().map(one).collect::<Vec<Value>>(),
        });
        let file = self.at(&format!("{tag}.cdx.json"));
        fs::write(&file, document.to_string()).unwrap();
        format!("debian:{tag}={}", file.display())
    }

    fn run(&self, args: &[&str]) -> (u8, String, String) {
        let ran = run_in(Some(self.at("data")), args, "", Terminal::default());
        (ran.exit as u8, ran.out, ran.err)
    }

    fn plan(&self, sboms: &[&str], offline: bool) -> Document {
        let app = self.at("app").display().to_string();
        let mut args = vec!["plan", &app, "--format", "json", "--now", "2026-02-02T09:00:00Z"];
        for sbom in sboms {
            args.extend(["--image-sbom", sbom]);
        }
        args.extend(offline.then_some("--offline"));
        let (exit, out, err) = self.run(&args);
        assert_eq!(exit, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn another_tag_is_planned_and_applied_where_documents_tell_what_both_hold() {
    let project = Project::new();
    let old = project.sbom("12.1-slim", &[("openssl", "3.0.9-1"), ("zlib", "1.2.13")]);
    let new = project.sbom("12.8-slim", &[("openssl", "3.0.15-1"), ("zlib", "1.2.13")]);
    let plan = project.plan(&[&old, &new], false);
    sums(&plan);
    let [action] = &plan.actions[..] else { panic!("{:#?} {:#?}", plan.actions, plan.left) };
    assert_eq!((&*action.way, action.confirmed), ("base-image", true), "{action:#?}");
    assert_eq!(action.name, "build on debian 12.8-slim");
    assert_eq!((&*action.place, &*action.tool), ("Dockerfile", "dockerfile"));
    assert_eq!(action.removes.len(), 1, "{action:#?}");
    let [change] = &action.changes[..] else { panic!("{action:#?}") };
    let diff: Vec<&str> = change.diff.lines().filter(|l| l.starts_with(['+', '-'])).collect();
    assert!(diff.contains(&"-ARG RELEASE=12.1   # the release"), "{diff:?}");
    assert!(diff.contains(&"+ARG RELEASE=12.8   # the release"), "{diff:?}");
    // What the new one still has stays, and what could be done is told.
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    assert!(left.finding.contains("zlib"), "{left:#?}");
    // Carried out: the branch has the edit, and the checkout is as it was.
    let app = project.at("app");
    let kept = project.at("plan.json");
    fs::write(&kept, serde_json::to_string(&plan).unwrap()).unwrap();
    let (app_, kept) = (app.display().to_string(), kept.display().to_string());
    let batch = plan.batches[0].name.clone();
    let (exit, out, err) = project.run(&[
        "apply",
        &batch,
        "--plan",
        &kept,
        "--path",
        &app_,
        "--test",
        "true",
        "--now",
        "2026-02-02T09:00:00Z",
        "--image-sbom",
        &old,
        "--image-sbom",
        &new,
    ]);
    assert_eq!(exit, 0, "{out}{err}");
    let branch = git(&app, &["show", &format!("trimtab/{batch}:Dockerfile")]);
    assert_eq!(branch.trim(), DOCKERFILE.replace("12.1", "12.8").trim());
    assert_eq!(read(&app.join("Dockerfile")), DOCKERFILE);
}

#[test]
fn a_tag_that_brings_something_is_refused() {
    let project = Project::new();
    let old = project.sbom("12.1-slim", &[("openssl", "3.0.9-1")]);
    let new = project.sbom("12.8-slim", &[("openssl", "3.0.15-1"), ("zlib", "1.2.13")]);
    let plan = project.plan(&[&old, &new], false);
    assert!(plan.actions.is_empty(), "{:#?}", plan.actions);
    let [left] = &plan.left[..] else { panic!("{:#?}", plan.left) };
    assert!(format!("{left:?}").contains("DEBIAN-CVE-2026-2"), "{left:#?}");
}

/// Packages of an operating system in a file of the project, and nothing that tells of another tag.
#[test]
fn what_nobody_can_confirm_is_told_as_such() {
    let project = Project::new();
    project.sbom("12.1-slim", &[("openssl", "3.0.9-1")]);
    fs::copy(project.at("12.1-slim.cdx.json"), project.at("app/image.cdx.json")).unwrap();
    let plan = project.plan(&[], true);
    let left = format!("{:?}", plan.left);
    for part in ["base image `debian:12.1-slim` (Dockerfile:5)", "which tag: unknown"] {
        assert!(left.contains(part), "`{part}` is not in {left}");
    }
    let named =
        "format = 1\n[[image]]\nname = \"debian\"\nto = \"12.8-slim\"\n[[system]]\nname = \"a\"\n";
    fs::write(project.at("app/trimtab.toml"), named).unwrap();
    let plan = project.plan(&[], true);
    let left = format!("{:?}", plan.left);
    for part in ["raise it to 12.8-slim, as trimtab.toml tells; unconfirmed", "+ARG RELEASE=12.8"] {
        assert!(left.contains(part), "`{part}` is not in {left}");
    }
}
