//! What a letter says: kept as it was sent, so that what was told can be looked at afterwards.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trimtab_engine::notices::{Message, Why};
use trimtab_model::letter::{Item, Letter};
use trimtab_store::Pending;

use super::things::Told;

/// The most things that a letter names, the gravest first; the others are counted. An alarm keeps so many of each system.
const MOST: usize = 200;

/// A thing that a letter names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    pub(crate) item: String,
    pub(crate) told: Told,
}

/// What a letter says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    pub(crate) urgent: bool,
    pub(crate) named: Vec<Named>,
    /// How many more there were, by the system that they are in.
    pub(crate) rest: Vec<(Option<i64>, usize)>,
    /// How many of a digest were told at once within the day and are as they were then, by their system: it says so, and
    /// does not name them again.
    pub(crate) repeated: Vec<(Option<i64>, usize)>,
}

/// Counts one more of a system.
fn count(all: &mut Vec<(Option<i64>, usize)>, system: Option<i64>) {
    match all.iter_mut().find(|(of, _)| *of == system) {
        Some((_, count)) => *count = count.saturating_add(1),
        None => all.push((system, 1)),
    }
}

fn sum(all: &[(Option<i64>, usize)]) -> usize {
    all.iter().fold(0, |sum: usize, (_, count)| sum.saturating_add(*count))
}

impl Said {
    /// As the store has it.
    pub(crate) fn of(told: &Value) -> Said {
        serde_json::from_value(told.clone()).unwrap_or_default()
    }

    /// What a message says of what waits, as it is kept.
    pub(crate) fn new(message: &Message, pending: &[Pending]) -> Said {
        Said::all(message, pending, &HashSet::new()).kept()
    }

    /// As it is kept with its letter: of a digest the gravest alone are named.
    pub(crate) fn kept(self) -> Said {
        if self.urgent { self } else { self.cut() }
    }

    /// What a message says of what waits: of a digest all of it, for it is not known yet who may read what. `alarmed` was told
    /// at once within the day, and takes no room of what else there is.
    pub(crate) fn all(message: &Message, pending: &[Pending], alarmed: &HashSet<String>) -> Said {
        let by_item: HashMap<&str, &Pending> =
            pending.iter().map(|is| (is.item.as_str(), is)).collect();
        let mut named: Vec<Named> = message
            .keys
            .iter()
            .filter_map(|key| {
                let is = by_item.get(&**key)?;
                Some(Named { item: is.item.clone(), told: Told::of(&is.told) })
            })
            .collect();
        named.sort_by_cached_key(|of| of.told.rank());
        let mut said = Said { urgent: message.why != Why::Digest, ..Said::default() };
        if !said.urgent {
            let (before, new): (Vec<Named>, Vec<Named>) =
                named.into_iter().partition(|of| alarmed.contains(&of.item));
            if new.is_empty() {
                said.named = before;
            } else {
                before.iter().for_each(|of| count(&mut said.repeated, of.told.system));
                said.named = new;
            }
            return said;
        }
        // Who is told of an alarm depends on the systems that it is about.
        let mut kept: HashMap<Option<i64>, usize> = HashMap::new();
        for of in named {
            let count = kept.entry(of.told.system).or_default();
            if *count < MOST {
                *count += 1;
                said.named.push(of);
            } else {
                said.leave(of.told.system);
            }
        }
        said
    }

    /// It with the gravest alone; the others are counted.
    fn cut(mut self) -> Said {
        let kept = self.named.len().min(MOST);
        for of in self.named.split_off(kept) {
            self.leave(of.told.system);
        }
        self
    }

    /// Counts one more of a system.
    fn leave(&mut self, system: Option<i64>) {
        count(&mut self.rest, system);
    }

    /// It with what somebody may see alone. How much else there is, they do not learn.
    pub(crate) fn seen_by(self, may: impl Fn(Option<i64>) -> bool) -> Said {
        self.narrowed(may).cut()
    }

