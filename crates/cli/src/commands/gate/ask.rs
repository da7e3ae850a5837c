//! What registries say of what a change brings in, several asked at once within a bounded time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use trimtab_connect::registry;
use trimtab_engine::gate::{Before, brought_in};
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Metadata, Purl};

use crate::args::Gate;
use crate::io::Io;
use crate::say;

/// The most packages that are looked up in one gate: a change that brings in more is looked at by people.
const MOST_ASKED: usize = 500;
/// How many are asked at once.
const AT_ONCE: usize = 8;

/// Looks up what the change brings in: what was kept, and with `--ask` also what registries say now.
pub(super) fn all(
    args: &Gate,
    scan: &Scan,
    before: Option<&Before>,
    now: Timestamp,
    io: &mut Io,
) -> impl Fn(&Purl) -> Option<Metadata> + use<> {
    let mut options = io.registries(now);
    options.offline = !args.ask;
    let mut purls = brought_in(scan, before);
    let all = purls.len();
    purls.truncate(MOST_ASKED);
    let limit = Duration::from_secs(args.ask_seconds.into());
    let known = together(&purls, limit, &|purl, left| {
        let mut options = options.clone();
        options.time_limit = options.time_limit.min(left);
        registry::ask(purl, &options).metadata
    });
    let left = all - known.len();
    if args.ask && left > 0 {
        let message = format!(
            "registries were not asked about {left} of {all} packages; what the rules need to know of them counts as unknown"
        );
        let help = "raise --ask-seconds, run it again (answers are kept), or bring in fewer packages at once";
        say::diagnostic(io, &Diagnostic::new(Code::MetadataUnavailable, message).help(help));
    }
    move |purl| known.get(purl).cloned().flatten()
}

/// Asks about each, [`AT_ONCE`] at a time, in their order. What was not begun within the limit is left out;
/// what was begun is told how much time is left.
pub(in crate::commands) fn together<T: Send>(
    purls: &[Purl],
    limit: Duration,
    ask: &(dyn Fn(&Purl, Duration) -> T + Sync),
) -> BTreeMap<Purl, T> {
    let until = Instant::now() + limit;
    let waiting = Mutex::new(purls.iter());
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..purls.len().min(AT_ONCE) {
            scope.spawn(|| {
                loop {
                    let left = until.saturating_duration_since(Instant::now());
                    let next = waiting.lock().ok().and_then(|mut waiting| waiting.next());
                    let Some(purl) = next.filter(|_| !left.is_zero()) else { break };
                    let answer = ask(purl, left);
                    if let Ok(mut answers) = answers.lock() {
                        answers.insert(purl.clone(), answer);
                    }
                }
            });
        }
    });
    answers.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn purls(count: usize) -> Vec<Purl> {
        (0..count).map(|n| Purl::new("npm", None, &format!("p{n:03}"))).collect()
    }

    #[test]
    fn eight_are_asked_at_once_and_every_one_once() {
        let purls = purls(24);
        // Nobody gets past before eight are there.
        let barrier = Barrier::new(AT_ONCE);
        let asked = AtomicUsize::new(0);
        let known = together(&purls, Duration::from_secs(600), &|purl, _| {
            barrier.wait();
            asked.fetch_add(1, Ordering::SeqCst);
            purl.to_string()
        });
        assert_eq!(asked.load(Ordering::SeqCst), 24);
        assert!(known.len() == 24 && known.iter().all(|(purl, told)| purl.to_string() == *told));
    }

    #[test]
    fn without_time_nothing_is_begun() {
        let known = together(&purls(9), Duration::ZERO, &|_, _| ());
        assert!(known.is_empty());
        assert!(together(&[], Duration::from_secs(1), &|_, _| ()).is_empty());
    }
}
