//! The team of a repository: its rhythm, and the work that it gives to each window.

use super::{Reader, shape};
use crate::at::{At, nearest};

/// The rhythms that have windows, as the planner reads them.
pub const RHYTHMS: &[&str] = &["week", "sprint", "cool-down", "month", "quarter"];

/// Who does the work of a plan, when, and how much of it. `None`: not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Team {
    /// Its name.
    pub name: Option<Box<str>>,
    /// The name of a cadence of the charter, or one of [`RHYTHMS`].
    pub cadence: Option<Box<str>>,
    /// The points of work that it gives to each window.
    pub capacity: Option<u32>,
    /// How many batches it may have open at a time.
    pub open_limit: Option<u32>,
}

impl Reader<'_> {
    pub(super) fn team(&mut self, shape: shape::Team) -> Team {
        if let Some(name) = shape.name.as_ref().filter(|name| name.value.trim().is_empty()) {
            let help = "name it as people do, or leave it out".to_owned();
            self.wrong(&name.bytes, "the team has no name".to_owned(), help);
        }
        if let Some(cadence) = &shape.cadence {
            self.cadence(cadence);
        }
        let capacity = shape.capacity.as_ref().map(|at| self.count(at, 10_000, "points a window"));
        let open_limit = shape.open_limit.as_ref().map(|at| self.count(at, 1000, "open batches"));
        let boxed = |at: At<String>| at.value.into_boxed_str();
        Team {
            name: shape.name.map(boxed),
            cadence: shape.cadence.map(boxed),
            capacity,
            open_limit,
        }
    }

    /// The name of a rhythm: it has windows to plan for.
    fn cadence(&mut self, at: &At<String>) {
        let charter = self.charter;
        let of_charter = charter.cadences.iter().map(|c| (&*c.name, &*c.every));
        let known: Vec<(&str, &str)> =
            of_charter.chain(RHYTHMS.iter().map(|word| (*word, *word))).collect();
        match known.iter().find(|(name, _)| *name == at.value) {
            Some((_, every)) if !RHYTHMS.contains(every) => {
                let message = format!("the cadence `{}` has no windows", at.value);
                let help = "its work is done at once anyway; name one that has windows";
                self.wrong(&at.bytes, message, help.to_owned());
            }
            Some((_, "sprint" | "cool-down")) if charter.calendar.sprint.is_none() => {
                let message = format!("`{}` needs sprints, and the charter has none", at.value);
                let help = "give the charter's calendar a `sprint`, or take `week`".to_owned();
                self.wrong(&at.bytes, message, help);
            }
            Some(_) => {}
            None => {
                let names = known.iter().map(|(name, _)| *name);
                let help = match nearest(&at.value, names.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("use one of: {}", names.collect::<Vec<_>>().join(", ")),
                };
                self.wrong(&at.bytes, format!("`{}` is not a cadence", at.value), help);
            }
        }
    }

    fn count(&mut self, at: &At<u32>, most: u32, what: &str) -> u32 {
        if at.value == 0 || at.value > most {
            let help = format!("write a number from 1 to {most}");
            self.wrong(&at.bytes, format!("{} {what} are not possible", at.value), help);
        }
        at.value
    }
}

#[cfg(test)]
mod tests {
    use crate::{preset, project};

    fn read(team: &str) -> Result<super::Team, String> {
        let text = format!("format = 1\n[team]\n{team}\n[[system]]\nname = \"shop\"\n");
        let read = project::read("trimtab.toml", &text, &preset::default());
        let told = |problems: Vec<trimtab_model::Diagnostic>| {
            let told = |p: &trimtab_model::Diagnostic| {
                let column = p.excerpt.as_ref().map_or(0, |e| e.column);
                format!("{}:{column} {}", p.line.unwrap_or(0), p.message)
            };
            problems.iter().map(told).collect::<Vec<_>>().join("; ")
        };
        read.map(|(project, _)| project.team).map_err(told)
    }

    #[test]
    fn a_team_says_its_rhythm() {
        let team = read("name = \"pay\"\ncadence = \"every sprint\"\ncapacity = 8\nopen-limit = 3");
        let team = team.unwrap();
        assert_eq!(team.cadence.as_deref(), Some("every sprint"));
        assert_eq!((team.capacity, team.open_limit), (Some(8), Some(3)));
        assert_eq!(read("cadence = \"month\"").unwrap().cadence.as_deref(), Some("month"));
        assert_eq!(read("").unwrap(), super::Team::default());
    }

    #[test]
    fn slips_are_told_at_their_place() {
        for (team, expected) in [
            ("cadence = \"wek\"", "3:11 `wek` is not a cadence"),
            ("cadence = \"now\"", "3:11 the cadence `now` has no windows"),
            ("capacity = 0", "3:12 0 points a window are not possible"),
            ("open-limit = 5000", "3:14 5000 open batches are not possible"),
            ("name = \" \"", "3:8 the team has no name"),
        ] {
            assert_eq!(read(team).unwrap_err(), expected, "{team}");
        }
    }
}
