//! Groups of findings: what they have in common, and which of their findings somebody may still ask about.

use std::collections::BTreeMap;

use serde::Deserialize;
use trimtab_store::{Finding, FindingFilter, Group, GroupBy};
use utoipa::ToSchema;

use crate::access::{Action, Who};
use crate::api::findings::Asked;
use crate::api::where_may;
use crate::deciding::MOST;
use crate::problem::Problem;
use crate::state::App;

/// What findings of a group have in common, as addresses and requests say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FindingsInCommon)]
pub(crate) struct Common {
    /// A purl without version.
    #[serde(default)]
    pub(crate) package: Option<String>,
    /// With this fix: what one change removes.
    #[serde(default)]
    pub(crate) fix: Option<String>,
    /// `false`: no source names a fix.
    #[serde(default)]
    pub(crate) fixable: Option<bool>,
    /// Any of its names.
    #[serde(default)]
    pub(crate) vulnerability: Option<String>,
    /// Of a system; 0: of none.
    #[serde(default)]
    pub(crate) system: Option<i64>,
    /// Of a team; 0: of none.
    #[serde(default)]
    pub(crate) team: Option<i64>,
}

impl Common {
    /// What the findings of a group have in common: of an action, of a vulnerability, else of a package.
    pub(crate) fn of(group: &Group, by: GroupBy) -> Common {
        let package = Some(group.key.clone());
        match (by, &group.fix) {
            (GroupBy::Vulnerability, _) => {
                Common { vulnerability: Some(group.name.clone()), ..Common::default() }
            }
            (GroupBy::Action, Some(fix)) => {
                Common { package, fix: Some(fix.clone()), ..Common::default() }
            }
            (GroupBy::Action, None) => {
                Common { package, fixable: Some(false), ..Common::default() }
            }
            _ => Common { package, ..Common::default() },
        }
    }

    /// The same as members of an address.
    pub(crate) fn members(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("package", self.package.clone()),
            ("fix", self.fix.clone()),
            ("fixable", self.fixable.map(|is| is.to_string())),
            ("vulnerability", self.vulnerability.clone()),
            ("system", self.system.map(|id| id.to_string())),
            ("team", self.team.map(|id| id.to_string())),
        ]
    }

    /// That it says what its findings have in common: what is empty would be everything.
    fn checked(&self) -> Result<(), Problem> {
        let texts = [
            ("package", &self.package),
            ("fix", &self.fix),
            ("vulnerability", &self.vulnerability),
        ];
        for (name, text) in texts {
            if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
                return Err(Problem::invalid(format!("`{name}` of a group must not be empty.")));
            }
        }
        if self.package.is_none() && self.vulnerability.is_none() {
            return Err(Problem::invalid("A group must have a `package` or a `vulnerability`."));
        }
        Ok(())
    }

    fn within(&self, asked: &Asked) -> Asked {
        Asked {
            package: self.package.clone().or_else(|| asked.package.clone()),
            fix: self.fix.clone().or_else(|| asked.fix.clone()),
            fixable: self.fixable.or(asked.fixable),
            vulnerability: self.vulnerability.clone().or_else(|| asked.vulnerability.clone()),
            system: self.system.or(asked.system),
            team: self.team.or(asked.team),
            ..asked.clone()
        }
    }
}

/// The findings of some groups of a list about which they may ask something: live, and not decided.
///
/// # Errors
/// A group says nothing, there are too many findings, they may ask about none, or the store does not answer.
pub(crate) async fn askable(
    app: &App,
    who: &Who,
    asked: &Asked,
    groups: &[Common],
) -> Result<Vec<Finding>, Problem> {
    let too_many = || {
        let detail = format!("They are more than {MOST} findings: choose fewer groups.");
        Problem::invalid(detail)
    };
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    if groups.len() > MOST {
        return Err(too_many());
    }
    for group in groups {
        group.checked()?;
    }
    if !who.may_somewhere(Action::Ask) {
        return Err(Problem::forbidden(Action::Ask));
    }
    let may_ask = where_may(who, Action::Ask, &app.store.systems(who.org).await?);
    // One that is in two groups is one.
    let mut found: BTreeMap<i64, Finding> = BTreeMap::new();
    for group in groups {
        let (filter, order) = group.within(asked).filter(app, who).await?;
        let Some(filter) = open_to(filter, may_ask.as_deref()) else { continue };
        let page = app.store.findings(who.org, &filter, order, None, MOST + 1).await?;
        found.extend(page.rows.into_iter().map(|is| (is.id, is)));
        if found.len() > MOST {
            return Err(too_many());
        }
    }
    Ok(found.into_values().collect())
}

/// A filter, narrowed to what is live, not decided and in systems. `None`: nothing can be.
fn open_to(filter: FindingFilter, systems: Option<&[i64]>) -> Option<FindingFilter> {
    let mut is = FindingFilter { decided: Some(false), ..filter };
    if !is.states.is_empty() {
        is.states.retain(|state| state.is_live());
        if is.states.is_empty() {
            return None;
        }
    }
    if let Some(systems) = systems {
        is.systems = Some(match is.systems {
            None => systems.to_vec(),
            Some(seen) => seen.into_iter().filter(|id| systems.contains(id)).collect(),
        });
    }
    Some(is)
}
