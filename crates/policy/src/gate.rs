//! The outcome of a gate, from what the policies said. Pure.

use trimtab_model::charter::Strictness;

use crate::verdict::{Effect, Verdict};

/// How a gate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing is denied, and what is not known may be.
    Pass,
    /// Something is denied.
    Fail,
    /// Nothing is denied, but data is missing that could change that.
    NotYetKnown,
}

impl Outcome {
    /// The words used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::NotYetKnown => "not yet known",
        }
    }
}

/// An outcome with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// How it ends.
    pub outcome: Outcome,
    /// What the policies said: denied, unknown, warned; within them by file, line, policy, rule.
    pub verdicts: Vec<Verdict>,
}

impl Gate {
    /// The verdicts of one effect, in order.
    pub fn of(&self, effect: Effect) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(move |verdict| verdict.effect == effect)
    }
}

/// Decides. `unknown` is what the charter says about missing data. `complete` means that everything
/// was examined: every file was read and every policy evaluated. What is incomplete never passes,
/// because no strictness can speak for a policy that was not evaluated.
pub fn gate(mut verdicts: Vec<Verdict>, unknown: Strictness, complete: bool) -> Gate {
    verdicts.sort();
    verdicts.dedup();
    let has = |effect| verdicts.iter().any(|verdict| verdict.effect == effect);
    let outcome = if has(Effect::Deny) {
        Outcome::Fail
    } else if !complete || (has(Effect::Unknown) && unknown == Strictness::Deny) {
        Outcome::NotYetKnown
    } else {
        Outcome::Pass
    };
    Gate { outcome, verdicts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        let effect = prop_oneof![Just(Effect::Deny), Just(Effect::Unknown), Just(Effect::Warn)];
        (effect, "[ab]", proptest::option::of(1u32..4)).prop_map(|(effect, text, line)| Verdict {
            effect,
            policy: text.clone().into(),
            rule: "deny".into(),
            message: text.into(),
            finding: None,
            file: line.map(|_| "f".into()),
            line,
            help: None,
        })
    }

    fn any_strictness() -> impl Strategy<Value = Strictness> {
        prop_oneof![Just(Strictness::Allow), Just(Strictness::Warn), Just(Strictness::Deny)]
    }

    proptest! {
        #[test]
        fn missing_data_never_passes_where_unknown_fails(
            verdicts in proptest::collection::vec(any_verdict(), 0..12),
            complete: bool,
        ) {
            let unknown = verdicts.iter().any(|v| v.effect == Effect::Unknown);
            let gated = gate(verdicts, Strictness::Deny, complete);
            let whole = complete && !unknown;
            prop_assert!(whole || gated.outcome != Outcome::Pass);
        }

        #[test]
        fn it_fails_exactly_where_something_is_denied(
            verdicts in proptest::collection::vec(any_verdict(), 0..12),
            strictness in any_strictness(),
            complete: bool,
        ) {
            let denied = verdicts.iter().any(|v| v.effect == Effect::Deny);
            let gated = gate(verdicts.clone(), strictness, complete);
            prop_assert_eq!(gated.outcome == Outcome::Fail, denied);
            prop_assert!(complete || gated.outcome != Outcome::Pass);
            // The order and number of the verdicts do not matter.
            let mut other = verdicts.clone();
            other.reverse();
            other.extend(verdicts);
            prop_assert_eq!(gate(other, strictness, complete), gated);
        }

        #[test]
        fn stricter_is_never_milder(verdicts in proptest::collection::vec(any_verdict(), 0..12)) {
            let passes = |s| gate(verdicts.clone(), s, true).outcome == Outcome::Pass;
            prop_assert!(!passes(Strictness::Deny) || passes(Strictness::Warn));
            prop_assert_eq!(passes(Strictness::Warn), passes(Strictness::Allow));
        }
    }
}
