//! Progress on standard error: nothing for work under 300 ms; one line per phase on a terminal,
//! plain lines elsewhere.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::io::Io;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// The least time between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// A line of progress for a sequence of phases.
pub struct Progress {
    started: Instant,
    terminal: bool,
    ascii: bool,
    bar: Option<ProgressBar>,
    phase: String,
    /// How far the phase is.
    reached: (u64, u64),
    last_plain: Option<Instant>,
}

impl Progress {
    /// Progress for work that starts now.
    pub fn new(io: &Io) -> Progress {
        Progress {
            started: Instant::now(),
            terminal: io.terminal_err,
            ascii: io.ascii,
            bar: None,
            phase: String::new(),
            reached: (0, 0),
            last_plain: None,
        }
    }

    /// `done` of `total` of a phase. `bytes`: they are bytes.
    pub fn report(&mut self, phase: &str, done: u64, total: u64, bytes: bool) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        if self.phase == phase && self.is_back(done, total) {
            return;
        }
        self.reached = (done, total);
        if self.terminal {
            self.draw(phase, done, total, bytes);
        } else {
            self.tell(phase, done, total, bytes);
        }
    }

    /// Whether the phase was further already: what several threads tell may come in another order than it was done.
    fn is_back(&self, done: u64, total: u64) -> bool {
        let (reached, of) = self.reached;
        of == total && done < reached
    }

    fn draw(&mut self, phase: &str, done: u64, total: u64, bytes: bool) {
        if self.phase != phase {
            self.finish();
            self.phase = phase.to_owned();
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let template = if bytes {
                "{msg:<24} {bar:24} {bytes:>10}/{total_bytes} {bytes_per_sec:>12} {eta:>4} left"
            } else {
                "{msg:<24} {bar:24} {human_pos:>9}/{human_len} {per_sec:>12} {eta:>4} left"
            };
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style.progress_chars(if self.ascii { "#>-" } else { "━━─" }));
            bar.set_message(phase.to_owned());
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    fn tell(&mut self, phase: &str, done: u64, total: u64, bytes: bool) {
        let now = Instant::now();
        let new = self.phase != phase;
        if new || self.last_plain.is_none_or(|last| now.duration_since(last) >= PLAIN_EVERY) {
            self.phase = phase.to_owned();
            self.last_plain = Some(now);
            if bytes {
                // The total grows as more files are begun: a percentage would go back.
                let (done, total) = (HumanBytes(done), HumanBytes(total));
                eprintln!("{phase}: {done} of {total}");
                return;
            }
            let percent = (done.saturating_mul(100)).checked_div(total).unwrap_or(0);
            eprintln!("{phase}: {percent} %");
        }
    }

    /// Takes the line away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Says again and again how long something has been going on, of which nothing else is told until it ends.
#[derive(Debug, Clone)]
pub struct Pulse(mpsc::Sender<Option<String>>);

impl Pulse {
    /// Begins with nothing. `every`: how often it is said, by `tell`. It ends with the last clone of this.
    pub fn new(every: Duration, tell: impl Fn(&str) + Send + 'static) -> Pulse {
        let (send, receive) = mpsc::channel::<Option<String>>();
        thread::spawn(move || {
            let mut now: Option<(String, Instant)> = None;
            loop {
                match receive.recv_timeout(every) {
                    Ok(next) => now = next.map(|what| (what, Instant::now())),
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        if let Some((what, since)) = &now {
                            tell(&so_far(what, since.elapsed()));
                        }
                    }
                }
            }
        });
        Pulse(send)
    }

    /// Something begins.
    pub fn next(&self, what: &str) {
        let _ = self.0.send(Some(what.to_owned()));
    }

    /// It has ended, and nothing else begins.
    pub fn rest(&self) {
        let _ = self.0.send(None);
    }
}

fn so_far(what: &str, time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{what}: {seconds} s so far"),
        seconds => format!("{what}: {} min so far", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_takes_is_said_of_what_goes_on() {
        let (send, said) = mpsc::channel();
        let pulse = Pulse::new(Duration::from_millis(1), move |text| {
            let _ = send.send(text.to_owned());
        });
        let next = || said.recv_timeout(Duration::from_secs(60)).ok();
        for what in ["fetching: ", "testing: "] {
            pulse.next(what.trim_end_matches(": "));
            assert!(std::iter::from_fn(next).any(|text| text.starts_with(what)), "{what}");
        }
        drop(pulse);
        // Nobody says anything any longer.
        assert!(said.iter().all(|text| text.starts_with("testing: ")));
        assert_eq!(so_far("testing", Duration::from_secs(59)), "testing: 59 s so far");
        assert_eq!(so_far("testing", Duration::from_secs(179)), "testing: 2 min so far");
    }

    #[test]
    fn a_phase_never_goes_back() {
        let long_ago = Instant::now().checked_sub(PATIENCE * 2).unwrap();
        let mut progress = Progress {
            started: long_ago,
            terminal: false,
            ascii: true,
            bar: None,
            phase: String::new(),
            reached: (0, 0),
            last_plain: None,
        };
        let mut reached = Vec::new();
        for (phase, done) in [("a", 1), ("a", 3), ("a", 2), ("b", 1), ("b", 2)] {
            progress.report(phase, done, 4, false);
            reached.push((progress.phase.clone(), progress.reached.0));
        }
        let all = [("a", 1), ("a", 3), ("a", 3), ("b", 1), ("b", 2)];
        assert_eq!(reached, all.map(|(phase, done)| (phase.to_owned(), done)));
    }
}
