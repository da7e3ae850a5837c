//! What becomes of requests: the cases of `corpus/requests/life`, and what holds of every situation.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use trimtab_connect::requests::life::{
    Asked, Ours, Planned, Situation, Standing, Step, What, decide,
};
use trimtab_connect::requests::{Id, Marker, Reason, State, Word};

/// One case, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    ours: Vec<Written>,
    #[serde(default)]
    others_open: usize,
    #[serde(default)]
    plan: Option<Vec<Batch>>,
    #[serde(default)]
    base: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    asked: Option<String>,
    #[serde(default)]
    merging: bool,
    steps: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    number: u64,
    batch: String,
    state: Option<String>,
    word: Option<String>,
    #[serde(default)]
    has: String,
    /// What was tried, where some of it was left out.
    tried: Option<String>,
    removes: Option<String>,
    place: Option<String>,
    standing: Option<String>,
    closed: Option<String>,
    marker: Option<bool>,
    /// It has more findings than its text lists.
    #[serde(default)]
    cut: bool,
    reverted: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    batch: String,
    has: String,
    place: Option<String>,
    due: Option<bool>,
    not_before: Option<String>,
}

fn ids(kind: &str, letters: &str) -> BTreeSet<Id> {
    letters.chars().map(|letter| Id::of(&[kind, &letter.to_string()])).collect()
}

fn marker(batch: &str, place: &str, has: &str, gone: &str, closed: Option<Reason>) -> Marker {
    Marker {
        batch: batch.to_owned(),
        place: Id::of(&[place]),
        base: "b0".to_owned(),
        tip: "t0".to_owned(),
        actions: Id::of_all(&ids("action", has)),
        tried: None,
        under: None,
        gone: ids("finding", gone),
        whole: true,
        closed,
    }
}

fn planned(batch: &str, place: &str, has: &str, due: bool) -> Planned {
    Planned {
        batch: batch.to_owned(),
        place: Id::of(&[place]),
        actions: ids("action", has),
        removes: ids("finding", has),
        due,
        not_before: None,
        aged: None,
        charter: None,
    }
}

impl Written {
    fn read(&self) -> Ours {
        let place = self.place.as_deref().unwrap_or("lock");
        let closed = self.closed.as_deref().map(|word| match word {
            "obsolete" => Reason::Obsolete,
            "skip" => Reason::Skip,
            other => Reason::Superseded(other.strip_prefix("superseded:").unwrap().to_owned()),
        });
        let gone = self.removes.as_deref().unwrap_or(&self.has);
        let text = self.standing.as_deref().unwrap_or("up-to-date");
        Ours {
            number: self.number,
            batch: self.batch.clone(),
            state: match self.state.as_deref().unwrap_or("open") {
                "open" => State::Open,
                "merged" => State::Merged,
                "closed" => State::Closed,
                other => panic!("{other}"),
            },
            word: self.word.as_deref().map(|word| {
                let is = |w: &Word| w.label() == format!("trimtab:{word}");
                Word::ALL.into_iter().find(is).unwrap()
            }),
            marker: (self.marker != Some(false))
                .then(|| marker(&self.batch, place, &self.has, gone, closed))
                .map(|marker| Marker {
                    whole: !self.cut,
                    tried: self.tried.as_deref().map(|has| Id::of_all(&ids("action", has))),
                    ..marker
                }),
            standing: match text.split_once(':') {
                Some(("others", commit)) => Standing::Others(commit.to_owned()),
                Some(("unknown", why)) => Standing::Unknown(why.to_owned()),
                _ if text == "behind" => Standing::Behind { touched: false },
                _ if text == "behind-touched" => Standing::Behind { touched: true },
                _ => Standing::UpToDate,
            },
            reverted: self.reverted.clone(),
        }
    }
}

impl Case {
    fn situation(&self) -> Situation {
        let batch = |b: &Batch| {
            let place = b.place.as_deref().unwrap_or("lock");
            let planned = planned(&b.batch, place, &b.has, b.due.unwrap_or(true));
            let not_before = b.not_before.as_deref().map(|at| at.parse().unwrap());
            Planned { not_before, ..planned }
        };
        let asked = self.asked.as_deref().unwrap_or("nothing");
        Situation {
            ours: self.ours.iter().map(Written::read).collect(),
            others_open: self.others_open,
            plan: self.plan.as_ref().map(|plan| plan.iter().map(batch).collect()),
            base: self.base.as_deref().map(|letters| ids("finding", letters)),
            limit: self.limit,
            asked: match asked.split_once(':') {
                Some((word, name)) => {
                    Asked::Batch { name: name.to_owned(), again: word == "again" }
                }
                None if asked == "due" => Asked::Due,
                None => Asked::Nothing,
            },
            merging: self.merging,
        }
    }
}

fn word(step: &Step) -> String {
    match &step.what {
        What::Supersede { by, number: Some(number) } => format!("supersede:{by}:{number}"),
        What::Supersede { by, number: None } => format!("supersede:{by}"),
        what => what.as_str().to_owned(),
    }
}

