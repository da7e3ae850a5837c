//! How old the packages are on which most is built, by what registries reported about them.

/// How many days old half of some packages are at least: the median of those whose age is known. `None`: it is known of
/// fewer than half of them, or there are none.
pub fn median_age(ages: &[Option<i64>]) -> Option<i64> {
    let mut known: Vec<i64> = ages.iter().copied().flatten().collect();
    if known.is_empty() || known.len() * 2 < ages.len() {
        return None;
    }
    known.sort_unstable();
    known.get((known.len() - 1) / 2).copied()
}

/// A length of time in words that fit its size: `12 days`, `7 months`, `3.4 years`. Less than a day is none.
pub fn age_words(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "1 day".to_owned(),
        2..=59 => format!("{days} days"),
        60..=729 => format!("{} months", days / 30),
        _ => format!("{:.1} years", days as f64 / 365.25),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_known_of_too_few_is_not_known() {
        assert_eq!(median_age(&[]), None);
        assert_eq!(median_age(&[Some(3), None, None]), None);
        assert_eq!(median_age(&[Some(3), None]), Some(3));
        assert_eq!(median_age(&[Some(9), Some(3), Some(5), Some(7)]), Some(5));
    }

    #[test]
    fn ages_are_told_in_fitting_words() {
        let all = [0, 1, 59, 60, 700, 1000].map(age_words);
        assert_eq!(all, ["today", "1 day", "59 days", "2 months", "23 months", "2.7 years"]);
    }

    proptest! {
        #[test]
        fn half_are_as_old_at_most_and_half_at_least(
            ages in prop::collection::vec(prop::option::of(0i64..5000), 1..30),
        ) {
            if let Some(median) = median_age(&ages) {
                let known: Vec<i64> = ages.iter().copied().flatten().collect();
                let below = known.iter().filter(|age| **age <= median).count();
                let above = known.iter().filter(|age| **age >= median).count();
                prop_assert!(below * 2 >= known.len() && above * 2 >= known.len());
            }
        }

        #[test]
        fn what_is_not_known_is_not_zero(ages in prop::collection::vec(0i64..5000, 1..20)) {
            let mut all: Vec<Option<i64>> = ages.into_iter().map(Some).collect();
            let is = median_age(&all);
            prop_assert!(is.is_some());
            // As many of which nothing is known change nothing, and one more makes it unknown.
            let known = all.len();
            all.resize(known * 2, None);
            prop_assert_eq!(median_age(&all), is);
            all.push(None);
            prop_assert_eq!(median_age(&all), None);
        }
    }
}
