//! `trimtab push` and `trimtab deployed` against a server: reports and VEX documents go along, and what a
//! cluster runs is told.
use crate::command::{Ran, Terminal, run_with};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use trimtab_cli::Exit;
use trimtab_model::{Exposure, Role};
use trimtab_server::{Running, Settings, start};
use trimtab_store::{Grant, NewPerson, NewToken, ScopeOf, System};

/// The secret of the token, and its SHA-256.
const TOKEN: (&str, &str) =
    ("secret", "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");

/// A server with one person, whose token may upload and deploy, and a folder for what is sent.
struct World {
    runtime: Runtime,
    folder: tempfile::TempDir,
    running: Option<Running>,
    server: String,
}

impl World {
    fn new() -> World {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("index");
        let advisories = trimtab_testkit::repository().join("examples/advisories");
        let sources = trimtab_advisories::Sources::beside(&advisories);
        trimtab_advisories::index::build(&sources, &index, &mut ()).unwrap();
        let settings = Settings {
            store: folder.path().join("store").to_str().unwrap().to_owned(),
            listen: "127.0.0.1:0".into(),
            index,
            public: "http://127.0.0.1".into(),
            largest_upload: 1 << 20,
            workers: 1,
            access: trimtab_server::Access::default(),
            keep_days: None,
            feeds: None,
            notices: trimtab_server::Notices::default(),
        };
        let running = runtime.block_on(async {
            let running = start(settings, Timestamp::now).await.unwrap();
            let (store, now) = (&running.app.store, Timestamp::now());
            let org = store.add_organisation("Ferries", now).await.unwrap();
            let person =
                NewPerson { email: "a@example.org".into(), name: "A".into(), subject: None };
            let grants = [Role::Engineering, Role::Operations]
                .map(|role| Grant { role, scope: ScopeOf::Organisation });
            let person = store.add_person(org, &person, &grants, "test", now).await.unwrap();
            let token = NewToken {
                name: "ci".into(),
                person,
                actions: vec!["upload".into(), "deploy".into()],
                scope: ScopeOf::Organisation,
                expires: now + jiff::SignedDuration::from_hours(1),
            };
            store.add_token(org, &token, TOKEN.1, "test", now).await.unwrap();
            running
        });
        std::fs::write(folder.path().join("token"), TOKEN.0).unwrap();
        let server = format!("http://{}", running.address);
        let world = World { runtime, folder, running: Some(running), server };
        world.write(
            "sbom",
            &json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
                "components": [{ "type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:npm/left@1.0.0" }] }),
        );
        world
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &Value) {
        std::fs::write(self.folder.path().join(name), text.to_string()).unwrap();
    }

    /// Runs a verb that talks to the server.
    fn run(&self, args: &[&str], input: &str) -> Ran {
        let token = self.path("token");
        let server = ["--server", &self.server, "--token-file", &token];
        run_with(&[args, &server].concat(), input, Terminal::default())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

#[test]
fn reports_and_statements_go_along() {
    let world = World::new();
    world.write(
        "report",
        &json!({ "Report": {}, "SchemaVersion": 2, "ArtifactName": "x", "ArtifactType": "filesystem",
        "Results": [{ "Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm",
            "Vulnerabilities": [{ "VulnerabilityID": "CVE-2099-1", "PkgName": "left",
                "InstalledVersion": "1.0.0", "Severity": "HIGH" }] }] }),
    );
    world.write(
        "vex",
        &json!({ "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1",
        "author": "Supplier", "timestamp": "2026-11-01T00:00:00Z", "version": 1,
        "statements": [{ "vulnerability": { "name": "CVE-2099-1" }, "products": [{ "@id": "pkg:npm/left@1.0.0" }],
            "status": "under_investigation" }] }),
    );
    let (sbom, vex) = (world.path("sbom"), world.path("vex"));
    let push = |report: &str| {
        let report = world.path(report);
        let args = ["push", &sbom, "--asset", "shop", "--report", &report, "--vex", &vex];
        world.run(&args, "")
    };
    let ran = push("report");
    assert_eq!(ran.exit, Exit::Clean, "{ran:?}");
    assert!(
        ran.out.contains("shop: trivy reports 1 finding, no longer 0; 0 entries without a package"),
        "{ran:?}"
    );
    assert!(ran.out.contains("shop: 1 statement taken from"), "{ran:?}");
    // It was pushed into no system.
    assert!(ran.err.contains("shop has no owner: The asset belongs to no system"), "{ran:?}");
    // What is no plan and no evidence is told so, and nothing of it is kept.
    for (flag, format) in [("--plan", "trimtab-plan"), ("--applied", "trimtab-applied")] {
        let ran = world.run(&["push", &sbom, "--asset", "shop", flag, &vex], "");
        assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
        assert!(ran.err.contains(&format!("Not a `{format}` document.")), "{ran:?}");
    }
    let ran = push("vex");
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.err.contains("send it as VEX"), "{ran:?}");
}

