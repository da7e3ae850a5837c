//! A project that has another name in its tracker. The tracker is asked whether the tickets that are known of the one before
//! are there, under their own numbers: what is known of them stays then.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use trimtab_connect::requests::HostError;
use trimtab_connect::track;
use trimtab_model::ticket::{Mark, Seen};
use trimtab_store::{PlannedChange, TicketOf, Tracker};

use super::round::patience;
use super::{Had, Short, mark, project};

/// The keys of a team's tickets in its project by the new name, where that is the project before. `None`: it is another one,
/// or the tracker does not tell.
pub(crate) async fn keys(
    before: &Tracker,
    now: &Tracker,
    token: String,
    tickets: &[TicketOf],
) -> Option<Vec<(PlannedChange, String)>> {
    let project = project(now)?;
    let known: Vec<Known> = tickets.iter().filter_map(|row| Known::of(before, row)).collect();
    if known.is_empty() {
        return None;
    }
    let asked = tokio::task::spawn_blocking(move || {
        let role = track::connect(&project, &token, patience(), &Short)?;
        role.changed(Timestamp::UNIX_EPOCH)
    });
    let listed = match asked.await {
        Ok(listed) => listed,
        Err(error) => Err(HostError::Lost(error.to_string())),
    };
    match listed {
        Ok(listed) => same(&known, &listed.tickets, listed.cut, &now.is.project),
        Err(error) => {
            let team = before.is.team;
            tracing::warn!(team, %error, "whether a tracker's project was renamed is not known");
            None
        }
    }
}

/// A ticket that is known of the project before.
#[derive(Debug, Clone)]
struct Known {
    of: PlannedChange,
    mark: Mark,
    key: String,
    is_gone: bool,
}

impl Known {
    fn of(before: &Tracker, row: &TicketOf) -> Option<Known> {
        Some(Known {
            of: row.change.clone(),
            mark: mark(&before.is.handle, &row.change)?,
            key: row.key.clone()?,
            is_gone: Had::of(&row.seen).stage == "gone",
        })
    }
}

/// The number in a key: `7` of `7` and of `APP-7`. A project that is renamed keeps it.
fn number(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(_, number)| number)
}

/// The keys by the new name, where what is listed there is of the project before: at least half of what is known is there with
/// its mark and number, and none of its numbers or marks is another ticket's.
fn same(
    known: &[Known],
    listed: &[Seen],
    cut: bool,
    name: &str,
) -> Option<Vec<(PlannedChange, String)>> {
    let by_number: HashMap<&str, &Seen> =
        listed.iter().map(|seen| (number(&seen.key), seen)).collect();
    let marks: HashSet<&Mark> =
        listed.iter().filter_map(|seen| Some(&seen.wrote.as_ref()?.mark)).collect();
    let (mut keys, mut there, mut sought) = (Vec::new(), 0, 0);
    for one in known {
        let found = by_number.get(number(&one.key));
        let wrote = found.and_then(|seen| seen.wrote.as_ref());
        match wrote {
            Some(wrote) if wrote.mark == one.mark => there += 1,
            // Its number is another action's there.
            Some(_) => return None,
            // Its action has another ticket there.
            None if found.is_none() && marks.contains(&one.mark) => return None,
            None => {}
        }
        sought += usize::from(!one.is_gone);
        let key = match (found, one.key.rsplit_once('-')) {
            (Some(seen), _) => seen.key.to_string(),
            (None, Some((_, number))) => format!("{name}-{number}"),
            (None, None) => one.key.clone(),
        };
        keys.push((one.of.clone(), key));
    }
    (there > 0 && (cut || there * 2 >= sought)).then_some(keys)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trimtab_model::ticket::{Digest, Life, Stage, Wrote};

    use super::*;

    fn known(package: &str, key: &str) -> Known {
        let mark = Mark::read(&format!("handle.1.{package}")).unwrap();
        let of = PlannedChange { asset: 1, package: package.to_owned() };
        Known { of, mark, key: key.to_owned(), is_gone: false }
    }

    fn seen(key: &str, package: Option<&str>) -> Seen {
        let wrote = |package: &str| Wrote {
            mark: Mark::read(&format!("handle.1.{package}")).unwrap(),
            text: Digest::of(&["text"]),
            title: Digest::of(&["title"]),
            due: None,
            points: None,
            life: Life::Open,
        };
        Seen {
            key: key.into(),
            number: number(key).parse().unwrap(),
            author: None,
            title: "Raise it".into(),
            wrote: package.map(wrote),
            stage: Stage::Open,
            reason: None,
            labels: BTreeSet::new(),
            due: None,
            points: None,
            assignee: None,
            sprint: None,
            updated: Timestamp::UNIX_EPOCH,
            page: "".into(),
        }
    }

    #[test]
    fn tickets_with_their_marks_under_their_numbers_are_of_the_same_project() {
        let all = [known("a", "OLD-7"), known("b", "OLD-8"), known("c", "OLD-9")];
        // The text of one is people's now, and one is gone.
        let listed = [seen("NEW-7", Some("a")), seen("NEW-8", None)];
        let gone = Known { is_gone: true, ..all[2].clone() };
        let keys = same(&[all[0].clone(), all[1].clone(), gone], &listed, false, "NEW").unwrap();
        let keys: Vec<&str> = keys.iter().map(|(_, key)| key.as_str()).collect();
        assert_eq!(keys, ["NEW-7", "NEW-8", "NEW-9"]);
        assert!(same(&all, &listed, false, "NEW").is_none(), "one of three");
        assert!(same(&all, &listed, true, "NEW").is_some(), "the others may be beyond");
        assert!(same(&all, &[], false, "NEW").is_none(), "nothing of ours is there");
    }

    #[test]
    fn tickets_of_another_project_are_not_taken_for_these() {
        let all = [known("a", "7"), known("b", "8")];
        let moved = [seen("7", Some("a")), seen("1", Some("b"))];
        assert!(same(&all, &moved, false, "o/new").is_none(), "it has another number there");
        let other = [seen("7", Some("a")), seen("8", Some("z"))];
        assert!(same(&all, &other, false, "o/new").is_none(), "its number is another's there");
    }
}
