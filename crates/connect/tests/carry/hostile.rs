//! Test commands that mean harm, or are careless: what they may take together, what outlives them, and
//! what they see of the user's home. What this system does not give is said, and skipped.

use std::fs;
use std::path::Path;
use std::time::Duration;

use trimtab_connect::apply::{Command, Confinement, Ended, Limits, Tree, Trial, prepare, trial};

use crate::common::{git, project, state, tree};

fn limits(seconds: u64) -> Limits {
    Limits { time: Duration::from_secs(seconds), ..Limits::default() }
}

/// A shell line as the test of a project with one file, where this is the user's home.
fn told(line: &str, limits: &Limits, home: Option<&Path>) -> Trial {
    let folder = project(&[("a", "1\n")]);
    let copy = tree(&folder.path().join("project"));
    let command = Command::told(&copy.work(), None, line);
    let here = Confinement::here();
    let here = home.map_or(here.clone(), |home| here.of_home(home));
    trial(&copy, &command, &here, limits)
}

/// The same on a system that gives no namespaces: what is watched must do.
fn watched(line: &str, limits: &Limits) -> Trial {
    let folder = project(&[("a", "1\n")]);
    let copy = tree(&folder.path().join("project"));
    let command = Command::told(&copy.work(), None, line);
    trial(&copy, &command, &Confinement::here().without_namespaces(), limits)
}

/// Whether a process with a mark in its arguments runs.
fn runs(mark: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        !stat.contains(") Z ") && String::from_utf8_lossy(&line).contains(mark)
    })
}

/// Whether a test is left out, as most of these are told in Python.
fn no_python() -> bool {
    let ran = std::process::Command::new("python3").arg("--version").output();
    let missing = !ran.is_ok_and(|ran| ran.status.success());
    if missing {
        eprintln!("SKIPPED: there is no python3");
    }
    missing
}

fn mark(name: &str) -> String {
    format!("trimtab-{name}-{}", std::process::id())
}

