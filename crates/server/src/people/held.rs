//! What a person has that others rely on. It goes to nobody by itself when their account is closed.

use std::collections::BTreeMap;

use serde::Serialize;
use trimtab_store::{AppealState, Org};
use utoipa::ToSchema;

use crate::notices::duty;
use crate::problem::Problem;
use crate::state::App;

/// So many of a kind are looked at.
const MOST: usize = 100;

/// Something that a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PersonHold)]
pub(crate) struct Hold {
    /// `duty`: is told of alarms of a team; `step`: is named for one of a system; `dispute`, `emergency`: asked for it, and
    /// nobody answered yet; `decision`: is to do what a review decided.
    pub(crate) kind: &'static str,
    /// Of which team, system, dispute, emergency or review: its id.
    pub(crate) id: i64,
    /// The name of the team or system, else empty.
    pub(crate) name: String,
}

/// All of it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn held(app: &App, org: Org, person: i64) -> Result<Vec<Hold>, Problem> {
    let mut all = Vec::new();
    for team in app.store.teams(org).await? {
        let wishes = duty::wishes(app, org, team.id).await?;
        let in_turn = wishes.rota.as_ref().is_some_and(|rota| rota.people.contains(&person));
        if in_turn || wishes.circles.iter().flatten().any(|id| *id == person) {
            all.push(Hold { kind: "duty", id: team.id, name: team.name });
        }
    }
    let systems = app.store.systems(org).await?;
    for ((system, _), named) in app.store.system_people(org).await? {
        let is = systems.iter().find(|is| is.id == system).filter(|_| named == person);
        if let Some(is) = is {
            all.push(Hold { kind: "step", id: system, name: is.name.clone() });
        }
    }
    let asked = (Some(AppealState::Asked), None, None);
    for appeal in app.store.appeals(org, asked, None, None, MOST).await?.rows {
        if appeal.is.author == person {
            let kind = if appeal.is.dispute { "dispute" } else { "emergency" };
            all.push(Hold { kind, id: appeal.id, name: String::new() });
        }
    }
    for decision in app.store.resolved_of(org, person, MOST).await? {
        all.push(Hold { kind: "decision", id: decision.is.review, name: String::new() });
    }
    Ok(all)
}

/// The same in words; nothing where there is none.
pub(crate) fn words(held: &[Hold]) -> String {
    let mut texts = Vec::new();
    let of = |kind: &'static str| held.iter().filter(move |is| is.kind == kind);
    texts.extend(of("duty").map(|is| format!("on duty of {}", is.name)));
    let mut steps: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for is in of("step") {
        *steps.entry((is.name.as_str(), is.id)).or_default() += 1;
    }
    texts.extend(steps.into_iter().map(|((name, _), number)| match number {
        1 => format!("1 step of {name}"),
        more => format!("{more} steps of {name}"),
    }));
    for (kind, one, many) in [
        ("dispute", "dispute", "disputes"),
        ("emergency", "emergency", "emergencies"),
        ("decision", "decision of reviews", "decisions of reviews"),
    ] {
        match of(kind).count() {
            0 => {}
            1 => texts.push(format!("1 {one}")),
            more => texts.push(format!("{more} {many}")),
        }
    }
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_is_told_in_a_line() {
        let hold = |kind, id, name: &str| Hold { kind, id, name: name.to_owned() };
        assert_eq!(words(&[]), "");
        let held = [
            hold("duty", 1, "Web"),
            hold("step", 3, "shopfront"),
            hold("step", 3, "shopfront"),
            hold("step", 4, "till"),
            hold("dispute", 7, ""),
            hold("decision", 2, ""),
            hold("decision", 5, ""),
        ];
        let told = "on duty of Web; 2 steps of shopfront; 1 step of till; 1 dispute; 2 decisions of reviews";
        assert_eq!(words(&held), told);
    }
}
