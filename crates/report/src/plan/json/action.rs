//! An action of a plan, as it is written: what is asked, what moves, what it costs, what comes in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trimtab_model::{Proposal, Purl, Way};

/// A change that removes findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// Its name, unique in the plan.
    pub name: String,
    /// What kind of change it is.
    #[schemars(extend("enum" = ["relock", "raise", "raise-parent", "override", "replace", "remove"]))]
    pub way: String,
    /// What the package manager is asked.
    pub proposal: Asked,
    /// The lockfile or manifest that it changes, from the top of the repository.
    pub place: String,
    /// The package manager.
    pub tool: String,
    /// Whether the resolver carried it out in a copy.
    pub confirmed: bool,
    /// Whether some source names the version that it moves to as the fix; else none says that it is affected.
    #[serde(default = "is_named")]
    pub fix_named: bool,
    /// What each package moves from and to, the one that is named first.
    pub moves: Vec<Move>,
    /// How far the package that is named moves. `null`: unknown.
    #[schemars(extend("enum" = ["patch", "minor", "major", null]))]
    pub distance: Option<String>,
    /// Names of the findings that it removes.
    pub removes: Vec<String>,
    /// Findings that it brings in: always empty, what brings one in is refused.
    pub brings: Vec<String>,
    /// What it costs.
    pub cost: Cost,
    /// How likely it is that nothing breaks.
    pub confidence: Confidence,
    /// When its youngest version leaves quarantine. `null`: it is in none, or that is unknown.
    pub quarantine: Option<String>,
    /// What comes in, and what speaks against it.
    pub checks: Vec<Check>,
    /// The files that it changes, alone.
    pub changes: Vec<Change>,
    /// The commands that were run, as one would type them.
    pub commands: Vec<String>,
}

/// Plans of earlier builds have what is named alone.
fn is_named() -> bool {
    true
}

/// What a package manager is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// The way.
    #[schemars(extend("enum" = ["relock", "raise", "raise-parent", "override", "replace", "remove"]))]
    pub way: String,
    /// The package that is named or moved, with the version that is there: of a parent's, the parent.
    pub package: String,
    /// The version that is wanted. `null`: the newest that is allowed, or none.
    pub to: Option<String>,
    /// What the parent brings, or what is put in its place.
    pub other: Option<String>,
    /// What is asked at the same time, as part of the same change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Asked>,
}

/// How many may be asked at the same time.
const TOGETHER: usize = 10_000;

impl Asked {
    /// A proposal as it is written.
    pub fn of(proposal: &Proposal) -> Asked {
        let mut parts = proposal.parts();
        let first = parts.next().unwrap_or(proposal);
        Asked { with: parts.map(Asked::one).collect(), ..Asked::one(first) }
    }

    fn one(proposal: &Proposal) -> Asked {
        let other = match proposal {
            Proposal::RaiseParent { child, .. } => Some(child.to_string()),
            Proposal::Replace { with, .. } => Some(with.to_string()),
            _ => None,
        };
        Asked {
            way: proposal.way().as_str().to_owned(),
            package: proposal.package().to_string(),
            to: proposal.to().map(str::to_owned),
            other,
            with: Vec::new(),
        }
    }

    /// The proposal. `None`: it is none.
    pub fn read(&self) -> Option<Proposal> {
        let others = self.with.iter().take(TOGETHER).map(Asked::read_one);
        let all: Option<Vec<Proposal>> = std::iter::once(self.read_one()).chain(others).collect();
        Proposal::together(all?)
    }

    fn read_one(&self) -> Option<Proposal> {
        let package: Purl = self.package.parse().ok()?;
        let other = || self.other.as_deref()?.parse::<Purl>().ok();
        let to = || self.to.as_deref().map(Into::<Box<str>>::into);
        Some(match Way::from_word(&self.way)? {
            Way::Relock => Proposal::Relock { package, to: to() },
            Way::Raise => Proposal::Raise { package, to: to()? },
            Way::RaiseParent => {
                Proposal::RaiseParent { parent: package, to: to()?, child: other()? }
            }
            Way::Override => Proposal::Override { package, to: to()? },
            Way::BaseImage => Proposal::BaseImage { image: package, to: to()? },
            Way::Replace => Proposal::Replace { package, with: other()?, version: to()? },
            Way::Remove => Proposal::Remove { package },
        })
    }
}

