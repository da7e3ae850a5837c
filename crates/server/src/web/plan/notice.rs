//! What must be known before a plan is read: that it is a trial, what is in no number of it.

use trimtab_pages::part::{Notice, Urgency, number};

use crate::planning::{MOST, Planned, Wish};
use crate::web::count;

pub(super) fn notice(planned: &Planned, wish: &Wish, charter: Option<&str>) -> Option<Notice> {
    let mut said = Vec::new();
    let tried = [
        wish.capacity.map(|points| format!("{} points", number(points))),
        wish.open_limit.map(|limit| format!("{limit} open at a time")),
        wish.cadence.as_ref().map(|name| format!("the cadence {name}")),
        charter.map(|word| format!("the charter {word}")),
    ];
    let tried: Vec<String> = tried.into_iter().flatten().collect();
    if !tried.is_empty() {
        said.push(format!("This is a trial with {}: nothing is changed by it.", tried.join(", ")));
    } else if planned.not_kept() > 0 {
        let changes = i64::try_from(planned.not_kept()).unwrap_or(i64::MAX);
        let changes = count(changes, "change is", "changes are");
        said.push(format!("{changes} new in the plan, which is kept anew soon."));
    }
    if planned.more {
        let beyond = match planned.beyond {
            Some(beyond) => format!("the {}", count(beyond, "other", "others")),
            None => "the others".to_owned(),
        };
        said.push(format!(
            "More is open than one plan holds: the gravest changes are in it, with about {MOST} findings, and {beyond} in no \
             number here. They come in as those are gone."
        ));
    }
    if !planned.missed.is_empty() {
        let missed = count(
            i64::try_from(planned.missed.len()).unwrap_or(i64::MAX),
            "change was accepted for a window that is over, or not in this plan,",
            "changes were accepted for windows that are over, or not in this plan,",
        );
        said.push(format!("{missed} and not done: the plan places them anew."));
    }
    (!said.is_empty()).then(|| Notice { urgency: Urgency::Note, text: said.join(" "), next: None })
}