/// Each is well below the limit; together they are above it.
#[test]
#[cfg(target_os = "linux")]
fn a_tree_of_processes_is_stopped_for_what_it_fills_together() {
    if no_python() {
        return;
    }
    let mark = mark("tree");
    let line = format!(
        "python3 -c '\"{mark}\"
import os, time
for _ in range(8):
    if os.fork() == 0:
        os.setsid(); held = bytearray(os.urandom(1 << 20)) * 100; time.sleep(300)
time.sleep(300)'"
    );
    let small = Limits { memory: 400 << 20, ..limits(60) };
    for ran in [told(&line, &small, None), watched(&line, &small)] {
        assert_eq!(ran.ended, Ended::MemoryLimit, "{}", ran.output.text());
        assert!(!runs(&mark));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_shared_is_counted_once() {
    if no_python() {
        return;
    }
    let line = "python3 -c '
import os, time
held = bytearray(os.urandom(1 << 20)) * 100
for _ in range(6):
    if os.fork() == 0: time.sleep(1); os._exit(0)
time.sleep(1.5)'";
    let ran = told(line, &Limits { memory: 300 << 20, ..limits(60) }, None);
    assert_eq!(ran.ended, Ended::Well, "{}", ran.output.text());
}

#[test]
#[cfg(target_os = "linux")]
fn processors_are_counted_together() {
    let line = "for i in 1 2 3 4; do sh -c 'while :; do :; done' & done; wait";
    let short = Limits { processor: Some(Duration::from_secs(2)), ..limits(120) };
    let ran = told(line, &short, None);
    assert_eq!(ran.ended, Ended::ProcessorLimit, "{}", ran.output.text());
}

/// The system's own limit of a process would end it without a word of why.
#[test]
#[cfg(target_os = "linux")]
fn one_process_is_stopped_at_the_limit_by_name() {
    let short = Limits { processor: Some(Duration::from_secs(1)), ..limits(120) };
    let ran = told("while :; do :; done", &short, None);
    assert_eq!(ran.ended, Ended::ProcessorLimit, "{}", ran.output.text());
}

/// It left its parents, its session and its group, and closed what it had open.
#[test]
#[cfg(target_os = "linux")]
fn a_daemon_does_not_outlive_the_tests() {
    if no_python() {
        return;
    }
    let mark = mark("daemon");
    let line = format!(
        "python3 -c '\"{mark}\"
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 100); open(\"begun\", \"w\").close(); time.sleep(300)
    os._exit(0)
while not os.path.exists(\"begun\"): pass'"
    );
    for ran in [told(&line, &limits(60), None), watched(&line, &limits(60))] {
        assert_eq!(ran.ended, Ended::Well, "{}", ran.output.text());
        assert!(!runs(&mark));
    }
}

#[test]
fn what_a_system_without_namespaces_does_not_keep_is_told() {
    let bare = Confinement::here().without_namespaces();
    let words = bare.words(&limits(60)).join("; ");
    assert!(bare.network_open().is_some() && bare.home_open().is_some());
    for part in ["could still be read by its path", "where they are found"] {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn a_secret_of_the_home_is_not_read_by_its_path() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().display();
    for folder in [".ssh", ".local/bin", ".cache/node", "fixtures"] {
        fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    for file in [".ssh/key", ".netrc", ".local/bin/tool", ".cache/node/a", "fixtures/a"] {
        fs::write(home.path().join(file), format!("content of {file}\n")).unwrap();
    }
    let here = Confinement::here().of_home(home.path());
    if let Some(why) = here.home_open() {
        eprintln!("SKIPPED: the home cannot be hidden here: {why}");
        return;
    }
    let line = format!(
        "cat {path}/.ssh/key {path}/.netrc; (cd / && cat {path}/.netrc); umount {path}; cat {path}/.netrc; \
         for p in /proc/[0-9]*; do cat $p/root{path}/.netrc; done; \
         unshare --map-root-user --mount sh -c 'umount {path}; cat {path}/.netrc'; \
         cat {path}/.local/bin/tool {path}/fixtures/a; rm -rf {path}/.local/bin/tool {path}/fixtures; \
         echo new > {path}/.local/bin/tool; cat {path}/.cache/node/a; \
         echo new > {path}/.cache/node/a; cat {path}/.cache/node/a; echo x > {path}/left; \
         ls {path}; cat a; id -u"
    );
    let limits = Limits { folders: vec!["~/fixtures".into()], output: 1 << 20, ..limits(60) };
    let ran = told(&line, &limits, Some(home.path()));
    let text = ran.output.text();
    for secret in ["content of .ssh/key", "content of .netrc"] {
        assert!(!text.contains(secret), "{text}");
    }
    for seen in [".local/bin/tool", ".cache/node/a", "fixtures/a"] {
        assert!(text.contains(&format!("content of {seen}\n")), "{text}");
    }
    let user = rustix::process::getuid().as_raw();
    assert!(text.ends_with(&format!("\nfixtures\nleft\n1\n{user}\n")), "{text}");
    // Toolchains are as they were, and so is the home; caches where the system can keep them.
    let read = |file: &str| fs::read_to_string(home.path().join(file)).unwrap();
    assert_eq!(read(".local/bin/tool"), "content of .local/bin/tool\n");
    assert_eq!(read("fixtures/a"), "content of fixtures/a\n");
    assert!(!home.path().join("left").exists());
    if here.words(&limits)[0].contains("discarded") {
        assert_eq!(read(".cache/node/a"), "content of .cache/node/a\n");
    }
}

/// The copy may itself lie in the home that is hidden: it is seen, and nothing beside it.
#[test]
fn a_copy_within_the_home_is_seen() {
    let folder = project(&[("a", "1\n")]);
    let home = folder.path().canonicalize().unwrap();
    fs::write(home.join(".netrc"), "a secret\n").unwrap();
    let here = Confinement::here().of_home(&home);
    if let Some(why) = here.home_open() {
        eprintln!("SKIPPED: the home cannot be hidden here: {why}");
        return;
    }
    let place = home.join("tmp");
    let copy = Tree::of(&home.join("project"), "HEAD", Some(&place)).unwrap();
    let line = format!(
        "cat a; git log --oneline | wc -l; cat {home}/.netrc ../../../.netrc; ls {home}; pwd; touch b",
        home = home.display()
    );
    let command = Command::told(&copy.work(), None, &line);
    let ran = trial(&copy, &command, &here, &limits(60));
    let text = ran.output.text();
    assert!(ran.ended.is_well() && text.starts_with("1\n1\n"), "{:?} {text}", ran.ended);
    assert!(!text.contains("a secret") && text.contains("\nproject\ntmp\n"), "{text}");
    assert!(copy.work().join("b").is_file());
    drop(copy);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
}

/// By its path, by that of its git, and by a worktree of it; what lies beside it can be written to.
#[test]
fn a_test_does_not_write_to_the_checkout() {
    let folder = project(&[("a", "1\n")]);
    let whole = folder.path().canonicalize().unwrap();
    let root = whole.join("project");
    git(&root, &["worktree", "add", "-q", "../tree"]);
    let home = tempfile::tempdir().unwrap();
    let here = Confinement::here().of_home(home.path());
    if let Some(why) = here.home_open() {
        assert!(here.words(&limits(60)).join("; ").contains("could be written to"));
        eprintln!("SKIPPED: nothing can be laid over the checkout here: {why}");
        return;
    }
    let before = state(&whole);
    for name in ["project", "tree"] {
        let copy = Tree::of(&whole.join(name), "HEAD", None).unwrap();
        let line = format!(
            "for f in {root}/{name}/a {root}/{name}/b {root}/project/.git/config {root}/project/.git/HEAD; do \
             echo x 2>/dev/null >> $f && echo written; done; rm -rf {root}/{name}/a; cat {root}/{name}/a; \
             git -C {root}/{name} status --porcelain; echo x > {root}/beside-{name} && touch b && echo done",
            root = whole.display()
        );
        let command = Command::told(&copy.work(), None, &line);
        let ran = trial(&copy, &command, &here, &limits(60));
        let text = ran.output.text();
        assert!(text.ends_with("done\n") && !text.contains("written"), "{text}");
        assert!(whole.join(format!("beside-{name}")).is_file() && text.contains("1\n"), "{text}");
        fs::remove_file(whole.join(format!("beside-{name}"))).unwrap();
    }
    assert_eq!(state(&whole), before);
    assert!(here.words(&limits(60)).join("; ").contains("could only be read"));
}

/// The link itself is not seen where the home is hidden.
#[test]
fn a_copy_by_a_link_of_the_home_is_seen() {
    let folder = project(&[("a", "1\n")]);
    let home = folder.path().canonicalize().unwrap();
    fs::create_dir(home.join("disk")).unwrap();
    std::os::unix::fs::symlink("disk", home.join("tmp")).unwrap();
    let copy = Tree::of(&home.join("project"), "HEAD", Some(&home.join("tmp"))).unwrap();
    let command = Command::told(&copy.work(), None, "cat a && touch ~/b \"$TMPDIR/c\"");
    let ran = trial(&copy, &command, &Confinement::here().of_home(&home), &limits(60));
    assert!(ran.ended.is_well(), "{:?} {}", ran.ended, ran.output.text());
}

/// Of a worktree, and of a clone that borrows of another, the objects lie elsewhere in the home.
#[test]
fn git_works_in_the_copy_of_a_repository_that_borrows_its_objects() {
    let folder = project(&[("a", "1\n")]);
    let home = folder.path().canonicalize().unwrap();
    let root = home.join("project");
    git(&root, &["worktree", "add", "-q", "../tree"]);
    git(&home, &["clone", "-q", "--reference", "project", "project", "clone"]);
    for name in ["tree", "clone"] {
        let copy = Tree::of(&home.join(name), "HEAD", None).unwrap();
        let command = Command::told(&copy.work(), None, "git log --format=%s && git fsck");
        let ran = trial(&copy, &command, &Confinement::here().of_home(&home), &limits(60));
        assert!(ran.ended.is_well(), "{name}: {:?} {}", ran.ended, ran.output.text());
    }
}

/// What is not hidden is not told to be.
#[test]
fn a_home_that_is_the_root_or_missing_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for home in [Path::new("/"), &folder.path().join("none")] {
        let here = Confinement::here().of_home(home);
        let words = here.words(&limits(60)).join("; ");
        assert!(here.home_open().is_some() && words.contains("by its path"), "{words}");
        let ran = told("true", &limits(60), Some(home));
        assert!(ran.ended.is_well(), "{:?}", ran.ended);
    }
}

/// `ssh` and what belongs to the system refuse to work where its files belong to nobody.
#[test]
#[cfg(target_os = "linux")]
fn what_is_needed_is_fetched_as_the_user() {
    let folder = project(&[("a", "1\n")]);
    let copy = tree(&folder.path().join("project"));
    let fetch = "readlink /proc/self/ns/user > user; readlink /proc/self/ns/pid >> user";
    let command = Command::told(&copy.work(), Some(fetch), "true");
    prepare(&command, &Confinement::here(), &limits(60)).unwrap();
    let own = ["user", "pid"].map(|name| fs::read_link(format!("/proc/self/ns/{name}")).unwrap());
    let told = fs::read_to_string(copy.work().join("user")).unwrap();
    assert_eq!(told, own.map(|path| format!("{}\n", path.display())).concat());
}

#[test]
fn a_call_to_the_network_fails() {
    if no_python() {
        return;
    }
    let here = Confinement::here();
    if let Some(why) = here.network_open() {
        eprintln!("SKIPPED: the network cannot be cut off here: {why}");
        return;
    }
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = format!(
        "python3 -c \"
import socket
for host in ('127.0.0.1', '192.0.2.1'):
    try: socket.create_connection((host, {port}), 5); print('reached')
    except OSError: print('refused')\""
    );
    let ran = told(&line, &limits(60), None);
    assert_eq!(ran.output.text(), "refused\nrefused\n", "{:?}", ran.ended);
}

#[test]
fn what_was_in_force_is_told() {
    let here = Confinement::here();
    let limits = Limits { processor: Some(Duration::from_secs(9)), ..limits(60) };
    let words = here.words(&limits).join("; ");
    assert_eq!(
        here.home_open().is_some(),
        words.contains("could still be read by its path"),
        "{words}"
    );
    assert_eq!(here.nothing_outlives(), words.contains("no process outlives"), "{words}");
    assert!(words.contains("60 s for a run; 8192 MiB of memory, 9 s of processor time"), "{words}");
}

/// Two programs that a killed run would leave: run by `what_runs_ends_when_this_process_is_killed` in a process of its own.
#[test]
#[ignore = "does nothing by itself: the test that kills it starts it in a process of its own"]
fn run_without_end() {
    let Some(seconds) = std::env::var_os("TRIMTAB_SECONDS") else { return };
    let seconds = seconds.into_string().unwrap();
    let _ = told(&format!("sleep {seconds}1 & exec sleep {seconds}2"), &limits(60), None);
}

/// Whether exactly this sleep runs, and not what names it in its arguments.
#[cfg(target_os = "linux")]
fn sleeps(seconds: &str) -> bool {
    let line = format!("sleep\0{seconds}\0");
    fs::read_dir("/proc").unwrap().flatten().any(|process| {
        fs::read(process.path().join("cmdline")).is_ok_and(|told| told == line.as_bytes())
    })
}

/// Waits for what another process does.
#[cfg(target_os = "linux")]
fn comes_true(what: impl Fn() -> bool) -> bool {
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while !what() {
        if std::time::Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
#[cfg(target_os = "linux")]
fn what_runs_ends_when_this_process_is_killed() {
    use std::process::Stdio;
    let tied = std::process::Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--", "true"])
        .stderr(Stdio::null())
        .status();
    if !tied.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: there is no `setpriv` that knows `--pdeathsig`");
        return;
    }
    // By themselves they end after what is waited for, so that a failure leaves nothing.
    let seconds = format!("50.{}", std::process::id());
    let place = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::run_without_end", "--ignored", "--nocapture"])
        .env("TRIMTAB_SECONDS", &seconds)
        .env("TMPDIR", place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (other, first) = (format!("{seconds}1"), format!("{seconds}2"));
    let begun = comes_true(|| sleeps(&first) && sleeps(&other));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(begun, "the programs never ran");
    assert!(comes_true(|| !sleeps(&first)), "the first program outlives a killed run");
    if Confinement::here().nothing_outlives() {
        assert!(comes_true(|| !sleeps(&other)), "what it started outlives a killed run");
    }
}
