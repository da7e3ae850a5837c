//! What a team's plan was reckoned with, as the ledger is told of it: until when, in which windows, and what each change
//! costs. What is as it was told before is not told again. A change that costs what finished ones taught is told by the sort
//! of that lesson alone: of a lesson that changes, not all that cost it are told again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::TeamPlan;
use crate::Org;
use crate::db::{Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::ledger::NewEvent;
use crate::organisations::changed;

/// How long the costs of one entry are at most, in bytes: more of them are told in more entries.
const LONGEST: usize = 32 << 10;

/// What was kept of a team's plan last. `None`: it had none.
pub(super) async fn last(tx: &mut Tx, org: Org, team: i64) -> Result<Option<Value>> {
    let sql = "SELECT told FROM team_plan WHERE org = $1 AND team = $2";
    let Some(row) = tx.first(sql, args![org.0, team]).await? else { return Ok(None) };
    let told = serde_json::from_str(&row.text(0)?);
    told.map(Some).map_err(|e| StoreError::Damaged(e.to_string()))
}

/// The entries that tell it. None: all of it is as it was, but for the end of the time that is looked at.
pub(super) fn events(plan: &TeamPlan, before: Option<&Value>) -> Vec<NewEvent> {
    let (told, nothing) = (&plan.told, json!({}));
    let before = before.unwrap_or(&nothing);
    if is_same(told, before) {
        return Vec::new();
    }
    let mut first = json!({ "what": "plan", "team": plan.team, "until": moment(&told["until"]) });
    if !told["missing"].is_null() {
        first["missing"] = told["missing"].clone();
        return vec![changed("trimtab", plan.made, first)];
    }
    // One that was missing until now is told as a whole.
    let is_new = before["until"].is_null() || !before["missing"].is_null();
    if is_new || rounded(&told["windows"]) != rounded(&before["windows"]) {
        first["windows"] = windows(&told["windows"]);
    }
    let lessons = others(&told["lessons"], if is_new { &nothing } else { &before["lessons"] });
    if !lessons.is_empty() {
        first["lessons"] = Value::from(lessons);
    }
    let mut parts = costs(&told["costs"], if is_new { &nothing } else { &before["costs"] });
    if !parts.is_empty() {
        first["costs"] = Value::from(parts.remove(0));
    }
    let more = parts.into_iter().map(|costs| {
        json!({ "what": "plan", "team": plan.team, "until": first["until"], "costs": costs })
    });
    let more: Vec<Value> = more.collect();
    std::iter::once(first).chain(more).map(|data| changed("trimtab", plan.made, data)).collect()
}

/// Whether two plans say the same, whenever they were made.
fn is_same(told: &Value, before: &Value) -> bool {
    let without = |of: &Value| {
        let mut of = rounded(of);
        if let Some(of) = of.as_object_mut() {
            of.remove("until");
        }
        of
    };
    !before["until"].is_null() && without(told) == without(before)
}

/// The same with fractions in whole millionths: a sum of the same in another order differs by less.
fn rounded(of: &Value) -> Value {
    match of {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or(Value::Null, |is| json!((is * 1e6).round()))
        }
        Value::Array(all) => all.iter().map(rounded).collect(),
        Value::Object(all) => {
            Value::Object(all.iter().map(|(name, is)| (name.clone(), rounded(is))).collect())
        }
        other => other.clone(),
    }
}

/// A moment as the ledger writes it, of seconds since 1970.
fn moment(of: &Value) -> Value {
    let at = of.as_i64().and_then(|at| Timestamp::from_second(at).ok());
    at.map_or(Value::Null, |at| json!(at.to_string()))
}

fn windows(all: &Value) -> Value {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let window = |is: &Value| {
        json!({ "name": is["name"], "starts": moment(&is["starts"]), "ends": moment(&is["ends"]),
            "points": is["points"] })
    };
    all.iter().map(window).collect()
}

/// A cost as it is told: one that is a lesson's without its numbers.
fn slim(cost: &Value) -> Value {
    match cost["of"].as_str() {
        Some(of) => json!({ "asset": cost["asset"], "package": cost["package"], "of": of }),
        None => cost.clone(),
    }
}

/// Members of a list that are others than before.
fn others(all: &Value, before: &Value) -> Vec<Value> {
    let list = |of: &Value| of.as_array().cloned().unwrap_or_default();
    let known: BTreeSet<String> = list(before).iter().map(|is| rounded(is).to_string()).collect();
    let mut all = list(all);
    all.retain(|is| !known.contains(&rounded(is).to_string()));
    all
}

