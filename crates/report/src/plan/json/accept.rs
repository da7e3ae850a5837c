//! A finding that is accepted until a date, as a decision that people can make as it stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What accepting a finding takes, by the charter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accept {
    /// The level that the charter's rules go by.
    #[schemars(extend("enum" = ["low", "medium", "high", "critical"]))]
    pub level: String,
    /// Why it may not be accepted, in words. `null`: it may.
    pub refused: Option<String>,
    /// The most days. `null`: no limit, or it may not be accepted.
    pub longest_days: Option<u32>,
    /// The sides that may ask. Empty: any.
    pub may_ask: Vec<String>,
    /// The sides of which one must approve; never the person who asks. Empty: any.
    pub may_approve: Vec<String>,
    /// Whether a compensating control is required.
    pub control: bool,
    /// The entry for the file of exceptions, in TOML. What people must fill in stands in angle brackets. `null`: it may not be
    /// accepted.
    pub exception: Option<String>,
    /// A draft of the decision that it does not matter here (VEX), in TOML, where there is evidence that its code is not
    /// reached. `null`: there is none.
    pub not_affected: Option<String>,
}

impl Accept {
    /// What people are told: the rules, then the lines of the entries.
    pub fn lines(&self) -> Vec<String> {
        let mut all = Vec::new();
        let sides = |all: &[String]| match all {
            [] => "anybody".to_owned(),
            all => all.join(" or "),
        };
        match (&self.refused, &self.exception) {
            (Some(why), _) => all.push(format!("accept: {why}")),
            (None, Some(entry)) => {
                let control =
                    if self.control { "; a compensating control is required" } else { "" };
                all.push(format!(
                    "accept: asked for by {}, approved by {}{control}; in the file of exceptions",
                    sides(&self.may_ask),
                    sides(&self.may_approve)
                ));
                all.extend(entry.lines().map(str::to_owned));
            }
            (None, None) => {}
        }
        if let Some(draft) = &self.not_affected {
            all.push("or, if it is true: no source names it".to_owned());
            all.extend(draft.lines().map(str::to_owned));
        }
        all
    }
}
