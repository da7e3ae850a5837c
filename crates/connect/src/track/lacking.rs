//! What a project does not have of what its settings name, read before the first ticket is refused: fields, components and
//! states, in sentences that say what to enter. What a tracker tells is given; nothing is asked here.

use serde_json::Value;

use super::{Settings, string};

/// So many names are told of a list.
const NAMED: usize = 20;

/// A list of names for people, bounded.
fn names<'v>(all: impl Iterator<Item = &'v Value>) -> String {
    let mut names: Vec<String> = all.map(string).filter(|name| !name.is_empty()).collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// That a project has no such type of ticket; `all` are those that it has.
pub(super) fn no_kind(kind: &str, all: &[Value]) -> String {
    match all.is_empty() {
        true => "The project tells the token of no ticket type, so no ticket can be created: the token may not create any."
            .to_owned(),
        false => format!(
            "The project has no ticket type `{kind}`, so no ticket can be created. It has: {}.",
            names(all.iter().map(|one| &one["name"]))
        ),
    }
}

/// What is missing of what a ticket of Jira is created with. `fields` is what the site tells of creating one of its type.
pub(super) fn of_jira(settings: &Settings, fields: &[Value], components: &[String]) -> Vec<String> {
    let kind = &settings.kind;
    let id = |field: &Value| match &field["fieldId"] {
        Value::String(id) => id.clone(),
        _ => string(&field["key"]),
    };
    let find = |wanted: &str| fields.iter().find(|field| id(field) == wanted);
    let mut all = Vec::new();
    for wanted in ["description", "labels", "duedate"] {
        if find(wanted).is_none() {
            all.push(format!(
                "A `{kind}` cannot be created with the field `{wanted}`, so tickets are refused: an administrator of the project \
                 adds the field to its screen for creating."
            ));
        }
    }
    let points = &settings.points;
    if !points.is_empty() && find(points).is_none() {
        let like = fields.iter().filter(|f| string(&f["name"]).to_lowercase().contains("point"));
        let like: Vec<String> =
            like.take(NAMED).map(|f| format!("`{}` ({})", id(f), string(&f["name"]))).collect();
        let instead = match like.is_empty() {
            true => {
                "Leave the field for points empty, or add it to the screen for creating.".to_owned()
            }
            false => format!("The field for points may be {}.", like.join(" or ")),
        };
        all.push(format!(
            "A `{kind}` has no field `{points}` for points, so tickets with points are refused. {instead}"
        ));
    }
    match find("components").map(|field| field["allowedValues"].as_array()) {
        None if !components.is_empty() => all.push(format!(
            "A `{kind}` cannot be created with components, so tickets that have one are refused: enter none."
        )),
        Some(Some(known)) => {
            let is_known = |name: &String| known.iter().any(|one| one["name"] == **name);
            for name in components.iter().filter(|name| !is_known(name)) {
                all.push(format!(
                    "The project has no component `{name}`, so tickets that have it are refused. It has: {}.",
                    names(known.iter().map(|one| &one["name"]))
                ));
            }
        }
        _ => {}
    }
    let filled =
        ["project", "issuetype", "summary", "description", "labels", "duedate", "reporter"];
    let is_filled = |id: &str| {
        filled.contains(&id) || id == points || (id == "components" && !components.is_empty())
    };
    let must = |field: &&Value| field["required"] == true && field["hasDefaultValue"] != true;
    for field in fields.iter().filter(must).filter(|field| !is_filled(&id(field))) {
        all.push(format!(
            "A `{kind}` requires the field `{}` ({}), which Trimtab does not fill, so tickets are refused: choose another \
             ticket type, or give the field a default.",
            id(field),
            string(&field["name"])
        ));
    }
    all
}

/// What is missing of what Azure's tickets are created, closed and opened again with. Of `settings` nothing is empty but
/// what there is not.
pub(super) fn of_azure(settings: &Settings, fields: &[Value], states: &[Value]) -> Vec<String> {
    let kind = &settings.kind;
    let mut all = Vec::new();
    let wanted = [(&settings.due, "the due date"), (&settings.points, "points")];
    for (field, what) in wanted.into_iter().filter(|(field, _)| !field.is_empty()) {
        if !fields.iter().any(|one| one["referenceName"] == **field) {
            all.push(format!(
                "A `{kind}` has no field `{field}` for {what}, so tickets that have it are refused. Enter another one, or `none`."
            ));
        }
    }
    let is = |state: &Value, name: &str| string(&state["name"]).eq_ignore_ascii_case(name);
    for (state, what) in [(&settings.done, "closed"), (&settings.open, "opened again")] {
        if !states.iter().any(|one| is(one, state)) {
            all.push(format!(
                "A `{kind}` has no state `{state}`, so tickets cannot be {what}. Enter one of: {}.",
                names(states.iter().map(|one| &one["name"]))
            ));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(value: &Value) -> Vec<Value> {
        value.as_array().unwrap().clone()
    }

    #[test]
    fn each_thing_that_jira_would_refuse_is_told_with_what_to_enter() {
        let field = |id: &str, name: &str, required: bool| json!({ "fieldId": id, "name": name, "required": required });
        let mut fields: Vec<Value> = ["summary", "description", "labels", "duedate"]
            .into_iter()
            .map(|id| field(id, id, id == "summary"))
            .collect();
        fields.push(field("customfield_10016", "Story Points", false));
        fields.push(json!({ "fieldId": "components", "name": "Components", "required": false,
            "allowedValues": [{ "name": "api" }, { "name": "ui" }] }));
        let points = "customfield_10016".to_owned();
        let settings = Settings { points, ..Settings::default() };
        let named = |name: &str| vec![name.to_owned()];
        assert_eq!(of_jira(&settings, &fields, &named("ui")), Vec::<String>::new());
        let wrong = Settings { points: "customfield_9".to_owned(), ..settings.clone() };
        let said = of_jira(&wrong, &fields, &named("Nonsense"));
        let [points, component] = &said[..] else { panic!("{said:#?}") };
        assert!(
            points.contains("`customfield_9`") && points.contains("`customfield_10016` (Story")
        );
        assert!(component.contains("`Nonsense`") && component.contains("api, ui"), "{component}");
        // A screen without what is always sent, and with what is never sent.
        fields.remove(3);
        fields.push(field("customfield_7", "Cost centre", true));
        let said = of_jira(&settings, &fields, &[]);
        let [due, required] = &said[..] else { panic!("{said:#?}") };
        assert!(due.contains("`duedate`") && required.contains("Cost centre"), "{said:#?}");
        assert!(no_kind("Task", &[json!({ "name": "Story" })]).contains("It has: Story."));
        assert!(no_kind("Task", &[]).contains("may not create"));
    }

    #[test]
    fn fields_and_states_that_a_process_of_azure_does_not_have_are_told() {
        let fields =
            list(&json!([{ "referenceName": "System.Title" }, { "referenceName": "X.Due" }]));
        let states = list(&json!([{ "name": "To Do" }, { "name": "Doing" }, { "name": "Done" }]));
        let settings = |due: &str, points: &str, done: &str, open: &str| Settings {
            due: due.to_owned(),
            points: points.to_owned(),
            done: done.to_owned(),
            open: open.to_owned(),
            ..Settings::default()
        };
        let right = settings("X.Due", "", "done", "To Do");
        assert_eq!(of_azure(&right, &fields, &states), Vec::<String>::new());
        let said = of_azure(&settings("X.Other", "X.Points", "Closed", "New"), &fields, &states);
        assert_eq!(said.len(), 4, "{said:#?}");
        for (text, words) in said.iter().zip(["`X.Other`", "`X.Points`", "`Closed`", "`New`"]) {
            assert!(text.contains(words), "{text}");
        }
        assert!(said[2].contains("To Do, Doing, Done"), "{}", said[2]);
    }
}