/// Costs that are others than before, as many together as one entry has room for.
fn costs(all: &Value, before: &Value) -> Vec<Vec<Value>> {
    let slims = |of: &Value| of.as_array().into_iter().flatten().map(slim).collect::<Value>();
    let (mut parts, mut length): (Vec<Vec<Value>>, usize) = (Vec::new(), 0);
    for is in others(&slims(all), &slims(before)) {
        let text = is.to_string();
        length += text.len() + 1;
        match parts.last_mut() {
            Some(part) if length <= LONGEST => part.push(is),
            _ => {
                length = text.len() + 1;
                parts.push(vec![is]);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(told: &Value, before: Option<&Value>) -> Vec<Value> {
        let made = Timestamp::from_second(1_000).unwrap();
        let plan = TeamPlan { team: 3, mark: String::new(), made, told: told.clone() };
        events(&plan, before).into_iter().map(|event| event.data).collect()
    }

    fn cost(package: &str, points: f64) -> Value {
        json!({ "asset": 1, "package": package, "points": points })
    }

    #[test]
    fn what_differs_is_told() {
        let of = |until: i64, costs: Vec<Value>| {
            json!({ "until": until, "missing": null, "load": 2.0, "costs": costs,
                "windows": [{ "name": "sprint", "starts": 5, "ends": 9, "points": 10.0 }] })
        };
        let first = of(100, vec![cost("a", 1.0), cost("b", 2.0)]);
        // At first all of it; of a row that an earlier version kept too.
        let all = json!({ "what": "plan", "team": 3, "until": "1970-01-01T00:01:40Z",
            "windows": [{ "name": "sprint", "starts": "1970-01-01T00:00:05Z",
                "ends": "1970-01-01T00:00:09Z", "points": 10.0 }],
            "costs": [cost("a", 1.0), cost("b", 2.0)] });
        assert_eq!(told(&first, None), std::slice::from_ref(&all));
        assert_eq!(told(&first, Some(&json!({ "load": 2.0 }))), [all]);
        // Made again of the same, nothing; of other costs, those.
        let same = of(200, vec![cost("a", 1.0), cost("b", 2.0)]);
        assert_eq!(told(&same, Some(&first)), Vec::<Value>::new());
        let dearer = of(200, vec![cost("a", 1.0), cost("b", 3.0)]);
        let until = "1970-01-01T00:03:20Z";
        let said = json!({ "what": "plan", "team": 3, "until": until, "costs": [cost("b", 3.0)] });
        assert_eq!(told(&dearer, Some(&first)), [said]);
        // As it comes back from a text that was read without care, and summed in another order: the same.
        let off = |load: f64, confidence: f64| {
            let mut is = of(200, vec![cost("a", 1.0)]);
            is["load"] = json!(load);
            is["costs"][0]["confidence"] = json!(confidence);
            is
        };
        let (one, other) = (0.980_392_156_862_745_1, 0.980_392_156_862_745_2);
        assert_ne!(off(0.3, one), off(0.1 + 0.2, other));
        assert_eq!(told(&off(0.3, one), Some(&off(0.1 + 0.2, other))), Vec::<Value>::new());
        // Of a sum alone only until when it holds.
        let mut heavier = same;
        heavier["load"] = json!(3.0);
        let said = json!({ "what": "plan", "team": 3, "until": until });
        assert_eq!(told(&heavier, Some(&first)), [said]);
    }

    #[test]
    fn of_a_lesson_that_changes_not_all_that_cost_it_is_told() {
        let of = |most: f64, packages: &[&str]| {
            let one = |name: &&str| json!({ "asset": 1, "package": name, "points": most, "of": "raise patch" });
            json!({ "until": 9, "missing": null, "windows": [],
                "costs": packages.iter().map(one).collect::<Vec<_>>(),
                "lessons": [{ "of": "raise patch", "most": most }] })
        };
        let cost = |name: &str| json!({ "asset": 1, "package": name, "of": "raise patch" });
        let first = of(2.0, &["a", "b"]);
        let all = &told(&first, None)[0];
        assert_eq!(all["costs"], json!([cost("a"), cost("b")]));
        assert_eq!(all["lessons"], json!([{ "of": "raise patch", "most": 2.0 }]));
        let again = &told(&of(3.0, &["a", "b", "c"]), Some(&first))[0];
        assert_eq!(again["costs"], json!([cost("c")]));
        assert_eq!(again["lessons"], json!([{ "of": "raise patch", "most": 3.0 }]));
        // What an earlier version kept knew of no lessons: all is told once more.
        let mut earlier = first.clone();
        for cost in earlier["costs"].as_array_mut().unwrap() {
            cost.as_object_mut().unwrap().remove("of");
        }
        earlier.as_object_mut().unwrap().remove("lessons");
        let once_more = &told(&first, Some(&earlier))[0];
        assert_eq!((&once_more["costs"], &once_more["lessons"]), (&all["costs"], &all["lessons"]));
    }

    #[test]
    fn one_that_was_missing_is_told_as_a_whole() {
        let missing = json!({ "until": 0, "missing": "no cadence", "windows": [], "costs": [] });
        let there =
            json!({ "until": 9, "missing": null, "windows": [], "costs": [cost("a", 1.0)] });
        let said = &told(&missing, Some(&there))[0];
        assert_eq!(
            (said["missing"].as_str(), said["costs"].as_array()),
            (Some("no cadence"), None)
        );
        let again = &told(&there, Some(&missing))[0];
        assert_eq!(again["costs"], json!([cost("a", 1.0)]));
        assert_eq!(again["windows"], json!([]));
    }

    #[test]
    fn an_entry_has_a_bound_and_nothing_is_left_out() {
        let many: Vec<Value> = (0..900).map(|at| cost(&format!("package-{at:03}"), 1.0)).collect();
        let all = json!({ "until": 9, "missing": null, "windows": [], "costs": many });
        let entries = told(&all, None);
        assert!(entries.len() > 1);
        let lists = || entries.iter().map(|data| data["costs"].as_array().unwrap());
        for list in lists() {
            assert!(list.iter().map(|is| is.to_string().len() + 1).sum::<usize>() <= LONGEST);
        }
        assert_eq!(lists().flatten().cloned().collect::<Vec<_>>(), many);
    }
}
