//! What is learnt of cost: named sources, and the laws of the estimate.

use proptest::prelude::*;
use trimtab_charter::preset;
use trimtab_engine::assess::Distance;
use trimtab_engine::plan::learn::{Finished, Kind, Sort, Source, estimate, prior};

const MINOR: Sort =
    Sort { kind: Kind::Upgrade, distance: Some(Distance::Minor), transitive: false };

fn finished(points: f64, reverted: bool) -> Finished {
    Finished { sort: MINOR, points, reverted }
}

#[test]
fn before_there_is_history_the_prior_is_used_and_named() {
    let model = preset::default().cost;
    let of_another_sort =
        Finished { sort: Sort { transitive: true, ..MINOR }, ..finished(9.0, false) };
    let is = estimate(MINOR, &model, &[of_another_sort]);
    assert_eq!(is, prior(MINOR, &model));
    assert_eq!((is.least, is.most, is.confidence), (1.0, 2.0, 0.9));
    assert_eq!(is.source.to_string(), "prior");
}

#[test]
fn history_is_joined_as_reckoned_by_hand() {
    let model = preset::default().cost;
    // Five that took 3, 3, 4, 5 and 6 points: quartiles 3 and 5, as many as the prior counts.
    let all: Vec<Finished> =
        [3.0, 6.0, 3.0, 5.0, 4.0].into_iter().map(|p| finished(p, p == 6.0)).collect();
    let is = estimate(MINOR, &model, &all);
    assert_eq!((is.least, is.most), (2.0, 3.5));
    assert!((is.confidence - (4.5 + 4.0) / 10.0).abs() < 1e-9);
    assert_eq!(is.source, Source::Team { finished: 5, reverted: 1 });
    assert_eq!(
        is.source.to_string(),
        "prior and 5 finished updates of this team, 1 of them taken back"
    );
}

proptest! {
    #[test]
    fn an_estimate_lies_between_prior_and_what_was_seen(
        points in prop::collection::vec((0.0f64..40.0, any::<bool>()), 0..30)
    ) {
        let model = preset::default().cost;
        let all: Vec<Finished> = points.iter().map(|(p, r)| finished(*p, *r)).collect();
        let (is, was) = (estimate(MINOR, &model, &all), prior(MINOR, &model));
        let low = points.iter().map(|(p, _)| *p).fold(was.least, f64::min);
        let high = points.iter().map(|(p, _)| *p).fold(was.most, f64::max);
        prop_assert!(low - 1e-9 <= is.least && is.least <= is.most + 1e-9 && is.most <= high + 1e-9);
        prop_assert!((0.0..=1.0).contains(&is.confidence));
        // One more that was taken back.
        let mut more = all.clone();
        more.push(finished(was.least, true));
        prop_assert!(estimate(MINOR, &model, &more).confidence < is.confidence);
    }
}
