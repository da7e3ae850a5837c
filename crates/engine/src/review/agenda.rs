//! The agenda: parts in a fixed order, topics in the order of their urgency, minutes that sum to the whole.

use std::cmp::{Ordering, Reverse};

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Level;

/// A kind of review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Every week: what to do next.
    Weekly,
    /// Every month: how healthy what is relied on is.
    Monthly,
    /// Every quarter: what attackers did, and how fast we were.
    Quarterly,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Weekly, Kind::Monthly, Kind::Quarterly];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Weekly => "weekly",
            Kind::Monthly => "monthly",
            Kind::Quarterly => "quarterly",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What it is called.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Weekly => "Weekly dependency review",
            Kind::Monthly => "Monthly supply-chain health",
            Kind::Quarterly => "Quarterly threat briefing",
        }
    }

    /// Its agenda from top to bottom.
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Kind::Weekly => &Part::ALL,
            Kind::Monthly => &[
                Part::Follow,
                Part::Added,
                Part::Removed,
                Part::Relied,
                Part::Ending,
                Part::Unmanaged,
                Part::Concentration,
                Part::Licences,
                Part::Noise,
            ],
            Kind::Quarterly => &[
                Part::Follow,
                Part::Exploited,
                Part::Nearly,
                Part::Attacks,
                Part::NearMisses,
                Part::Speed,
                Part::Watch,
            ],
        }
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $title:literal;)*) => {
        /// What a review looks at; a weekly one in the order of [`Part::ALL`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Part { $($(#[$doc])* $variant),* }

        impl Part {
            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Part::$variant => $word),* }
            }

            /// Its title in an agenda.
            pub const fn title(self) -> &'static str {
                match self { $(Part::$variant => $title),* }
            }
        }
    };
}

parts! {
    /// What earlier reviews decided, and what became of it.
    Follow = "follow-through", "Earlier decisions";
    /// Findings that came since the last review, above the line.
    New = "new", "New above the accepted level";
    /// Findings past their deadline, or close to it.
    Deadlines = "deadlines", "Deadlines at risk";
    /// Exceptions that end soon.
    Exceptions = "exceptions", "Exceptions that end";
    /// Decisions that were asked for.
    Answers = "answers", "Decisions asked for";
    /// What is planned for the next windows.
    Plan = "plan", "The next windows";
    /// Packages that came since the last month.
    Added = "added", "Dependencies added";
    /// Packages that went.
    Removed = "removed", "Dependencies removed";
    /// The packages that most is built on.
    Relied = "relied-on", "Most relied on";
    /// What is no longer supported, or soon will not be.
    Ending = "end-of-life", "Approaching end of life";
    /// What advisories cannot be looked up for.
    Unmanaged = "unmanaged", "Unmanaged dependencies";
    /// How much hangs on how few.
    Concentration = "concentration", "Concentration";
    /// Licences that are new, or other ones than before.
    Licences = "licences", "Licence drift";
    /// How often teams were asked and notified.
    Noise = "noise", "Noise";
    /// What was exploited in the wild, and was here.
    Exploited = "exploited", "Exploited in the wild, and here";
    /// What was exploited in the wild in another version than ours.
    Nearly = "nearly", "Exploited in the wild, and nearly here";
    /// What attackers published.
    Attacks = "attacks", "Attack patterns";
    /// What was caught before it touched anything.
    NearMisses = "near-misses", "Near misses";
    /// How fast we were.
    Speed = "speed", "How fast we were";
    /// What to look at.
    Watch = "watch", "What to watch";
}

impl Part {
    /// The agenda of a weekly review from top to bottom.
    pub const ALL: [Part; 6] =
        [Part::Follow, Part::New, Part::Deadlines, Part::Exceptions, Part::Answers, Part::Plan];

    /// From the word.
    pub fn from_text(text: &str) -> Option<Part> {
        let mut all = Kind::ALL.into_iter().flat_map(Kind::parts).copied();
        all.find(|part| part.as_str() == text)
    }
}

