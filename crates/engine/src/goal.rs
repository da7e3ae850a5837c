//! Goals that people share: from one number to another by a day, and how far it has got.

use jiff::Timestamp;

/// What a goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The load.
    Load,
    /// The median of the days to remediate.
    Remediation,
    /// The share of deadlines that are kept, in per cent.
    Deadlines,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Measure; 3] = [Measure::Load, Measure::Remediation, Measure::Deadlines];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Measure::Load => "load",
            Measure::Remediation => "remediation",
            Measure::Deadlines => "deadlines",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<Measure> {
        Measure::ALL.into_iter().find(|measure| measure.as_str() == text)
    }

    /// Whether less of it is better.
    pub const fn falls(self) -> bool {
        matches!(self, Measure::Load | Measure::Remediation)
    }
}

/// A goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Of what.
    pub measure: Measure,
    /// Where it began.
    pub from: f64,
    /// Where it is to be.
    pub to: f64,
    /// Since when.
    pub begins: Timestamp,
    /// By when.
    pub ends: Timestamp,
}

/// The state of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Reached,
    /// As far as the time that went, or farther.
    OnTrack,
    /// Not as far as the time that went.
    Behind,
    /// The time is over, and it is not there.
    Missed,
    /// The number is not known.
    Unknown,
}

impl Standing {
    /// The term for people and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Reached => "reached",
            Standing::OnTrack => "on track",
            Standing::Behind => "behind",
            Standing::Missed => "missed",
            Standing::Unknown => "unknown",
        }
    }
}

/// How far a goal is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The share of the way, 0 to 1. `None`: the number is not known.
    pub way: Option<f64>,
    /// The share of the time.
    pub time: f64,
    /// Its state.
    pub standing: Standing,
}

/// In this share of its time no goal is behind: nobody could have done anything for it yet.
const BEGINNING: f64 = 0.02;

impl Goal {
    /// How far it is, with the number of now; once it is over, with that of its last day.
    pub fn progress(&self, value: Option<f64>, now: Timestamp) -> Progress {
        let whole = self.ends.duration_since(self.begins).as_secs_f64();
        let gone = now.duration_since(self.begins).as_secs_f64();
        let time = if whole > 0.0 { (gone / whole).clamp(0.0, 1.0) } else { 1.0 };
        let Some(value) = value.filter(|value| value.is_finite()) else {
            return Progress { way: None, time, standing: Standing::Unknown };
        };
        // A share that was reckoned is off by the last digits.
        let there = match self.measure.falls() {
            true => value <= self.to + 1e-9,
            false => value + 1e-9 >= self.to,
        };
        let way = match self.to - self.from {
            _ if there => 1.0,
            distance if distance.abs() < 1e-9 => 0.0,
            // At the start of a way down it is `-0.0` before its sign is taken off.
            distance => ((value - self.from) / distance).clamp(0.0, 1.0).abs(),
        };
        let standing = match there {
            true => Standing::Reached,
            false if now >= self.ends => Standing::Missed,
            false if way + 1e-9 >= time || time < BEGINNING => Standing::OnTrack,
            false => Standing::Behind,
        };
        Progress { way: Some(way), time, standing }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn at_the_start_of_a_way_down_there_is_no_minus() {
        let load =
            Goal { measure: Measure::Load, from: 200.0, to: 100.0, begins: at(0), ends: at(100) };
        let way = load.progress(Some(200.0), at(0)).way.unwrap();
        assert!(way < 1e-9 && way.is_sign_positive(), "{way}");
    }

    #[test]
    fn it_is_as_far_as_its_number() {
        let load =
            Goal { measure: Measure::Load, from: 200.0, to: 100.0, begins: at(0), ends: at(100) };
        for (value, now, way, standing) in [
            (Some(150.0), 40, Some(0.5), Standing::OnTrack),
            (Some(150.0), 60, Some(0.5), Standing::Behind),
            (Some(240.0), 10, Some(0.0), Standing::Behind),
            (Some(200.0), 0, Some(0.0), Standing::OnTrack),
            (Some(200.0), 1, Some(0.0), Standing::OnTrack),
            (Some(200.0), 2, Some(0.0), Standing::Behind),
            (Some(90.0), 10, Some(1.0), Standing::Reached),
            (Some(101.0), 100, Some(0.99), Standing::Missed),
            (None, 50, None, Standing::Unknown),
            (Some(f64::NAN), 50, None, Standing::Unknown),
        ] {
            let is = load.progress(value, at(now));
            assert_eq!(
                is.way.map(|way| (way * 100.0).round()),
                way.map(|way: f64| (way * 100.0).round())
            );
            assert_eq!(is.standing, standing, "{value:?} at {now}");
        }
        let kept = Goal { measure: Measure::Deadlines, from: 70.0, to: 90.0, ..load };
        assert_eq!(kept.progress(Some(80.0), at(50)).standing, Standing::OnTrack);
        assert_eq!(kept.progress(Some(95.0), at(50)).standing, Standing::Reached);
        let exact = Goal { to: 57.0, from: 20.0, ..kept };
        assert_eq!(exact.progress(Some(57.0 / 100.0 * 100.0), at(100)).standing, Standing::Reached);
    }

    proptest! {
        /// A better number is never farther from the goal.
        #[test]
        fn better_is_farther(
            measure in 0usize..3, from in 0.0..500.0f64, to in 0.0..500.0f64,
            one in 0.0..500.0f64, other in 0.0..500.0f64, now in 0i64..200,
        ) {
            let measure = Measure::ALL[measure];
            // The way leads where the measure gets better.
            let (from, to) = if measure.falls() == (from >= to) { (from, to) } else { (to, from) };
            let goal = Goal { measure, from, to, begins: at(0), ends: at(100) };
            let (better, worse) = match measure.falls() == (one <= other) {
                true => (one, other),
                false => (other, one),
            };
            let (a, b) = (goal.progress(Some(better), at(now)), goal.progress(Some(worse), at(now)));
            prop_assert!(a.way >= b.way, "{a:?} {b:?}");
            prop_assert!((0.0..=1.0).contains(&a.time));
            prop_assert!(a.standing != Standing::OnTrack || now < 100);
        }
    }
}
