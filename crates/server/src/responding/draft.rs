//! Words for others, made from facts: people change them before they are sent.

use jiff::Timestamp;
use trimtab_store::Where;

use super::Room;
use crate::web::{count, whole};

/// The most systems that are named: what is longer cannot be kept as it was sent.
const NAMED: usize = 50;

/// How it begins where it is a drill.
fn marked(room: &Room) -> &'static str {
    if room.is.is.drill.is_some() { "DRILL, nothing of this is real. " } else { "" }
}

/// What those who answer for the business are told: what it is, how many are touched, how far they are.
pub(crate) fn stakeholders(room: &Room, now: Timestamp) -> String {
    let rows = &room.places.rows;
    let mut systems: Vec<&str> =
        rows.iter().filter_map(|w: &Where| Some(w.system.as_ref()?.1.as_str())).collect();
    systems.sort_unstable();
    systems.dedup();
    let running = rows.iter().filter(|place| place.running).count();
    // What nobody owns is acknowledged by nobody, and is no team.
    let of_teams = || room.stands.iter().filter(|stand| stand.team.is_some());
    let done = |of: fn(&trimtab_engine::incident::Stand) -> bool| {
        of_teams().filter(|stand| of(stand)).count()
    };
    let teams = of_teams().count();
    let ownerless = rows.iter().filter(|place| place.team.is_none()).count();
    let least = if room.places.more { "at least " } else { "" };
    let mut text = format!(
        "{}{}. As of {} it is in {least}{}, {least}{} of them known to be in production.",
        marked(room),
        room.is.is.title,
        now.strftime("%Y-%m-%d %H:%M UTC"),
        count(whole(rows.len()), "place", "places"),
        running
    );
    if running < rows.len() {
        text += " Where no deployment was reported, that is not known.";
    }
    if !room.places.known {
        text = format!(
            "{}{}. No source knows yet which packages it is in: where it is is unknown.",
            marked(room),
            room.is.is.title
        );
    }
    if !systems.is_empty() {
        let more = systems.len().saturating_sub(NAMED);
        systems.truncate(NAMED);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        text += &format!(" Systems that have it now: {}{rest}.", systems.join(", "));
    }
    text += &format!(
        " Of {}, {} acknowledged it, {} contained it and {} fixed it.",
        count(whole(teams), "team", "teams"),
        done(|s| s.acknowledged.is_some()),
        done(|s| s.contained.is_some()),
        done(|s| s.fixed.is_some()),
    );
    if ownerless > 0 {
        let places = count(whole(ownerless), "place belongs", "places belong");
        text += &format!(" {places} to no team.");
    }
    if room.places.unknown > 0 {
        text += &format!(
            " {} cannot be compared and may be affected as well.",
            count(whole(room.places.unknown), "version", "versions")
        );
    }
    text + " The next update follows within four hours."
}

/// What customers read: no names, no numbers, what is done and when they hear more.
pub(crate) fn status(room: &Room) -> String {
    let fixed = !room.stands.is_empty() && room.stands.iter().all(|s| s.fixed.is_some());
    let contained = !room.stands.is_empty() && room.stands.iter().all(|s| s.contained.is_some());
    // What cannot be known is not told as good.
    let sure = room.places.is_sure();
    let is = stand(
        room.stands.is_empty() && room.places.rows.is_empty(),
        (fixed, contained),
        (sure, room.places.named),
    );
    format!(
        "{}We know of a published weakness in a component that many companies use. {is} \
         We will say here when that changes, and give an update by tomorrow in any case.",
        marked(room)
    )
}

/// How it stands, for customers: only what teams said, or what was looked for. That the component is being replaced is what
/// nobody said. `none`: nothing is touched; `sure`: of all places it is known; `named`: it was looked for by its name.
fn stand(
    none: bool,
    (fixed, contained): (bool, bool),
    (sure, named): (bool, bool),
) -> &'static str {
    match (none, fixed, contained) {
        (true, ..) if sure && named => {
            "We have looked for it and have not found it in what we run."
        }
        (true, ..) => "We are looking into whether it affects us.",
        (_, true, _) if sure => {
            "The affected component is gone from what we build and from what we know to run in production."
        }
        (_, _, true) => "We have taken measures so that it cannot be used against us.",
        _ => "We are looking into where it affects us.",
    }
}

#[cfg(test)]
mod tests {
    use super::stand;

    #[test]
    fn customers_are_told_no_more_than_teams_said() {
        let all = [false, true];
        for (fixed, contained) in all.iter().flat_map(|f| all.map(|c| (*f, c))) {
            let told = stand(false, (fixed, contained), (false, true));
            assert!(!told.contains("replacing") && !told.contains("gone"), "{told}");
            assert_eq!(told.contains("taken measures"), contained, "{told}");
        }
        assert!(stand(false, (true, true), (true, true)).contains("is gone"));
        assert!(stand(true, (false, false), (true, true)).contains("have not found it"));
        assert!(stand(true, (false, false), (true, false)).contains("whether it affects us"));
    }
}
