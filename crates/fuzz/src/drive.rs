//! The driver: runs a target on its seeds and on what mutations make of them, for a bounded time.
//!
//! The input that runs is written to a file first, so that it is there even when the process dies
//! of it (an overflow of the stack, no memory). Time is that of the thread, where the system tells
//! it: other work on the machine does not count.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::mutate::{Random, spoil};
use crate::{Target, seeds};

/// The time that one input may take.
pub const MAX_TIME: Duration = Duration::from_secs(2);

/// Different failures of one target, after which its run ends.
const MAX_FAILURES: usize = 8;

/// An input that a target did not survive.
#[derive(Debug)]
pub struct Failure {
    /// Where it panicked and with what words, or that it was slow.
    pub what: String,
    /// The input.
    pub file: PathBuf,
}

/// What a run of one target did.
#[derive(Debug, Default)]
pub struct Report {
    /// Inputs that ran.
    pub inputs: u64,
    /// The longest that an input took, and its size.
    pub slowest: (Duration, usize),
    /// What failed.
    pub failures: Vec<Failure>,
}

/// How long a target runs.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    /// So many mutations: the same ones on every machine, so that a test says the same everywhere.
    Inputs(u64),
    /// So long: as many as fit.
    Time(Duration),
}

/// How long each target runs: `TRIMTAB_FUZZ_SECONDS`, else a fixed number of mutations.
pub fn budget() -> Budget {
    let seconds = env::var("TRIMTAB_FUZZ_SECONDS").ok().and_then(|s| s.parse::<f64>().ok());
    match seconds.map(Duration::try_from_secs_f64) {
        Some(Ok(time)) => Budget::Time(time),
        _ => Budget::Inputs(150),
    }
}

/// Where inputs that fail are written: `TRIMTAB_FUZZ_OUT`, else a folder for temporary files.
pub fn out_folder() -> PathBuf {
    env::var_os("TRIMTAB_FUZZ_OUT").map_or_else(|| env::temp_dir().join("trimtab-fuzz"), Into::into)
}

/// Runs a target: what once failed, its seeds, then mutations until the time is over.
pub fn drive(target: &Target, budget: Budget, seed: u64) -> Report {
    let out = out_folder();
    let _ = fs::create_dir_all(&out);
    let path = out.join(format!("{}.{}.running", target.name, std::process::id()));
    let mut current = File::create(&path).ok();
    let mut report = Report::default();
    let once = seeds::regressions(target.folder);
    for input in once.iter().chain(&target.seeds) {
        one(target, input, &mut current, &out, &mut report);
    }
    let start = Instant::now();
    let mut made = 0u64;
    let mut more = || {
        made += 1;
        match budget {
            Budget::Inputs(most) => made <= most,
            Budget::Time(most) => start.elapsed() < most,
        }
    };
    let mut random = Random::new(seed);
    while more() && report.failures.len() < MAX_FAILURES {
        let pick = random.below(target.seeds.len());
        let mut input = target.seeds.get(pick).cloned().unwrap_or_default();
        let other = target.seeds.get(random.below(target.seeds.len()));
        spoil(&mut input, other.map_or(&[], Vec::as_slice), &mut random);
        one(target, &input, &mut current, &out, &mut report);
    }
    let _ = fs::remove_file(&path);
    report
}

/// Runs one input.
///
/// # Errors
/// A sentence part that says how it failed.
pub fn survive(target: &Target, input: &[u8]) -> Result<Duration, String> {
    listen();
    let (wall, before) = (Instant::now(), thread_time());
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    QUIET.set(false);
    let took = match (before, thread_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => wall.elapsed(),
    };
    if result.is_err() {
        return Err(PANIC.take());
    }
    if took > MAX_TIME {
        return Err(format!("slow: {} bytes take more than {MAX_TIME:?}", input.len()));
    }
    Ok(took)
}

fn one(target: &Target, input: &[u8], current: &mut Option<File>, out: &Path, report: &mut Report) {
    if let Some(file) = current {
        // Not made anew each time: some file systems flush what is cut to nothing and rewritten.
        let _ = file.rewind().and_then(|()| file.write_all(input));
        let _ = file.set_len(input.len() as u64);
    }
    report.inputs += 1;
    match survive(target, input) {
        Ok(took) => {
            if took > report.slowest.0 {
                report.slowest = (took, input.len());
            }
        }
        Err(what) => {
            if report.failures.iter().any(|f| place(&f.what) == place(&what)) {
                return;
            }
            let small = smaller(target, input, &what);
            let file = out.join(format!("{}-{:016x}", target.name, sum(&small)));
            let _ = fs::write(&file, &small);
            report.failures.push(Failure { what, file });
        }
    }
}

/// The place of a panic, without its words: what tells two failures apart.
fn place(what: &str) -> &str {
    what.split_once(": ").map_or(what, |(place, _)| place)
}

/// The smallest input found within some tries that fails at the same place.
fn smaller(target: &Target, input: &[u8], what: &str) -> Vec<u8> {
    let mut best = input.to_vec();
    let end = Instant::now() + Duration::from_secs(10);
    let mut piece = best.len() / 2;
    while piece > 0 && Instant::now() < end {
        let mut at = 0;
        while at < best.len() && Instant::now() < end {
            let mut tried = best.clone();
            tried.drain(at..(at + piece).min(best.len()));
            match survive(target, &tried) {
                Err(again) if place(&again) == place(what) => best = tried,
                _ => at += piece,
            }
        }
        piece /= 2;
    }
    best
}

/// FNV-1a: a name for an input.
fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, b| (sum ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// The time that this thread has had on a processor.
fn thread_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the place and the words of a panic of this thread instead of printing them.
fn listen() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                return before(info);
            }
            let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
            let words = info.payload_as_str().unwrap_or_default();
            PANIC.set(format!("{}: {words}", place.unwrap_or_default()));
        }));
    });
}
