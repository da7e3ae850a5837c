//! The forms of a review: to open and close it, who is there, and what is decided.

use jiff::{SignedDuration, Timestamp};
use trimtab_pages::part::{Field, Form as Sheet, Input};
use trimtab_store::ReviewState;

use super::Sent;
use crate::access::Who;
use crate::api::reviews::Known;
use crate::reviewing;

fn hidden(what: &str) -> Field {
    Field::new("do", "do", Input::Hidden).holding(what)
}

fn sheet(is: &Known, csrf: &str, what: &str, fields: Vec<Field>, submit: &str) -> Sheet {
    let mut all = vec![hidden(what)];
    all.extend(fields);
    Sheet {
        action: format!("/reviews/{}", is.review.id).into(),
        csrf: csrf.to_owned(),
        fields: all,
        submit: submit.to_owned(),
        // What comes next is filled: to open it, then to record what is decided.
        quiet: !matches!(what, "open" | "decide"),
        ..Sheet::default()
    }
}

pub(super) fn meeting(is: &Known, people: &[(i64, String)], csrf: &str) -> Vec<Sheet> {
    match is.review.state {
        ReviewState::Prepared => vec![sheet(is, csrf, "open", Vec::new(), "Open the review")],
        ReviewState::Closed => Vec::new(),
        ReviewState::Open => {
            let there = |id: &i64| is.present.iter().any(|(person, _)| person == id);
            let others: Vec<(String, String)> = people
                .iter()
                .filter(|(id, _)| !there(id))
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect();
            if others.is_empty() {
                return Vec::new();
            }
            let person = Field::new("person", "Who else is present", Input::Select(others));
            vec![sheet(is, csrf, "attend", vec![person], "Add to those present")]
        }
    }
}

pub(super) fn forms(
    is: &Known,
    (who, may): (&Who, bool),
    people: &[(i64, String)],
    csrf: &str,
    sent: &Sent,
    now: Timestamp,
) -> Vec<(String, Sheet)> {
    let mut forms = Vec::new();
    let open = is.review.state == ReviewState::Open;
    if open && may {
        let mut topics = vec![(String::new(), "none of the agenda".to_owned())];
        let all = is.pack.parts.iter().flat_map(|part| &part.topics);
        topics.extend(all.map(|topic| (topic.key.clone(), topic.title.clone())));
        let owners = people.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
        let week = now + SignedDuration::from_hours(24 * 7);
        let due = match sent.due.as_str() {
            "" => week.strftime("%Y-%m-%d").to_string(),
            due => due.to_owned(),
        };
        let owner = match sent.owner.as_str() {
            "" => who.person.id.to_string(),
            owner => owner.to_owned(),
        };
        let fields = vec![
            Field::new("topic", "About", Input::Select(topics))
                .holding(sent.topic.clone())
                .optional(),
            Field::new("what", "What is done", Input::Text).holding(sent.what.clone()),
            Field::new("owner", "Who does it", Input::Select(owners)).holding(owner),
            Field::new("due", "Until", Input::Date).holding(due),
        ];
        let form = sheet(is, csrf, "decide", fields, "Record it");
        forms.push(("Record a decision".to_owned(), form));
    }
    let to_do = to_do(is, (who, may), now);
    if !to_do.is_empty() {
        let became = [("done", "carried out"), ("dropped", "dropped"), ("open", "still open")];
        let became = became.map(|(word, words)| (word.to_owned(), words.to_owned())).to_vec();
        let mut fields = vec![
            Field::new("decision", "Decision", Input::Select(to_do)).holding(sent.decision.clone()),
            Field::new("became", "Outcome", Input::Select(became)).holding(sent.became.clone()),
            Field::new("word", "Comment", Input::Text).holding(sent.word.clone()).optional(),
        ];
        if may {
            let mut owners = vec![(String::new(), "as before".to_owned())];
            owners.extend(people.iter().map(|(id, name)| (id.to_string(), name.clone())));
            let field = Field::new("new_owner", "Who does it from now on", Input::Select(owners));
            fields.push(field.holding(sent.new_owner.clone()).optional());
        }
        let form = sheet(is, csrf, "follow", fields, "Save");
        forms.push(("Update a decision".to_owned(), form));
    }
    if open && may {
        let note = Field::new("note", "Notes", Input::Area).holding(sent.note.clone()).optional();
        let form = sheet(is, csrf, "close", vec![note], "Close the review");
        forms.push(("Close the review".to_owned(), form));
    }
    forms
}

/// Decisions that are to be done, of this review and those before, that they may say something of.
fn to_do(is: &Known, (who, may): (&Who, bool), now: Timestamp) -> Vec<(String, String)> {
    let earlier = is.before.iter().flat_map(|one| &one.decisions);
    is.decisions
        .iter()
        .chain(earlier)
        .filter(|one| reviewing::follow(one, now).is_open())
        .filter(|one| may || one.is.owner == who.person.id)
        .map(|one| (format!("{}.{}", one.is.review, one.id), one.is.what.clone()))
        .collect()
}
