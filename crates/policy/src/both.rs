//! Joins two gates of one state, by the agreement before a change and by the one after it: the
//! stricter counts. Pure.

use crate::gate::{Gate, Outcome};
use crate::verdict::Verdict;

/// Which agreement a verdict comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// By both.
    Both,
    /// By the one before only.
    Before,
    /// By the one after only.
    After,
}

/// An outcome with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// How it ends: as the stricter of both does.
    pub outcome: Outcome,
    /// What the policies of either said. What both say is listed once, in the words of the one
    /// before.
    pub verdicts: Vec<(Verdict, By)>,
}

/// The stricter of both.
pub fn stricter(before: Gate, after: Gate) -> Joined {
    let outcome = match (before.outcome, after.outcome) {
        (Outcome::Fail, _) | (_, Outcome::Fail) => Outcome::Fail,
        (Outcome::NotYetKnown, _) | (_, Outcome::NotYetKnown) => Outcome::NotYetKnown,
        (Outcome::Pass, Outcome::Pass) => Outcome::Pass,
    };
    let mut rest = after.verdicts;
    let mut verdicts = Vec::with_capacity(before.verdicts.len() + rest.len());
    for verdict in before.verdicts {
        match rest.iter().position(|other| says_the_same(&verdict, other)) {
            Some(at) => {
                rest.remove(at);
                verdicts.push((verdict, By::Both));
            }
            None => verdicts.push((verdict, By::Before)),
        }
    }
    verdicts.extend(rest.into_iter().map(|verdict| (verdict, By::After)));
    Joined { outcome, verdicts }
}

/// Whether two verdicts are one. About a finding, the texts may differ: they contain its deadline
/// and level.
fn says_the_same(a: &Verdict, b: &Verdict) -> bool {
    let about = (a.effect, &a.policy, &a.rule, &a.finding, &a.file, a.line)
        == (b.effect, &b.policy, &b.rule, &b.finding, &b.file, b.line);
    about && (a.finding.is_some() || a.message == b.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::gate;
    use crate::verdict::Effect;
    use proptest::prelude::*;
    use trimtab_model::charter::Strictness;

    fn any_gate() -> impl Strategy<Value = Gate> {
        let effect = prop_oneof![Just(Effect::Deny), Just(Effect::Unknown), Just(Effect::Warn)];
        let verdict = (effect, "[ab]", proptest::option::of("[xy]"), "[mn]").prop_map(
            |(effect, rule, finding, message)| Verdict {
                effect,
                policy: "p".into(),
                rule: rule.into(),
                message: message.into(),
                finding: finding.map(Into::into),
                file: None,
                line: None,
                help: None,
            },
        );
        (proptest::collection::vec(verdict, 0..8), any::<bool>(), any::<bool>()).prop_map(
            |(verdicts, strict, complete)| {
                let unknown = if strict { Strictness::Deny } else { Strictness::Allow };
                gate(verdicts, unknown, complete)
            },
        )
    }

    proptest! {
        #[test]
        fn it_is_never_milder_than_either(before in any_gate(), after in any_gate()) {
            let joined = stricter(before.clone(), after.clone());
            for one in [&before, &after] {
                prop_assert!(joined.outcome != Outcome::Pass || one.outcome == Outcome::Pass);
                prop_assert!(one.outcome != Outcome::Fail || joined.outcome == Outcome::Fail);
                for verdict in &one.verdicts {
                    prop_assert!(joined.verdicts.iter().any(|(v, _)| says_the_same(v, verdict)));
                }
            }
            let back = stricter(after, before);
            prop_assert_eq!(back.outcome, joined.outcome);
            prop_assert_eq!(back.verdicts.len(), joined.verdicts.len());
        }

        #[test]
        fn the_same_twice_is_the_same(one in any_gate()) {
            let joined = stricter(one.clone(), one.clone());
            prop_assert_eq!(joined.outcome, one.outcome);
            let both: Vec<_> = one.verdicts.into_iter().map(|v| (v, By::Both)).collect();
            prop_assert_eq!(joined.verdicts, both);
        }
    }
}