#[test]
fn every_case_is_decided_as_it_is_written() {
    let folder = trimtab_testkit::repository().join("corpus/requests/life");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Vec<Case> = serde_json::from_slice(&fs::read(&entry).unwrap()).unwrap();
        for case in cases {
            count += 1;
            let steps = decide(&case.situation());
            let told: Vec<String> =
                steps.iter().map(|s| format!("{:?} {} {}", s.number, s.batch, word(s))).collect();
            let expected: Vec<String> = case
                .steps
                .iter()
                .map(|s| {
                    format!(
                        "{:?} {} {}",
                        s[0].as_u64(),
                        s[1].as_str().unwrap(),
                        s[2].as_str().unwrap()
                    )
                })
                .collect();
            assert_eq!(told, expected, "{}: {}: {steps:#?}", entry.display(), case.about);
            for (step, expected) in steps.iter().zip(&case.steps) {
                let why = expected[3].as_str().unwrap_or_default();
                assert!(step.why.starts_with(why), "{}: {}: {why}", case.about, step.why);
            }
        }
    }
    assert!(count >= 25, "only {count} cases were found");
}

/// Does the steps as a host and a package manager would.
fn applied(situation: &Situation, steps: &[Step]) -> Situation {
    let mut after = situation.clone();
    let mut next = situation.ours.iter().map(|ours| ours.number).max().unwrap_or(0);
    for step in steps {
        let of = situation.plan.iter().flatten().find(|planned| planned.batch == step.batch);
        let content = |planned: &Planned| Marker {
            actions: Id::of_all(&planned.actions),
            gone: planned.removes.clone(),
            ..marker(&planned.batch, "lock", "", "", None)
        };
        let ours = after.ours.iter_mut().find(|ours| Some(ours.number) == step.number);
        let close = |ours: Option<&mut Ours>, reason: Reason| {
            let ours = ours.unwrap();
            ours.state = State::Closed;
            if let Some(marker) = &mut ours.marker {
                marker.closed = Some(reason);
            }
        };
        match &step.what {
            What::Supersede { by, .. } => close(ours, Reason::Superseded(by.clone())),
            What::Obsolete => close(ours, Reason::Obsolete),
            What::Skip => close(ours, Reason::Skip),
            What::Update | What::Rebase => {
                let ours = ours.unwrap();
                ours.marker = Some(content(of.unwrap()));
                ours.standing = Standing::UpToDate;
            }
            What::Merge => {
                let ours = ours.unwrap();
                ours.state = State::Merged;
                if let (Some(base), Some(marker)) = (&mut after.base, &ours.marker) {
                    base.retain(|finding| !marker.gone.contains(finding));
                }
            }
            What::Open => {
                next += 1;
                after.ours.push(Ours {
                    number: next,
                    batch: step.batch.clone(),
                    state: State::Open,
                    word: None,
                    marker: Some(content(of.unwrap())),
                    standing: Standing::UpToDate,
                    reverted: None,
                });
            }
            _ => {}
        }
    }
    after
}

fn letters() -> impl Strategy<Value = String> {
    prop::sample::subsequence(vec!['a', 'b', 'c', 'd', 'e'], 0..=5)
        .prop_map(|letters| letters.into_iter().collect())
}

fn one(number: u64) -> impl Strategy<Value = Ours> {
    let word = prop::option::weighted(0.4, prop::sample::select(Word::ALL.to_vec()));
    let state = prop::sample::select(vec![State::Open, State::Open, State::Closed, State::Merged]);
    let standing = prop::sample::select(vec![
        Standing::UpToDate,
        Standing::Behind { touched: false },
        Standing::Behind { touched: true },
        Standing::Others("c".to_owned()),
        Standing::Unknown("gone".to_owned()),
    ]);
    let closed = prop::option::weighted(
        0.3,
        prop::sample::select(vec![
            Reason::Obsolete,
            Reason::Skip,
            Reason::Superseded("b1".to_owned()),
        ]),
    );
    let text = prop::option::weighted(0.85, (letters(), any::<u8>(), any::<bool>(), closed));
    (0usize..4, state, word, standing, text, prop::bool::weighted(0.2)).prop_map(
        move |(batch, state, word, standing, text, reverted)| {
            let batch = format!("b{batch}");
            Ours {
                number,
                state,
                word,
                standing,
                marker: text.map(|(has, part, whole, closed)| {
                    // What is gone is a part of what was planned.
                    let gone: String = has
                        .chars()
                        .enumerate()
                        .filter(|(at, _)| whole || part & (1 << at) != 0)
                        .map(|(_, letter)| letter)
                        .collect();
                    marker(&batch, "lock", &has, &gone, closed)
                }),
                reverted: (reverted && state == State::Merged).then(|| "c9".to_owned()),
                batch,
            }
        },
    )
}

