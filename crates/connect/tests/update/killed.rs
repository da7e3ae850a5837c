//! Killing a confirmation leaves the project as it is.

use super::*;

/// What a killed confirmation leaves: run by `killed_at_any_moment` in a process of its own.
#[test]
#[ignore = "does nothing by itself: the test that kills confirmations starts it in a process of its own"]
fn confirm_without_end() {
    let Some(source) = std::env::var_os("TRIMTAB_SOURCE") else { return };
    let place = std::env::var_os("TRIMTAB_PLACE").map(PathBuf::from);
    let tool = Tool::by_id("cargo").unwrap();
    println!("begun");
    loop {
        let bounds = Bounds::of(Extent::Whole);
        let copy = |extent| {
            Scratch::copy(Path::new(&source), Path::new(""), tool, extent, bounds, place.as_deref())
        };
        for extent in [Extent::Resolver, Extent::Whole] {
            let base = copy(extent).unwrap();
            let package = "pkg:cargo/regex@1.5.4".parse().unwrap();
            let proposal = Proposal::Raise { package, to: "1.5.5".into() };
            let _ = confirm(tool, &base, &proposal, &options("cargo"));
        }
    }
}

/// A copy that is never dropped: run by `what_a_killed_one_leaves_is_swept` in a process of its own.
#[test]
#[ignore = "does nothing by itself: the test that sweeps what it leaves starts it in a process of its own"]
fn copy_without_end() {
    let Some(source) = std::env::var_os("TRIMTAB_SOURCE") else { return };
    let place = std::env::var_os("TRIMTAB_PLACE").map(PathBuf::from);
    let tool = Tool::by_id("npm").unwrap();
    let bounds = Bounds::of(Extent::Whole);
    let copy = Scratch::copy(
        Path::new(&source),
        Path::new(""),
        tool,
        Extent::Whole,
        bounds,
        place.as_deref(),
    );
    let forked = copy.as_ref().unwrap().fork().unwrap().root().is_dir();
    println!("made {forked}");
    // Until it is killed: nothing is ever written to it.
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[test]
fn what_a_killed_one_leaves_is_swept() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let (source, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(source.path().join("package.json"), "{}").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::copy_without_end", "--ignored", "--nocapture"])
        .env("TRIMTAB_SOURCE", source.path())
        .env("TRIMTAB_PLACE", place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("made true")));
    let there = || fs::read_dir(place.path()).unwrap().count();
    // As long as it lives its copy is its own; the fork went by itself.
    assert_eq!((sweep(Some(place.path())), there()), (0, 1));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(there(), 1, "it was killed, so that its copy is left");
    let inside = || bytes(place.path()).len();
    assert!(inside() > 1, "the mark and the copy");
    assert_eq!((sweep(Some(place.path())), there(), inside()), (0, 1, 1));
    assert_eq!((sweep(Some(place.path())), there()), (1, 0));
}

#[test]
fn killed_at_any_moment() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    let Some(folder) = project("cargo", "cargo", &cases("cargo")) else { return };
    let place = tempfile::tempdir().unwrap();
    let before = bytes(folder.path());
    let seed = std::process::id();
    for round in 0..20_u32 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::confirm_without_end", "--ignored", "--nocapture"])
            .env("TRIMTAB_SOURCE", folder.path())
            .env("TRIMTAB_PLACE", place.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains("begun")));
        // Any moment of the first two confirmations.
        let wait = (seed.wrapping_mul(2_654_435_761).wrapping_add(round * 977_777)) % 2_000;
        let until = Instant::now() + Duration::from_millis(wait.into());
        while Instant::now() < until {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(bytes(folder.path()), before, "after {wait} ms of round {round} ({seed})");
    }
}