#[test]
fn who_pushes_is_asked_what_registries_tell() {
    let world = World::new();
    let left = json!({ "type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:nuget/left@1.0.0" });
    world.write(
        "asked",
        &json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [left] }),
    );
    let sbom = world.path("asked");
    let push = |more: &[&str]| {
        let ran = world.run(&[&["push", &sbom, "--asset", "shop"], more].concat(), "");
        assert_eq!(ran.exit, Exit::Clean, "{ran:?}");
        // That nobody owns it is told each time.
        let (owner, rest) = ran.err.split_once('\n').unwrap();
        assert!(owner.starts_with("shop has no owner: "), "{owner}");
        rest.to_owned()
    };
    assert_eq!(push(&[]), "", "nothing is known to be relied on yet");
    world.runtime.block_on(async {
        let store = &world.running.as_ref().unwrap().app.store;
        let org = store.organisations().await.unwrap()[0].org;
        let packages = ["pkg:nuget/left".to_owned()];
        store.rank_relied(org, &packages, Timestamp::UNIX_EPOCH).await.unwrap();
    });
    assert_eq!(push(&["--no-facts"]), "", "it is not told what it does not want to be asked");
    // No client is there for it: that is told, so that this one is not asked again at once.
    assert_eq!(
        push(&[]),
        "shop: registries were asked about 1 of 1 packages that the server wants to know about, and answered for 0\n"
    );
    assert_eq!(push(&[]), "");
}

#[test]
fn what_a_cluster_runs_is_told() {
    let world = World::new();
    let sbom = world.path("sbom");
    for asset in ["shop:v1", "cart:v1"] {
        let args = ["push", &sbom, "--asset", asset, "--kind", "image", "--wait", "30"];
        let ran = world.run(&args, "");
        assert_eq!(ran.exit, Exit::Clean, "{ran:?}");
    }
    let pods = |images: &[&str]| {
        let pod =
            |image: &&str| json!({ "spec": { "containers": [{ "name": "c", "image": image }] } });
        json!({ "items": images.iter().map(pod).collect::<Vec<_>>() }).to_string()
    };
    let send = |images: &[&str]| {
        let args = ["deployed", "--pods", "-", "--env", "production", "--cluster", "west"];
        let ran = world.run(&args, &pods(images));
        assert_eq!(ran.exit, Exit::Clean, "{ran:?}");
        (ran.out, ran.err)
    };
    let (out, err) = send(&["shop:v1", "cart:v1", "stranger:v2"]);
    assert_eq!(out, "shop:v1 in production: deployed\ncart:v1 in production: deployed\n");
    assert_eq!(err, "no asset: stranger:v2\n");
    let (out, _) = send(&["shop:v1"]);
    assert_eq!(out, "shop:v1 in production: known\ncart:v1 in production: stopped\n");
    // One of them, or a list.
    let ran = world.run(&["deployed", "--env", "production"], "");
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    let idle =
        r#"{"kind":"List","items":[{"metadata":{"name":"x"},"status":{"phase":"Pending"}}]}"#;
    let ran = world.run(&["deployed", "--pods", "-", "--env", "production"], idle);
    assert!(
        ran.out.is_empty() && ran.err.contains("no container in the list is running"),
        "{ran:?}"
    );
    let ran = world.run(&["deployed", "--pods", "-", "--env", "production"], "no list");
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.err.contains("kubectl get pods -A -o json"), "{ran:?}");
}