/// A plan: no action and no finding is in two batches.
fn plan() -> impl Strategy<Value = Vec<Planned>> {
    (prop::collection::vec(0usize..5, 5), any::<u8>()).prop_map(|(of, due)| {
        let mut all = Vec::new();
        for batch in 0..4usize {
            let has: String = "abcde"
                .chars()
                .zip(&of)
                .filter(|(_, held)| **held == batch)
                .map(|(letter, _)| letter)
                .collect();
            if !has.is_empty() {
                all.push(planned(&format!("b{batch}"), "lock", &has, due & (1 << batch) != 0));
            }
        }
        all
    })
}

fn situations() -> impl Strategy<Value = Situation> {
    let ours = (0u64..6).prop_flat_map(|n| (1..=n).map(one).collect::<Vec<_>>());
    let asked = prop_oneof![
        Just(Asked::Nothing),
        Just(Asked::Due),
        ((0usize..4), any::<bool>())
            .prop_map(|(n, again)| Asked::Batch { name: format!("b{n}"), again }),
    ];
    let base = prop::option::weighted(0.8, letters());
    let limit = prop::option::of(0usize..4);
    (ours, 0usize..2, prop::option::weighted(0.9, plan()), base, limit, asked, any::<bool>())
        .prop_map(|(ours, others_open, plan, base, limit, asked, merging)| Situation {
            ours: one_each(ours),
            others_open,
            plan,
            base: base.map(|letters| ids("finding", &letters)),
            limit,
            asked,
            merging,
        })
}

/// A host has one open request for a branch and a base.
fn one_each(mut ours: Vec<Ours>) -> Vec<Ours> {
    let mut seen = BTreeSet::new();
    for one in ours.iter_mut().filter(|one| one.state == State::Open) {
        if !seen.insert(one.batch.clone()) {
            one.state = State::Closed;
        }
    }
    ours
}

fn open(situation: &Situation) -> usize {
    situation.others_open + situation.ours.iter().filter(|ours| ours.state == State::Open).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn never_more_are_open_than_the_team_allows(situation in situations()) {
        let after = applied(&situation, &decide(&situation));
        let limit = situation.limit.unwrap_or(usize::MAX);
        prop_assert!(open(&after) <= limit.max(open(&situation)));
        // None is opened above the limit, whatever was open before.
        let opened = after.ours.len() > situation.ours.len();
        prop_assert!(!opened || open(&after) <= limit);
    }

    #[test]
    fn what_is_held_or_worked_on_is_never_touched(situation in situations()) {
        let after = applied(&situation, &decide(&situation));
        for ours in situation.ours.iter().filter(|ours| ours.state == State::Open) {
            let held = ours.word == Some(Word::Hold);
            let others = matches!(ours.standing, Standing::Others(_) | Standing::Unknown(_))
                && ours.word != Some(Word::Skip);
            if held || others {
                prop_assert!(after.ours.contains(ours), "{ours:?}");
            }
        }
    }

    #[test]
    fn when_it_is_done_there_is_nothing_to_do(situation in situations()) {
        // A merge changes the base, and with it what is decided.
        let mut situation = Situation { merging: false, ..situation };
        // People say it once.
        if let Asked::Batch { again, .. } = &mut situation.asked {
            *again = false;
        }
        let steps = decide(&situation);
        let after = applied(&situation, &steps);
        let again = decide(&after);
        let acts: Vec<&Step> = again.iter().filter(|step| step.what.acts()).collect();
        prop_assert!(acts.is_empty(), "{steps:#?}\nthen {acts:#?}");
    }

    #[test]
    fn one_step_for_each_request_whatever_their_order(situation in situations()) {
        let steps = decide(&situation);
        let mut numbers: Vec<u64> = steps.iter().filter_map(|step| step.number).collect();
        numbers.sort_unstable();
        let mut all: Vec<u64> = situation.ours.iter().map(|ours| ours.number).collect();
        all.sort_unstable();
        prop_assert_eq!(numbers, all);
        let mut turned = situation;
        turned.ours.reverse();
        prop_assert_eq!(decide(&turned), steps);
    }

    #[test]
    fn what_people_did_not_want_is_not_opened_by_itself(situation in situations()) {
        for step in decide(&situation).iter().filter(|step| step.what == What::Open) {
            let named = matches!(&situation.asked, Asked::Batch { again: true, .. });
            let planned = situation.plan.iter().flatten().find(|p| p.batch == step.batch).unwrap();
            let newest = situation
                .ours
                .iter()
                .filter(|ours| ours.state == State::Closed && ours.word.is_none())
                .filter(|ours| ours.marker.as_ref().is_some_and(|m| m.actions == Id::of_all(&planned.actions)))
                .max_by_key(|ours| ours.number);
            let by_people = newest.is_some_and(|ours| ours.marker.as_ref().unwrap().closed.is_none());
            let later = situation.ours.iter().any(|ours| {
                ours.state != State::Open && newest.is_some_and(|newest| ours.number > newest.number)
            });
            prop_assert!(named || later || !by_people, "{step:?}");
        }
    }
}
