//! Every target on its seeds and on mutations of them, a fixed number or `TRIMTAB_FUZZ_SECONDS` each. `reproduce`
//! runs one file: `TRIMTAB_FUZZ_TARGET=NAME TRIMTAB_FUZZ_INPUT=FILE`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use trimtab_fuzz::drive::{Budget, Report, budget, drive, survive};
use trimtab_fuzz::{Target, targets};

/// Memory that the process may ever have held: inputs are 60 KiB at most.
const MAX_MEMORY_KIB: u64 = 2 << 20;

#[test]
fn nothing_fails_on_spoiled_input() {
    let only = std::env::var("TRIMTAB_FUZZ_TARGET").unwrap_or_default();
    let seed = std::env::var("TRIMTAB_FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let targets: Vec<Target> =
        targets().into_iter().filter(|t| t.name.starts_with(&only)).collect();
    let next = AtomicUsize::new(0);
    let running: Mutex<Vec<(String, Instant)>> = Mutex::default();
    let reports: Mutex<Vec<(String, Report)>> = Mutex::default();
    let done = AtomicUsize::new(0);
    let hung = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    running.lock().unwrap().push((target.name.clone(), Instant::now()));
                    let report = drive(target, budget(), seed);
                    running.lock().unwrap().retain(|(name, _)| *name != target.name);
                    reports.lock().unwrap().push((target.name.clone(), report));
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        // What never ends cannot be reported by its own thread.
        let asked = match budget() {
            Budget::Time(time) => time,
            Budget::Inputs(_) => Duration::ZERO,
        };
        let most = asked + Duration::from_secs(300);
        while next.load(Ordering::Relaxed) < targets.len() || !running.lock().unwrap().is_empty() {
            let late = running.lock().unwrap().iter().find(|(_, at)| at.elapsed() > most).cloned();
            if let Some((name, _)) = late {
                *hung.lock().unwrap() = Some(name.clone());
                eprintln!(
                    "{name} does not end: its input is NAME.*.running in {}",
                    trimtab_fuzz::drive::out_folder().display()
                );
                std::process::exit(101);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by(|a, b| a.0.cmp(&b.0));
    let mut failures = Vec::new();
    for (name, report) in &reports {
        let (took, len) = report.slowest;
        eprintln!("{name}: {} inputs, slowest {took:?} for {len} bytes", report.inputs);
        for failure in &report.failures {
            failures.push(format!(
                "{name}: {}\n  TRIMTAB_FUZZ_TARGET={name} TRIMTAB_FUZZ_INPUT={} cargo test -p trimtab-fuzz reproduce -- --nocapture",
                failure.what,
                failure.file.display()
            ));
        }
    }
    assert!(!reports.is_empty(), "no target is called {only}");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    if let Some(peak) = peak_kib() {
        assert!(peak < MAX_MEMORY_KIB, "the process held {peak} KiB");
    }
}

#[test]
fn every_target_has_seeds() {
    for target in targets() {
        if target.seeds.is_empty() {
            eprintln!("no seeds: {}", target.name);
        }
    }
}

#[test]
fn reproduce() {
    let (Ok(name), Ok(file)) =
        (std::env::var("TRIMTAB_FUZZ_TARGET"), std::env::var("TRIMTAB_FUZZ_INPUT"))
    else {
        return;
    };
    let target = targets().into_iter().find(|t| t.name == name).unwrap();
    let result = survive(&target, &std::fs::read(file).unwrap());
    assert!(result.is_ok(), "{result:?}");
    eprintln!("survived: {result:?}");
}

/// The most memory that this process ever held, where the system tells it.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().split(' ').next()?.parse().ok()
}
