//! What a policy may cost, and how work that costs more is stopped.
//!
//! The Rego engine looks at the clock between its own steps, which stops loops. A single built-in
//! that runs on, or takes memory without end, does not return to it. So the work is done on a
//! thread of its own and watched: if it does not answer in time, or the process grows by more than
//! the limit, the policy counts as failed and its thread is left behind. It ends with the process.
//! Packages run side by side, so if one takes all the memory, another that is running at that
//! moment may be reported to have failed with it; the gate does not pass either way.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What one policy may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long the rules of one package may take.
    pub time: Duration,
    /// By how many bytes the process may grow while they run. Where the system does not say how large
    /// a process is, only the time is watched.
    pub memory: usize,
    /// The largest file that is read as policy, in bytes.
    pub file: usize,
    /// How many results one package may give.
    pub results: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { time: Duration::from_secs(2), memory: 512 << 20, file: 1 << 20, results: 100_000 }
    }
}

/// Why a piece of work gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It did not answer in time.
    Time,
    /// The process grew by more than the limit.
    Memory,
    /// It failed unexpectedly.
    Fault(String),
}

/// What the engine's own timer gets before the watch gives up: the timer's answer names a line.
const GRACE: Duration = Duration::from_millis(500);
/// How often the watch looks at the size of the process.
const LOOK: Duration = Duration::from_millis(5);
/// Address space of the thread; nested rules and values recurse. Only what is used is taken.
const STACK: usize = 128 << 20;

/// How many pieces of work are done side by side, at most.
const SIDE_BY_SIDE: usize = 4;

/// Does `work` for every number below `count`, each within the limits, and gives the answers in order.
pub(crate) fn each<T: Send + 'static>(
    count: usize,
    limits: Limits,
    work: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<Result<T, Stopped>> {
    let task = Arc::new(Task { next: AtomicUsize::new(0), count, work });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut answers: BTreeMap<usize, Result<T, Stopped>> = std::thread::scope(|scope| {
        let lane = |_| scope.spawn(|| lane(&task, limits));
        let lanes: Vec<_> = (0..cores.min(SIDE_BY_SIDE).min(count)).map(lane).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap_or_default()).collect()
    });
    let lost = || Err(Stopped::Fault("the watch failed".to_owned()));
    (0..count).map(|i| answers.remove(&i).unwrap_or_else(lost)).collect()
}

/// What is to be done, and how far it is.
struct Task<W> {
    next: AtomicUsize,
    count: usize,
    work: W,
}

impl<W> Task<W> {
    /// The next piece, which nobody else takes.
    fn take(&self) -> Option<usize> {
        let i = self.next.fetch_add(1, Ordering::Relaxed);
        (i < self.count).then_some(i)
    }
}

/// What a thread reports to its watch.
enum News<T> {
    Began(usize),
    Ended(Result<T, Stopped>),
}

/// Does one piece after the other, on one thread as long as it answers.
fn lane<T: Send + 'static, W: Fn(usize) -> T + Send + Sync + 'static>(
    task: &Arc<Task<W>>,
    limits: Limits,
) -> Vec<(usize, Result<T, Stopped>)> {
    let mut answers = Vec::new();
    loop {
        let (sender, receiver) = channel();
        let own = Arc::clone(task);
        let thread = std::thread::Builder::new().name("policy".into()).stack_size(STACK);
        let started = thread.spawn(move || {
            while let Some(i) = own.take() {
                let _ = sender.send(News::Began(i));
                let answer = catch_unwind(AssertUnwindSafe(|| (own.work)(i)));
                let answer = answer.map_err(|fault| Stopped::Fault(told(fault.as_ref())));
                // Nobody listens to a thread that was left behind: it takes nothing more.
                if sender.send(News::Ended(answer)).is_err() {
                    return;
                }
            }
        });
        if let Err(error) = started {
            let fault = Stopped::Fault(format!("no thread could be started: {error}"));
            answers.extend(std::iter::from_fn(|| task.take()).map(|i| (i, Err(fault.clone()))));
            return answers;
        }
        loop {
            let Ok(News::Began(i)) = receiver.recv() else { return answers };
            let answer = watch(&receiver, limits);
            let leave = matches!(answer, Err(Stopped::Time | Stopped::Memory));
            answers.push((i, answer));
            if leave {
                break;
            }
        }
    }
}

/// Waits for the end of one piece.
fn watch<T>(receiver: &Receiver<News<T>>, limits: Limits) -> Result<T, Stopped> {
    let start = Instant::now();
    let size = || memory_stats::memory_stats().map(|stats| stats.physical_mem);
    let before = size();
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(News::Ended(answer)) => return answer,
            Ok(News::Began(_)) | Err(RecvTimeoutError::Disconnected) => {
                return Err(Stopped::Fault("the thread ended without an answer".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if start.elapsed() > limits.time + GRACE {
            return Err(Stopped::Time);
        }
        if before.zip(size()).is_some_and(|(b, now)| now.saturating_sub(b) > limits.memory) {
            return Err(Stopped::Memory);
        }
    }
}

/// What a panic says.
pub(crate) fn told(fault: &(dyn Any + Send)) -> String {
    let text = fault.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| fault.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a fault".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_answer_is_left_behind_and_the_rest_is_done() {
        let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
        let (hold, held) = channel::<()>();
        let held = std::sync::Mutex::new(held);
        let answers = each(4, limits, move |i| match i {
            1 => {
                // Until the test drops its end.
                let _ = held.lock().unwrap().recv();
                1
            }
            2 => panic!("two"),
            i => i,
        });
        drop(hold);
        assert_eq!(answers, [Ok(0), Err(Stopped::Time), Err(Stopped::Fault("two".into())), Ok(3)]);
    }
}
