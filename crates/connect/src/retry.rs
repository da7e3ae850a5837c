//! When to try again, and after how long. Time is passed in, so that tests do not wait.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The time, and waiting.
pub trait Clock: Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn pause(&self, time: Duration);
    /// The longest that it waits where a server asks to: of more, who asks is told.
    fn longest(&self) -> Duration {
        MAX_WAIT
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// How often something is tried that may succeed later.
pub(crate) const TRIES: u32 = 5;
/// The pause before the second try; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest wait that a server may ask for.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(120);

/// The pause after the `failed`-th try in a row (1 is the first): doubling, and up to half as
/// much again by chance, so that many clients do not come back together.
pub(crate) fn pause(failed: u32) -> Duration {
    let base =
        FIRST_PAUSE.saturating_mul(1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
    let base = base.min(MAX_WAIT);
    // The standard hasher is keyed by chance; no more randomness than that is needed.
    let chance = RandomState::new().hash_one(failed) % 512;
    base + base.mul_f64(chance as f64 / 1024.0)
}

/// The wait that a `Retry-After` asks for (RFC 9110 §10.2.3): seconds or a date.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value)?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// A date of HTTP in its usual form (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub(crate) fn http_date(value: &str) -> Option<Timestamp> {
    const PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(value.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_bounded() {
        for (failed, seconds) in [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (40, 120.0)] {
            let pause = pause(failed).as_secs_f64();
            assert!((seconds..=seconds * 1.5).contains(&pause), "{failed}: {pause}");
        }
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let wait = |value| retry_after(value, now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sat, 21 Nov 2026 10:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sat, 21 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }
}
