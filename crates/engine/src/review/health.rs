//! The health of the dependencies: what came and went between two months, whose licence changed,
//! and how much depends on how few.

use std::collections::{BTreeMap, BTreeSet};

/// A package that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<'a> {
    /// The purl without version.
    pub package: &'a str,
    /// Its licences, as documents declare them. None: nobody declared one.
    pub licences: Vec<&'a str>,
}

/// What is different between two moments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drift<'a> {
    /// Packages that came, by name.
    pub added: Vec<&'a str>,
    /// Packages that went, by name.
    pub removed: Vec<&'a str>,
    /// Packages whose declared licences are other ones: before, and now. What was or is not declared is none.
    pub relicensed: Vec<(&'a str, Vec<&'a str>, Vec<&'a str>)>,
    /// Licences that no package had before.
    pub licences: Vec<&'a str>,
}

/// The difference between two moments. A package that is listed twice is one, with all of its
/// licences.
pub fn drift<'a>(before: &[Held<'a>], now: &[Held<'a>]) -> Drift<'a> {
    let (before, now) = (by_name(before), by_name(now));
    let missing = |from: &BTreeMap<&'a str, BTreeSet<&'a str>>, of: &BTreeMap<&'a str, _>| {
        from.keys().copied().filter(|name| !of.contains_key(name)).collect()
    };
    let list = |set: &BTreeSet<&'a str>| set.iter().copied().collect::<Vec<_>>();
    let relicensed = now.iter().filter_map(|(name, is)| {
        let was = before.get(name)?;
        let both = !was.is_empty() && !is.is_empty();
        (both && was != is).then(|| (*name, list(was), list(is)))
    });
    let known: BTreeSet<&str> = before.values().flatten().copied().collect();
    let all: BTreeSet<&str> = now.values().flatten().copied().collect();
    Drift {
        added: missing(&now, &before),
        removed: missing(&before, &now),
        relicensed: relicensed.collect(),
        licences: all.difference(&known).copied().collect(),
    }
}

fn by_name<'a>(all: &[Held<'a>]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in all {
        of.entry(one.package).or_default().extend(one.licences.iter().copied());
    }
    of
}

/// How much hangs on how few.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concentration {
    /// The share of the greatest one, 0 to 1.
    pub first: f64,
    /// The share of the five greatest.
    pub five: f64,
    /// How many of the greatest make up half.
    pub half: usize,
    /// How many there are.
    pub of: usize,
}

/// How the parts of a sum lie. `None`: there is nothing.
pub fn concentration(values: impl IntoIterator<Item = f64>) -> Option<Concentration> {
    let mut all: Vec<f64> =
        values.into_iter().filter(|value| value.is_finite() && *value > 0.0).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let sum: f64 = all.iter().sum();
    let mut held = 0.0;
    let half = all.iter().take_while(|value| {
        let more = held < sum / 2.0;
        held += **value;
        more
    });
    let half = half.count();
    Some(Concentration {
        first: all.first()? / sum,
        five: all.iter().take(5).sum::<f64>() / sum,
        half,
        of: all.len(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held<'a>(package: &'a str, licences: &[&'a str]) -> Held<'a> {
        Held { package, licences: licences.to_vec() }
    }

    #[test]
    fn two_months_by_hand() {
        let before = [held("a", &["MIT"]), held("b", &["MIT"]), held("c", &[]), held("e", &["X"])];
        let now = [held("b", &["BUSL-1.1"]), held("c", &["MIT"]), held("d", &["MIT"])];
        let now = [&now[..], &[held("e", &[]), held("b", &["MIT"])]].concat();
        let is = drift(&before, &now);
        assert_eq!((is.added, is.removed), (vec!["d"], vec!["a"]));
        // What nobody declared before, or declares now, is no other licence.
        assert_eq!(is.relicensed, [("b", vec!["MIT"], vec!["BUSL-1.1", "MIT"])]);
        assert_eq!(is.licences, ["BUSL-1.1"]);
    }

    #[test]
    fn half_of_a_load_by_hand() {
        let is = concentration([10.0, 50.0, 25.0, 5.0, 10.0]).unwrap();
        assert_eq!((is.first, is.five, is.half, is.of), (0.5, 1.0, 1, 5));
        let even = concentration([1.0; 10]).unwrap();
        assert_eq!((even.first, even.five, even.half, even.of), (0.1, 0.5, 5, 10));
        assert_eq!(concentration([0.0, f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn what_came_one_way_went_the_other(
            before in prop::collection::vec((0usize..8, 0usize..4), 0..12),
            now in prop::collection::vec((0usize..8, 0usize..4), 0..12),
        ) {
            let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
            let of = |all: &[(usize, usize)]| -> Vec<Held<'static>> {
                let one = |(name, licence): &(usize, usize)| {
                    let licences = ["MIT", "BSD", "GPL"].get(*licence).copied();
                    Held { package: names[*name], licences: licences.into_iter().collect() }
                };
                all.iter().map(one).collect()
            };
            let (before, now) = (of(&before), of(&now));
            let (there, back) = (drift(&before, &now), drift(&now, &before));
            prop_assert_eq!(&there.added, &back.removed);
            prop_assert_eq!(&there.removed, &back.added);
            prop_assert_eq!(there.relicensed.len(), back.relicensed.len());
            prop_assert_eq!(drift(&now, &now), Drift::default());
        }

        #[test]
        fn shares_are_shares(values in prop::collection::vec(0.0f64..100.0, 0..20)) {
            if let Some(is) = concentration(values) {
                prop_assert!(is.first > 0.0 && is.first <= is.five + 1e-9 && is.five <= 1.0 + 1e-9);
                prop_assert!(is.half >= 1 && is.half <= is.of);
            }
        }
    }
}