/// A package whose versions are others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Move {
    /// The package, without version.
    pub package: String,
    /// The versions that go; none: it comes in.
    pub from: Vec<String>,
    /// The versions that come; none: it goes.
    pub to: Vec<String>,
}

/// What an action costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// The least points.
    pub least: f64,
    /// The most points.
    pub most: f64,
    /// The points that are reckoned with: the middle of the range, over the confidence.
    #[serde(default)]
    pub points: f64,
    /// What makes it so.
    pub reasons: Vec<CostReason>,
    /// What is reckoned of such a change, before what is particular to this one. `null`: an older build wrote this.
    #[serde(default)]
    pub estimate: Option<Estimate>,
}

/// What is reckoned of changes of one sort; of several at the same time, of the dearest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// What is done.
    #[schemars(extend("enum" = ["relock", "raise", "raise-parent", "override", "replace", "remove", "base-image", "configuration"]))]
    pub kind: String,
    /// How far the version moves. `null`: it does not, or that is unknown.
    #[schemars(extend("enum" = ["patch", "minor", "major", null]))]
    pub distance: Option<String>,
    /// Whether something else brings the package in.
    pub transitive: bool,
    /// The least points.
    pub least: f64,
    /// The most points.
    pub most: f64,
    /// The probability that nothing breaks.
    pub confidence: f64,
    /// How many finished changes of the sort it rests on; 0: on the charter's points and on shares that are assumed, the
    /// published priors.
    pub finished: usize,
    /// How many of them were taken back.
    pub reverted: usize,
}

/// A part of a cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostReason {
    /// In words.
    pub what: String,
    /// The least points that it adds.
    pub least: f64,
    /// The most points that it adds.
    pub most: f64,
}

/// How likely it is that nothing breaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confidence {
    /// The probability.
    pub value: f64,
    /// What makes it so.
    pub reasons: Vec<String>,
}

/// A package at a version that comes in, judged by the charter's rules on selection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The package, as a purl.
    pub package: String,
    /// When it was published. `null`: unknown.
    pub published: Option<String>,
    /// Its age in whole days at the moment of planning. `null`: unknown.
    pub age_days: Option<i64>,
    /// The licence that it declares. `null`: unknown.
    pub licence: Option<String>,
    /// What all rules come to.
    #[schemars(extend("enum" = ["allow", "warn", "unknown", "deny"]))]
    pub verdict: String,
    /// What each rule says that speaks against it, or cannot be said.
    pub reasons: Vec<Reason>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Which rule.
    pub rule: String,
    /// What it comes to.
    #[schemars(extend("enum" = ["allow", "warn", "unknown", "deny"]))]
    pub verdict: String,
    /// What was found, in words.
    pub found: String,
    /// Whether data was missing.
    pub unknown: bool,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its path, from the top of the repository.
    pub path: String,
    /// The unified diff, as `git apply` reads it.
    pub diff: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_as_it_is_written() {
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        let (a, b) = (purl("pkg:npm/%40a/b@1.0.0"), purl("pkg:npm/c"));
        for proposal in [
            Proposal::Raise { package: a.clone(), to: "2.0.0".into() },
            Proposal::RaiseParent { parent: a.clone(), to: "2.0.0".into(), child: b.clone() },
            Proposal::Relock { package: a.clone(), to: None },
            Proposal::Relock { package: a.clone(), to: Some("1.0.1".into()) },
            Proposal::Override { package: a.clone(), to: "1.0.1".into() },
            Proposal::Remove { package: a.clone() },
            Proposal::Replace { package: a.clone(), with: b.clone(), version: "3.0.0".into() },
            Proposal::Together(
                Box::new(Proposal::Relock { package: a.clone(), to: None }),
                vec![Proposal::Relock { package: b, to: Some("1.0.1".into()) }],
            ),
        ] {
            assert_eq!(Asked::of(&proposal).read(), Some(proposal));
        }
        let wrong = Asked {
            way: "jump".into(),
            package: a.to_string(),
            to: None,
            other: None,
            with: Vec::new(),
        };
        assert_eq!(wrong.read(), None);
    }
}
