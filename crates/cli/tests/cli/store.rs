//! `trimtab store`: what goes through a backup or to another store is all there or not there at all, however
//! the command ends.
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::command::{Ran, Terminal, run_with};
use jiff::Timestamp;
use serde_json::json;
use tokio::runtime::Runtime;
use trimtab_cli::Exit;
use trimtab_store::{EventKind, NewComponent, NewEvent, Store, Sum};

/// SHA-256 of a charter's text.
const CHARTER: &str = "a1af1bccf46862c1ce45d1064094b00a0808329540e06a44bcedd8c921849f1e";

fn run(args: &[&str]) -> Ran {
    run_with(args, "", Terminal::default())
}

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

/// A store with enough in it that a command takes a while.
async fn fill(path: &str) -> BTreeMap<String, Sum> {
    let store = Store::open(path, now()).await.unwrap();
    let org = store.add_organisation("Ferries", now()).await.unwrap();
    let components: Vec<NewComponent> = (0..6000)
        .map(|n| NewComponent {
            purl: format!("pkg:npm/p{n}@1.0.0"),
            package: format!("pkg:npm/p{n}"),
            name: format!("p{n}"),
            version: Some("1.0.0".into()),
            licence: None,
            registry: true,
        })
        .collect();
    store.put_components(org, &components).await.unwrap();
    let event = |n: usize| NewEvent {
        kind: EventKind::Changed,
        at: now(),
        actor: "person:1".into(),
        system: None,
        asset: None,
        finding: None,
        data: json!({ "n": n }),
    };
    store.tell(org, &(0..2000).map(event).collect::<Vec<_>>()).await.unwrap();
    store.close().await;
    sums(Path::new(path)).await
}

/// What lies in a store, but that it was backed up: that is noted in the one that was, afterwards.
async fn sums(path: &Path) -> BTreeMap<String, Sum> {
    let store = Store::open(path.to_str().unwrap(), now()).await.unwrap();
    let mut sums = store.sums().await.unwrap();
    sums.remove("backup_made").unwrap();
    store.close().await;
    sums
}

/// How large the last backup of a store was.
async fn backed_up(path: &str) -> Option<u64> {
    let store = Store::open(path, now()).await.unwrap();
    let last = store.last_backup().await.unwrap();
    store.close().await;
    last.map(|last| last.bytes)
}

#[test]
fn all_of_a_store_goes_to_another_one() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (from, file, to, other) = (path("a"), path("b.backup"), path("c"), path("d"));
    let is = runtime.block_on(fill(&from));
    assert_eq!(runtime.block_on(backed_up(&from)), None);
    let backup = run(&["store", "backup", &file, "--store", &from]);
    assert_eq!(backup.exit, Exit::Clean, "{backup:?}");
    let size = std::fs::metadata(&file).unwrap().len();
    assert_eq!(runtime.block_on(backed_up(&from)), Some(size));
    let again = run(&["store", "backup", &file, "--store", &from]);
    assert_eq!(again.exit, Exit::Usage, "nothing is overwritten: {again:?}");
    let restored = run(&["store", "restore", &file, "--store", &to]);
    assert_eq!(restored.exit, Exit::Clean, "{restored:?}");
    assert!(restored.out.contains("2000 entries of the ledger"), "{restored:?}");
    assert_eq!(runtime.block_on(sums(Path::new(&to))), is);
    let migrated = run(&["store", "migrate", "--from", &from, "--to", &other]);
    assert_eq!(migrated.exit, Exit::Clean, "{migrated:?}");
    assert_eq!(runtime.block_on(sums(Path::new(&other))), is);
    let full = run(&["store", "migrate", "--from", &from, "--to", &other]);
    assert_eq!(full.exit, Exit::Usage);
    assert!(full.err.contains("not empty"), "{full:?}");
    let verified = run(&["ledger", "verify", "--store", &other]);
    assert_eq!(verified.out, "Ferries: 2000 entries, the chain holds\n");
    for args in [
        ["store", "restore", &path("none"), "--store", &path("e")].as_slice(),
        &["store", "backup", &path("f"), "--store", &path("none")],
        &["store", "migrate", "--from", &path("none"), "--to", &path("e")],
        &["store", "restore", &from, "--store", &path("e")],
    ] {
        let ran = run(args);
        assert_eq!(ran.exit, Exit::Usage, "{args:?} {ran:?}");
        assert!(ran.err.contains("help"), "{ran:?}");
    }
}