#[test]
fn a_build_is_told_whether_it_keeps_to_the_agreement() {
    let world = World::new();
    let smallvec = json!({ "type": "library", "name": "smallvec", "version": "1.6.0",
        "purl": "pkg:cargo/smallvec@1.6.0" });
    world.write(
        "vulnerable",
        &json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [smallvec] }),
    );
    world.runtime.block_on(async {
        let store = &world.running.as_ref().unwrap().app.store;
        let org = store.organisations().await.unwrap()[0].org;
        let system = System {
            id: 0,
            name: "pay".into(),
            team: None,
            product_owner: None,
            operations: None,
            tier: Some("vital".into()),
            exposure: Some(Exposure::Internet),
            data: Some(vec!["payment".into()]),
            environments: Some(vec!["production".into()]),
            failure: None,
            needs: Vec::new(),
        };
        store.put_system(org, &system, "test", Timestamp::now()).await.unwrap();
    });
    let (clean, vulnerable) = (world.path("sbom"), world.path("vulnerable"));
    let push = |args: &[&str]| world.run(&[&["push"], args].concat(), "");
    let ends = |ran: &Ran, exit: Exit, says: &str| {
        assert_eq!(ran.exit, exit, "{ran:?}");
        assert!(ran.out.contains(says), "{ran:?}");
    };
    // Nothing is found; nobody said what is accepted, and then what is.
    ends(&push(&[&clean, "--asset", "a", "--verdict"]), Exit::Clean, "a: passes: ");
    ends(&push(&[&vulnerable, "--asset", "b", "--verdict"]), Exit::Incomplete, "b: unknown: ");
    ends(&push(&[&vulnerable, "--asset", "b"]), Exit::Clean, "what is accepted is not known");
    let pay = ["--asset", "c", "--system", "pay", "--main-line", "main"];
    let with = |file: &str, more: &[&str]| push(&[&[file], &pay[..], more].concat());
    ends(&with(&clean, &["--verdict"]), Exit::Clean, "c: passes: new findings above low: 0");
    let fails = "c: fails: new findings above low: 1; past their deadline: 0";
    ends(&with(&vulnerable, &["--verdict"]), Exit::Violated, fails);
    // The same again says the same; who does not ask is told, and ends well.
    ends(&with(&vulnerable, &["--verdict"]), Exit::Violated, fails);
    ends(&with(&vulnerable, &[]), Exit::Clean, fails);
    // Of another branch nothing is settled.
    let ran = with(&vulnerable, &["--branch", "work", "--verdict"]);
    assert_eq!(ran.exit, Exit::Incomplete, "{ran:?}");
    assert!(!ran.out.contains("above"), "{ran:?}");
    assert!(
        ran.out.contains("branch `work`: kept for comparison, it opens no findings"),
        "{ran:?}"
    );
    // The main line by its name is no other branch.
    ends(&with(&vulnerable, &["--branch", "main", "--verdict"]), Exit::Violated, fails);
    // What still runs keeps its first day, and is new where a document brings it back.
    let deployed = world.run(&["deployed", "--asset", "c", "--env", "production"], "");
    assert_eq!(deployed.exit, Exit::Clean, "{deployed:?}");
    ends(&with(&clean, &["--verdict"]), Exit::Clean, "c: passes: new findings above low: 0");
    ends(&with(&vulnerable, &["--verdict"]), Exit::Violated, fails);
}
