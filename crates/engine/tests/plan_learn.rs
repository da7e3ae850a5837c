//! What is learnt of cost: named sources, and the laws of the estimate.

use proptest::prelude::*;
use trimtab_charter::preset;
use trimtab_engine::assess::Distance;
use trimtab_engine::plan::learn::{
    Estimate, Finished, Kind, Over, Sort, Source, estimate, learnt, prior, taught,
};
use trimtab_model::Way;

const MINOR: Sort =
    Sort { kind: Kind::Upgrade, distance: Some(Distance::Minor), transitive: false };

fn finished(points: f64, reverted: bool) -> Finished {
    Finished { sort: MINOR, points: Some(points), days: None, reverted }
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
        "prior and 5 finished updates of this team, 1 of them reverted"
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

/// What is particular to an action that was priced elsewhere.
fn beside(of: &Estimate, points: f64, share: f64) -> Estimate {
    Estimate {
        least: of.least + points,
        most: of.most + points,
        confidence: of.confidence * share,
        source: Source::Prior,
    }
}

fn sorts() -> impl Strategy<Value = Sort> {
    let distance = prop::option::of(prop::sample::select(vec![
        Distance::Patch,
        Distance::Minor,
        Distance::Major,
    ]));
    let kind = prop::sample::select(Kind::ALL.to_vec());
    (kind, distance, any::<bool>()).prop_map(|(kind, distance, transitive)| Sort {
        kind,
        distance,
        transitive,
    })
}

fn histories() -> impl Strategy<Value = Vec<Finished>> {
    let points = prop::option::of(0.0f64..40.0);
    let days = prop::option::of(0.0f64..90.0);
    let one = (sorts(), points, days, any::<bool>())
        .prop_map(|(sort, points, days, reverted)| Finished { sort, points, days, reverted });
    prop::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn what_nothing_is_known_of_is_priced_by_the_prior_alone(sort in sorts(), all in histories()) {
        let model = preset::default().cost;
        let others: Vec<Finished> = all.into_iter().filter(|f| f.sort != sort).collect();
        let is = estimate(sort, &model, &others);
        prop_assert_eq!(is, prior(sort, &model));
        prop_assert_eq!(is.source.to_string(), "prior");
        // What was pushed with points keeps them, too.
        let pushed = beside(&is, 1.5, 0.9);
        prop_assert_eq!(learnt(pushed, &is, &is), pushed);
    }

    #[test]
    fn one_more_that_was_taken_back_never_raises_what_is_believed(
        sort in sorts(), all in histories(), at in any::<prop::sample::Index>()
    ) {
        let model = preset::default().cost;
        let of = |all: &[Finished]| estimate(sort, &model, all).confidence;
        let mut more = all.clone();
        more.push(Finished { sort, points: None, days: None, reverted: true });
        prop_assert!(of(&more) < of(&all));
        if !all.is_empty() {
            let mut taken = all.clone();
            let one = &mut taken[at.index(all.len())];
            one.reverted = true;
            prop_assert!(of(&taken) <= of(&all));
        }
    }

    #[test]
    fn what_took_longer_makes_nothing_cheaper(
        sort in sorts(), all in histories(), at in any::<prop::sample::Index>(), more in 0.0f64..50.0
    ) {
        let model = preset::default().cost;
        let was = estimate(sort, &model, &all);
        if all.is_empty() {
            return Ok(());
        }
        let place = at.index(all.len());
        for points in [true, false] {
            let mut dearer = all.clone();
            let one = &mut dearer[place];
            let took = if points { &mut one.points } else { &mut one.days };
            *took = took.map(|took| took + more);
            let is = estimate(sort, &model, &dearer);
            prop_assert!(is.least >= was.least - 1e-9 && is.most >= was.most - 1e-9);
            prop_assert_eq!(is.confidence.to_bits(), was.confidence.to_bits());
            // And what was pushed follows.
            let told = prior(sort, &model);
            let (a, b) = (learnt(beside(&told, 2.0, 0.8), &told, &was), learnt(beside(&told, 2.0, 0.8), &told, &is));
            prop_assert!(b.least >= a.least - 1e-9 && b.most >= a.most - 1e-9 && b.least <= b.most);
        }
    }

    #[test]
    fn days_alone_never_leave_the_prior(sort in sorts(), all in histories()) {
        let model = preset::default().cost;
        let unsaid: Vec<Finished> =
            all.into_iter().map(|f| Finished { points: None, sort, ..f }).collect();
        let (is, was) = (estimate(sort, &model, &unsaid), prior(sort, &model));
        prop_assert!(was.least - 1e-9 <= is.least && is.most <= was.most + 1e-9);
    }

    #[test]
    fn what_a_batch_took_is_shared_whole(
        parts in prop::collection::vec((sorts(), prop::option::of(0.1f64..9.0)), 1..8),
        points in 0.0f64..40.0, days in 0.0f64..40.0
    ) {
        let over = Over { parts, points: Some(points), days: Some(days), reverted: false };
        let all: Vec<Finished> = over.finished().collect();
        prop_assert_eq!(all.len(), over.parts.len());
        let sum = |of: fn(&Finished) -> Option<f64>| all.iter().filter_map(of).sum::<f64>();
        prop_assert!((sum(|f| f.points) - points).abs() < 1e-6);
        prop_assert!((sum(|f| f.days) - days).abs() < 1e-6);
    }
}

#[test]
fn days_say_where_within_the_prior_it_was() {
    let model = preset::default().cost;
    // Half a day is a point: a minor step is 1 to 2 points, and two days of waiting are no 4.
    let after = |days: f64| Finished { points: None, days: Some(days), ..finished(0.0, false) };
    let is = estimate(MINOR, &model, &[after(2.0); 5]);
    assert_eq!((is.least, is.most), (1.5, 2.0));
    let is = estimate(MINOR, &model, &[after(0.1); 5]);
    assert_eq!((is.least, is.most), (1.0, 1.5));
    // One that was only taken back says nothing of points.
    let taken = Finished { points: None, days: None, ..finished(0.0, true) };
    let is = estimate(MINOR, &model, &[taken]);
    assert_eq!((is.least, is.most), (1.0, 2.0));
    assert!((is.confidence - 4.5 / 6.0).abs() < 1e-9);
}

#[test]
fn what_was_pushed_is_priced_by_what_the_team_learnt() {
    let model = preset::default().cost;
    let told = prior(MINOR, &model);
    let is = estimate(MINOR, &model, &[finished(4.0, true); 5]);
    assert_eq!((is.least, is.most, is.confidence), (2.5, 3.0, 0.45));
    // Two further manifests cost 0.5 to 1 point, whatever the step itself does.
    let pushed = Estimate { least: 1.5, most: 3.0, confidence: 0.72, source: Source::Prior };
    let priced = learnt(pushed, &told, &is);
    assert_eq!((priced.least, priced.most), (3.0, 4.0));
    assert!((priced.confidence - 0.36).abs() < 1e-9);
    assert_eq!(priced.source, Source::Team { finished: 5, reverted: 5 });
}

#[test]
fn kinds_are_read_as_they_are_written_and_told_apart() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_word(kind.as_str()), Some(*kind));
    }
    for way in Way::ALL {
        assert_eq!(Kind::from(*way).as_str(), way.as_str());
    }
    let model = preset::default().cost;
    let relock = Sort { kind: Kind::Relock, ..MINOR };
    let all = [finished(8.0, true), Finished { sort: relock, ..finished(0.5, false) }];
    let [raise, other] = &taught(&model, &all)[..] else { panic!() };
    assert_eq!((raise.sort, raise.said, raise.days), (MINOR, 1, None));
    assert_eq!(raise.is, estimate(MINOR, &model, &all));
    assert_eq!(other.sort, relock);
    assert!(other.is.most < raise.is.most && other.is.confidence > raise.is.confidence);
    assert_eq!(taught(&model, &[]), []);
}
