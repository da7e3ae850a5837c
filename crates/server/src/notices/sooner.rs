//! What is *now* and is due earlier than people were told, as by a charter that shortens deadlines: it is another alarm,
//! once for each earlier deadline. What is due later is none.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{NewPending, Pending, apart};

use super::things::Told;

/// So much earlier it is at least: less changes nothing for anybody.
const LEAST: SignedDuration = SignedDuration::from_hours(1);

/// Makes an alarm of what was told with a later deadline. `before` is what was told, as it stands.
pub(crate) fn tell(things: &mut [NewPending], before: &[Pending], now: Timestamp) {
    for is in things.iter_mut().filter(|is| is.urgent) {
        let mut told = Told::of(&is.told);
        let due = told.due.and_then(|at| Timestamp::from_second(at).ok());
        let (Some(due), true) = (due.filter(|due| *due > now), told.findings > 0) else { continue };
        // What was cut in two, or is brought together, was told by either of its names.
        let other = apart(&is.item);
        let own = before.iter().filter(|was| was.item == is.item || was.item == other);
        let own = own.filter(|was| was.urgent.is_some());
        let Some(was) = own.filter_map(|was| Told::of(&was.told).due).min() else { continue };
        let Ok(was) = Timestamp::from_second(was) else { continue };
        if was.duration_since(due) < LEAST {
            continue;
        }
        let day = was.strftime("%Y-%m-%d %H:%M");
        told.detail = format!("{} The deadline was {day} UTC before.", told.detail);
        is.told = json!(told);
        is.urgent_of.push(format!("due {due}"));
        is.urgent_of.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn thing(item: &str, due: i64) -> NewPending {
        let due = Some(at(due).as_second());
        NewPending {
            item: item.to_owned(),
            mark: String::new(),
            told: json!(Told { findings: 1, due, ..Told::default() }),
            urgent: true,
            urgent_of: vec!["x".to_owned()],
        }
    }

    fn kept(is: &NewPending) -> Pending {
        Pending {
            item: is.item.clone(),
            told: is.told.clone(),
            since: at(0),
            urgent: Some(at(0)),
            acknowledged: None,
        }
    }

    /// For what each of some things is *now*, where others were told before.
    fn told(things: &[(&str, i64)], before: &[(&str, i64)]) -> Vec<usize> {
        let mut all: Vec<NewPending> = things.iter().map(|(item, due)| thing(item, *due)).collect();
        let before: Vec<Pending> =
            before.iter().map(|(item, due)| kept(&thing(item, *due))).collect();
        tell(&mut all, &before, at(10));
        all.iter().map(|is| is.urgent_of.len()).collect()
    }

    #[test]
    fn what_is_due_earlier_than_it_was_told_is_another_alarm() {
        assert_eq!(told(&[("7:p", 24)], &[("7:p", 72)]), [2]);
        assert_eq!(told(&[("7:p", 24)], &[("7:p", 24)]), [1], "once");
        assert_eq!(told(&[("7:p", 72)], &[("7:p", 24)]), [1], "later is none");
        assert_eq!(told(&[("7:p", 24)], &[]), [1], "it is told as it is");
        assert_eq!(
            told(&[("7:p", 9)], &[("7:p", 72)]),
            [1],
            "it is missed, which is told by itself"
        );
    }

    #[test]
    fn what_is_cut_in_two_is_due_as_it_was() {
        assert_eq!(told(&[("7:p", 48), ("7:p:left", 24)], &[("7:p", 24)]), [1, 1]);
        assert_eq!(told(&[("7:p", 24)], &[("7:p", 48), ("7:p:left", 24)]), [1]);
    }
}