    /// The same, with all that it names of that.
    pub(crate) fn narrowed(mut self, may: impl Fn(Option<i64>) -> bool) -> Said {
        self.named.retain(|of| may(of.told.system));
        self.rest.retain(|(system, _)| may(*system));
        self.repeated.retain(|(system, _)| may(*system));
        self
    }

    /// It without what waits for an answer that this reader may not give.
    pub(crate) fn answered_by(mut self, may: impl Fn(&str) -> bool) -> Said {
        self.named.retain(|of| of.told.answer.is_none() || may(&of.item));
        self
    }

    /// It without what none of its readers may read.
    pub(crate) fn of_items(&self, items: &[String]) -> Said {
        let items: HashSet<&str> = items.iter().map(String::as_str).collect();
        let mut said = self.clone();
        said.named.retain(|of| items.contains(of.item.as_str()));
        said
    }

    /// How many more there were.
    pub(crate) fn more(&self) -> usize {
        sum(&self.rest)
    }

    /// How many things it tells of.
    pub(crate) fn count(&self) -> usize {
        self.named.len().saturating_add(self.more())
    }

    /// A line that says what it is.
    pub(crate) fn subject(&self, why: Why, team: &str) -> String {
        let first = self.named.first().map_or("something", |of| of.told.title.as_str());
        let others = match self.count().saturating_sub(1) {
            0 => String::new(),
            1 => ", and 1 more".to_owned(),
            more => format!(", and {more} more"),
        };
        match why {
            Why::Digest => match self.count() {
                1 => format!("{team}: 1 thing to do"),
                count => format!("{team}: {count} things to do"),
            },
            Why::Now => format!("Now, {team}: {first}{others}"),
            Why::Escalation(_) => format!("Not acknowledged yet, {team}: {first}{others}"),
        }
    }