#[test]
fn a_ledger_is_written_with_what_its_entries_name() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (at, empty, to) = (path("a"), path("empty"), path("documents"));
    runtime.block_on(async { Store::open(&empty, now()).await.unwrap().close().await });
    let none = run(&["ledger", "export", "--store", &empty]);
    assert_eq!(none.exit, Exit::Usage);
    assert!(none.err.contains("the store has no organisation"), "{none:?}");

    let (kept, lost) = ("ab".repeat(32), "cd".repeat(32));
    runtime.block_on(async {
        let store = Store::open(&at, now()).await.unwrap();
        let org = store.add_organisation("Ferries", now()).await.unwrap();
        store.propose_charter(org, "format = 1\n", 1, "person:1", now()).await.unwrap();
        store.put_document(org, &kept, b"as it came", now()).await.unwrap();
        let named = |document: &str| NewEvent {
            kind: EventKind::Changed,
            at: now(),
            actor: "person:1".into(),
            system: None,
            asset: None,
            finding: None,
            data: json!({ "what": "supplier-document", "document": document }),
        };
        // What is no digest names no file.
        let all = [kept.as_str(), kept.as_str(), "../../elsewhere"].map(named);
        store.tell(org, &all).await.unwrap();
        store.close().await;
    });
    let args = ["ledger", "export", "--store", &at, "--documents", &to];
    let ran = run(&args);
    assert_eq!(ran.exit, Exit::Clean, "{ran:?}");
    assert_eq!(ran.out.lines().count(), 4, "{ran:?}");
    assert_eq!(std::fs::read(Path::new(&to).join(&kept)).unwrap(), b"as it came");
    // `printf 'format = 1\n' | sha256sum`
    let charter = Path::new(&to).join(CHARTER);
    assert_eq!(std::fs::read_to_string(charter).unwrap(), "format = 1\n");
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 2, "nothing else");

    // One that is not kept is counted, and the rest is there.
    runtime.block_on(async {
        let store = Store::open(&at, now()).await.unwrap();
        let org = store.organisations().await.unwrap()[0].org;
        let data = json!({ "document": lost });
        let event = NewEvent {
            kind: EventKind::Received,
            at: now(),
            actor: "person:1".into(),
            system: None,
            asset: None,
            finding: None,
            data,
        };
        store.tell(org, &[event]).await.unwrap();
        store.close().await;
    });
    let ran = run(&args);
    assert_eq!(ran.exit, Exit::Incomplete, "{ran:?}");
    assert!(ran.err.contains("1 document is named by entries and no longer kept"), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 5, "{ran:?}");
}

/// Killed at moments spread over its time, a command leaves all or nothing; and the next one ends the work.
#[test]
fn whoever_is_killed_leaves_nothing_half() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (from, file) = (path("a"), path("b.backup"));
    let is = runtime.block_on(fill(&from));
    assert_eq!(run(&["store", "backup", &file, "--store", &from]).exit, Exit::Clean);
    let empty = runtime.block_on(sums(&folder.path().join("empty")));
    let (mut killed, mut whole) = (0, 0);
    for (verb, n) in (0..10).flat_map(|n| [("migrate", n), ("restore", n), ("backup", n)]) {
        let to = path(&format!("{verb}-{n}"));
        let args: Vec<&str> = match verb {
            "migrate" => vec!["store", verb, "--from", &from, "--to", &to],
            "restore" => vec!["store", verb, &file, "--store", &to],
            _ => vec!["store", verb, &to, "--store", &from],
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_trimtab"))
            .args(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Not to wait for something: the moment at which it is killed.
        std::thread::sleep(Duration::from_millis(30 + 90 * n));
        child.kill().unwrap();
        if !child.wait().unwrap().success() {
            killed += 1;
        }
        let to = Path::new(&to);
        if verb == "backup" {
            if to.exists() {
                let copy = path(&format!("copy-{n}"));
                assert_eq!(
                    run(&["store", "restore", to.to_str().unwrap(), "--store", &copy]).exit,
                    Exit::Clean
                );
                assert_eq!(runtime.block_on(sums(Path::new(&copy))), is);
                whole += 1;
            }
        } else {
            let found = runtime.block_on(sums(to));
            assert!(found == is || found == empty, "{verb} {n} left something half");
            whole += usize::from(found == is);
        }
        if n == 0 && !to.exists()
            || n == 0 && verb != "backup" && runtime.block_on(sums(to)) == empty
        {
            let ran = run(&args);
            assert_eq!(ran.exit, Exit::Clean, "what was killed can be done again: {ran:?}");
        }
    }
    println!("{killed} of 30 were killed, {whole} were whole");
    assert!(killed > 0);
}