/// Something to be discussed.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// What it is, the same in every review: `finding:12`.
    pub key: String,
    /// Its level, where it has one.
    pub level: Option<Level>,
    /// What it weighs.
    pub weight: f64,
    /// By when.
    pub due: Option<Timestamp>,
}

/// What comes first within a part: new findings by level and weight, everything else by when it is
/// due. The order is total: two topics always have the same order.
pub fn order(part: Part, a: &Topic, b: &Topic) -> Ordering {
    let due = |topic: &Topic| topic.due.map_or(i64::MAX, Timestamp::as_microsecond);
    let by_due = due(a).cmp(&due(b));
    let by_level = b.level.cmp(&a.level);
    let by_weight = b.weight.total_cmp(&a.weight);
    let first = match part {
        Part::New => by_level.then(by_weight).then(by_due),
        _ => by_due.then(by_level).then(by_weight),
    };
    first.then_with(|| a.key.cmp(&b.key))
}

/// How long each part of a meeting is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// Minutes of each part; none for a part in which there is nothing.
    pub parts: Vec<u32>,
    /// Minutes to say again what was decided.
    pub end: u32,
}

impl Times {
    /// The length of the whole.
    pub fn whole(&self) -> u32 {
        self.parts.iter().sum::<u32>() + self.end
    }

    /// The same with a third of the whole at most for each part: what is over goes to the end.
    #[must_use]
    pub fn at_most_a_third(mut self) -> Times {
        let most = (self.whole() / 3).max(1);
        for minutes in &mut self.parts {
            let over = minutes.saturating_sub(most);
            *minutes -= over;
            self.end += over;
        }
        self
    }

    /// When each part begins and ends, and the end of the meeting after them.
    pub fn spans(&self, begun: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut at = begun;
        let mut span = |minutes: u32| {
            let from = at;
            at += SignedDuration::from_mins(i64::from(minutes));
            (from, at)
        };
        self.parts.iter().copied().chain([self.end]).map(&mut span).collect()
    }

    /// The part that it is time for, after the last of them for the end. `None`: before it began, or over.
    pub fn part_at(&self, begun: Timestamp, now: Timestamp) -> Option<usize> {
        self.spans(begun).iter().position(|(from, to)| *from <= now && now < *to)
    }
}