    /// The letter for a channel. `id` is the copy's own.
    pub(crate) fn letter(
        self,
        (id, page): (&str, &str),
        (why, team, team_id): (Why, &str, i64),
        public: &str,
    ) -> Letter {
        let said = self.cut();
        let new = "New since the last digest, gravest first.";
        let lead = match (why, sum(&said.repeated)) {
            (Why::Digest, 0) => new.to_owned(),
            (Why::Digest, 1) => {
                format!("{new} 1 more was sent as now within the last day and has not changed.")
            }
            (Why::Digest, more) => {
                format!(
                    "{new} {more} more were sent as now within the last day and have not changed."
                )
            }
            (Why::Now, _) => {
                format!("The charter requires this now. Say that you have it: {public}{page}")
            }
            (Why::Escalation(_), _) => format!(
                "The charter requires this now, and nobody has acknowledged it yet. Say if you have it: {public}{page}"
            ),
        };
        let item = |of: &Named| Item {
            title: of.told.title.as_str().into(),
            detail: of.told.detail.as_str().into(),
            act: of.told.act.as_str().into(),
            link: format!("{public}{}", of.told.link).into(),
        };
        Letter {
            id: id.into(),
            subject: said.subject(why, team).into(),
            lead: lead.into(),
            items: said.named.iter().map(item).collect(),
            more: said.more(),
            urgent: said.urgent,
            link: format!("{public}{page}").into(),
            foot: format!("Notification settings of team {team}: {public}/teams/{team_id}/notices")
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(item: &str, system: Option<i64>, level: u8) -> Named {
        let told = Told { title: item.into(), system, level: Some(level), ..Told::default() };
        Named { item: item.into(), told }
    }

    #[test]
    fn who_sees_a_part_does_not_learn_how_much_else_there_is() {
        let said = Said {
            urgent: true,
            named: vec![named("a", Some(1), 3), named("b", Some(2), 3)],
            rest: vec![(Some(1), 40)],
            ..Said::default()
        };
        assert_eq!(said.count(), 42);
        let all = said.clone().seen_by(|_| true);
        assert_eq!(all, said);
        // Of whom every named thing may be seen, what is not named may not.
        let counted = Said { named: vec![named("b", Some(2), 3)], ..said.clone() };
        assert_eq!(counted.seen_by(|system| system == Some(2)).count(), 1);
        let part = said.seen_by(|system| system == Some(2));
        assert_eq!((part.count(), part.named[0].item.as_str()), (1, "b"));
        let subject = part.subject(Why::Now, "shop");
        assert_eq!(subject, "Now, shop: b");
    }

    #[test]
    fn what_others_answer_keeps_nothing_from_being_named() {
        let waits = |n: usize| {
            let mut of = named(&format!("{n:03}"), Some(1), 3);
            of.told.answer = Some(7);
            of
        };
        let mut all: Vec<Named> = (0..MOST).map(waits).collect();
        all.push(named("late", Some(1), 0));
        let said = Said { named: all, ..Said::default() };
        let own = said.clone().narrowed(|_| true).answered_by(|_| false);
        assert_eq!((own.named.len(), own.named[0].item.as_str()), (1, "late"));
        let kept = said.of_items(&["late".to_owned()]).kept();
        assert_eq!((kept.count(), kept.more()), (1, 0), "what waits on is not counted as told");
        assert_eq!((said.clone().kept().named.len(), said.kept().more()), (MOST, 1));
    }

    #[test]
    fn a_digest_does_not_repeat_what_was_told_at_once_within_the_day() {
        let waits = |item: &str, system: i64| Pending {
            item: item.to_owned(),
            told: serde_json::json!(Told {
                title: item.to_owned(),
                system: Some(system),
                ..Told::default()
            }),
            since: jiff::Timestamp::UNIX_EPOCH,
            urgent: None,
            acknowledged: None,
        };
        let pending = [waits("a", 1), waits("b", 2), waits("c", 1)];
        let keys = pending.iter().map(|is| is.item.as_str().into()).collect();
        let message = Message { why: Why::Digest, keys };
        let told = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let said = Said::all(&message, &pending, &told(&["a", "b"]));
        assert_eq!((said.named.len(), said.named[0].item.as_str()), (1, "c"));
        let lead = |said: &Said| {
            let of = (Why::Digest, "shop", 1);
            said.clone().letter(("1", "/notices/1"), of, "https://trimtab.example").lead
        };
        assert!(lead(&said).contains("2 more were sent as now"), "{}", lead(&said));
        // Of what they may not see they do not learn how much there is.
        let part = said.seen_by(|system| system == Some(1));
        assert!(lead(&part).contains("1 more was sent as now"), "{}", lead(&part));
        // Where there is nothing else, it is named.
        let all = Said::all(&message, &pending, &told(&["a", "b", "c"]));
        assert_eq!((all.named.len(), all.repeated.len()), (3, 0));
    }

    #[test]
    fn an_alarm_leads_to_where_one_says_that_one_has_it() {
        for why in [Why::Now, Why::Escalation(1)] {
            let said = Said { named: vec![named("a", Some(1), 3)], ..Said::default() };
            let of = (why, "shop", 1);
            let lead = said.letter(("1", "/notices/1"), of, "https://trimtab.example").lead;
            assert!(lead.ends_with("you have it: https://trimtab.example/notices/1"), "{lead}");
        }
    }

    #[test]
    fn ten_thousand_things_are_one_letter_with_the_gravest() {
        let pending: Vec<Pending> = (0..10_000u32)
            .map(|n| Pending {
                item: format!("{n:05}"),
                told: serde_json::json!(Told {
                    title: format!("{n:05}"),
                    level: Some(u8::from(n == 9_999)),
                    ..Told::default()
                }),
                since: jiff::Timestamp::UNIX_EPOCH,
                urgent: None,
                acknowledged: None,
            })
            .collect();
        let keys = pending.iter().map(|is| is.item.as_str().into()).collect();
        let said = Said::new(&Message { why: Why::Digest, keys }, &pending);
        assert_eq!((said.named.len(), said.more()), (MOST, 10_000 - MOST));
        assert_eq!(said.named[0].item, "09999", "the gravest first");
        assert_eq!(said.subject(Why::Digest, "shop"), "shop: 10000 things to do");
    }
}