/// Gives a meeting's minutes to its parts, by how many topics each has: a minute at least for each that has any, more of
/// the rest the more topics there are, but not in proportion, so that a long list leaves time for a short one. A tenth is
/// for the end; without topics all of it is.
pub fn times(counts: &[usize], whole: u32) -> Times {
    let filled = counts.iter().filter(|count| **count > 0).count();
    let filled = u32::try_from(filled).unwrap_or(u32::MAX);
    if filled == 0 {
        return Times { parts: vec![0; counts.len()], end: whole };
    }
    let end = (whole / 10).min(whole.saturating_sub(filled));
    let free = whole - end;
    let least = u32::from(free >= filled);
    let rest = u64::from(free - least * filled);
    let weight = |count: usize| u64::try_from(count.saturating_mul(100).isqrt()).unwrap_or(1);
    let sum: u64 = counts.iter().map(|count| weight(*count)).sum::<u64>().max(1);
    let mut parts = Vec::with_capacity(counts.len());
    let mut over = Vec::with_capacity(counts.len());
    for (at, count) in counts.iter().enumerate() {
        let share = rest * weight(*count);
        let base = if *count > 0 { least } else { 0 };
        parts.push(base + u32::try_from(share / sum).unwrap_or(0));
        if *count > 0 {
            over.push((share % sum, *count, at));
        }
    }
    // What does not divide goes to whom it is nearest; of equals, to the longer list, then to the first.
    over.sort_by_key(|(remainder, count, at)| (Reverse(*remainder), Reverse(*count), *at));
    let mut left = free - parts.iter().sum::<u32>();
    for (_, _, at) in over.iter().cycle() {
        if left == 0 {
            break;
        }
        if let Some(minutes) = parts.get_mut(*at) {
            *minutes += 1;
            left -= 1;
        }
    }
    Times { parts, end }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two lists that weigh the same, of which the second is longer by one.
    #[test]
    fn of_equal_weights_the_longer_list_has_the_minute() {
        let counts = [180, 180, 676, 553, 369, 529, 181];
        let times = times(&counts, 65);
        assert!(times.parts[6] >= times.parts[0], "{times:?}");
        assert_eq!(times.whole(), 65);
    }

    #[test]
    fn no_part_has_more_than_a_third() {
        let whole = times(&[0, 20, 1], 45);
        assert!(whole.parts[1] > 15, "{whole:?}");
        let times = whole.at_most_a_third();
        assert_eq!((times.parts[0], times.parts[1], times.whole()), (0, 15, 45));
    }

    proptest! {
        #[test]
        fn minutes_sum_to_the_whole(
            counts in prop::collection::vec(0usize..2000, 0..9),
            whole in 10u32..240,
        ) {
            let times = times(&counts, whole);
            prop_assert_eq!(times.whole(), whole);
            for (count, minutes) in counts.iter().zip(&times.parts) {
                prop_assert_eq!(*count > 0, *minutes > 0, "{:?} {:?}", counts, times);
            }
            // More topics are never less time.
            for (a, x) in counts.iter().zip(&times.parts) {
                for (b, y) in counts.iter().zip(&times.parts) {
                    prop_assert!(a <= b || y <= x, "{:?} {:?}", counts, times);
                }
            }
            // One part after the other, without a gap, from the beginning to the end.
            let spans = times.spans(Timestamp::UNIX_EPOCH);
            prop_assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0));
            let end = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(i64::from(whole));
            prop_assert_eq!(spans.last().map(|span| span.1), Some(end));
            prop_assert_eq!(times.part_at(Timestamp::UNIX_EPOCH, end), None);
        }

        #[test]
        fn topics_have_one_order(
            all in prop::collection::vec((0u8..4, 0i64..4, prop::option::of(0i64..3), 0u8..5), 0..12),
            seed in any::<u64>(),
        ) {
            let topic = |(at, (level, weight, due, _)): (usize, &(u8, i64, Option<i64>, u8))| Topic {
                key: format!("finding:{at}"),
                level: Level::ALL.get(usize::from(*level)).copied(),
                weight: *weight as f64,
                due: due.map(|due| Timestamp::from_second(due).unwrap()),
            };
            for part in Kind::ALL.into_iter().flat_map(Kind::parts).copied() {
                let mut one: Vec<Topic> = all.iter().enumerate().map(topic).collect();
                let mut other = one.clone();
                let by = usize::try_from(seed % 7).unwrap();
                let length = other.len().max(1);
                other.rotate_left(by % length);
                one.sort_by(|a, b| order(part, a, b));
                other.sort_by(|a, b| order(part, a, b));
                prop_assert_eq!(one, other);
            }
        }
    }

    #[test]
    fn every_part_has_a_word_of_its_own() {
        let all: Vec<Part> = Kind::ALL.into_iter().flat_map(Kind::parts).copied().collect();
        for part in &all {
            assert_eq!(Part::from_text(part.as_str()), Some(*part));
        }
        assert!(Kind::ALL.iter().all(|kind| Kind::from_text(kind.as_str()) == Some(*kind)));
        assert_eq!(Part::from_text("x"), None);
    }

    #[test]
    fn half_an_hour_of_an_ordinary_week() {
        let times = times(&[3, 12, 5, 1, 0, 4], 30);
        assert_eq!(times.end, 3);
        assert_eq!(times.parts.iter().sum::<u32>(), 27);
        assert_eq!(times.parts[4], 0);
        assert!(times.parts[1] < 12, "a long list leaves time for the others: {times:?}");
        assert_eq!(super::times(&[0, 0], 30), Times { parts: vec![0, 0], end: 30 });
        let begun = Timestamp::UNIX_EPOCH;
        assert_eq!(times.part_at(begun, begun), Some(0));
        assert_eq!(times.part_at(begun, begun + SignedDuration::from_mins(29)), Some(6));
        assert_eq!(times.part_at(begun, begun - SignedDuration::from_secs(1)), None);
    }
}
