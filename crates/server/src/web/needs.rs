//! What needs somebody, by the roles that they hold: a few lists for each side. *Today* counts each and shows how it
//! begins; the list's own page has all of it.

mod answers;
mod found;
mod page;
mod running;
mod work;

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_model::Role;
use trimtab_pages::page::Side;
use trimtab_pages::part::{Column, Empty, Figure, Figures, Link, Pager, Row, Table};
use trimtab_store::{ScopeOf, System};

pub(crate) use page::page;

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;
use answers::Answerable;

/// How many rows of a list *Today* shows.
const BEGINNING: usize = 5;
/// How many decisions *Today* looks at for those that somebody may answer.
const ANSWERS: usize = 50;
/// The most rows of a list that is not read page by page.
const MOST: usize = 500;

macro_rules! lists {
    ($($variant:ident = $word:literal, $title:literal, $label:literal, $what:literal;)*) => {
        /// A list of what needs somebody.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum List { $($variant),* }

        impl List {
            const ALL: &[List] = &[$(List::$variant),*];

            /// The word in an address.
            const fn word(self) -> &'static str {
                match self { $(List::$variant => $word),* }
            }

            const fn title(self) -> &'static str {
                match self { $(List::$variant => $title),* }
            }

            /// What stands under its number.
            const fn label(self) -> &'static str {
                match self { $(List::$variant => $label),* }
            }

            /// What is in it.
            const fn what(self) -> &'static str {
                match self { $(List::$variant => $what),* }
            }
        }
    };
}

lists! {
    Answers = "answers", "Decisions to answer", "decisions to answer",
        "Asked for by somebody else, and by the charter you may agree to them.";
    Charters = "charters", "Charters to agree to", "charters to agree to",
        "Proposed, and your side has not agreed yet.";
    Changes = "changes", "Changes of this window", "changes of this window",
        "Scheduled at once, or in a window that runs now.";
    Choices = "choices", "No change is scheduled", "without a scheduled change",
        "Findings on the main line that count to the load, and no change of their package is scheduled there: choose to \
         raise, replace or remove it, or ask for a decision.";
    Unweighed = "unweighed", "Assessments that wait", "to assess",
        "Findings that could not be weighed: no source that is read here describes them.";
    Fresh = "new", "New and above the line", "new above the line in a week",
        "Detected within seven days, counting to the load, and above the level that the tier of their system accepts. Where \
         a system has no tier, nothing is accepted.";
    Ending = "ending", "Exceptions that end soon", "exceptions end within 14 days",
        "In force, and over within 14 days: then what they accept counts again. Renew them, or let them end.";
    Tierless = "tiers", "Systems without a tier", "systems without a tier",
        "Nobody said how much they matter, so that their findings cannot be put in order.";
    Rollouts = "rollouts", "Roll-outs that wait", "roll-outs wait",
        "The main line is rid of findings that still run in production: they are gone when it is deployed.";
    Broken = "broken", "Deployments that went wrong", "deployments went wrong",
        "Failed or rolled back within 14 days, and no deployment was told there since.";
    Jobs = "jobs", "Jobs that were given up", "jobs given up",
        "Tried, and not done.";
    Upkeep = "upkeep", "The server needs", "needs of the server",
        "Backups that are old, and feeds that are stale.";
}

/// Each side with what needs it.
const SIDES: [(Role, &[List]); 6] = {
    use List::{
        Answers, Broken, Changes, Charters, Choices, Ending, Fresh, Jobs, Rollouts, Tierless,
        Unweighed, Upkeep,
    };
    [
        (Role::Security, &[Fresh, Unweighed, Answers, Charters]),
        (Role::Engineering, &[Changes, Choices, Charters]),
        (Role::Product, &[Answers, Ending, Tierless, Charters]),
        (Role::Operations, &[Rollouts, Broken, Jobs, Upkeep, Charters]),
        (Role::Leadership, &[Answers]),
        (Role::Admin, &[Jobs, Upkeep]),
    ]
};

impl List {
    fn of_word(word: &str) -> Option<List> {
        List::ALL.iter().copied().find(|list| list.word() == word)
    }

    /// Whether it is of the organisation as a whole: a role within a team or system is not enough.
    const fn is_of_all(self) -> bool {
        matches!(self, List::Charters | List::Jobs | List::Upkeep)
    }

    fn address(self, side: Option<Role>) -> String {
        let word = self.word();
        side.map_or_else(|| format!("/today/{word}"), |side| format!("/today/{word}?side={side}"))
    }
}

/// Who asks, and what is known of it.
pub(super) struct Asking<'a> {
    app: &'a App,
    who: &'a Who,
    agreed: Arc<Agreed>,
    now: Timestamp,
    /// Decisions that they may answer; none, where they are not asked for.
    answers: Answerable,
}

impl<'a> Asking<'a> {
    /// For *Today*, which looks at no more than some of the decisions to answer.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn today(app: &'a App, who: &'a Who) -> Result<Asking<'a>, Problem> {
        Asking::new(app, who, ANSWERS).await
    }

    /// Looks at so many of the decisions to answer.
    async fn new(app: &'a App, who: &'a Who, answers: usize) -> Result<Asking<'a>, Problem> {
        let now = app.now();
        let agreed = app.agreed(who.org, now).await?;
        let answers = match answers {
            0 => Answerable::default(),
            most => answers::answerable(app, who, &agreed, now, most).await?,
        };
        Ok(Asking { app, who, agreed, now, answers })
    }

    /// How many decisions they may answer, in any of their roles, whether there may be more, and where they are listed.
    pub(super) fn answers(&self) -> (usize, bool, String) {
        (self.answers.all.len(), self.answers.is_least, List::Answers.address(None))
    }

    /// What needs each side that they hold; the one that they look from first.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn sides(&self) -> Result<Vec<Side>, Problem> {
        let mut held: Vec<(Role, Reach, &[List])> = SIDES
            .into_iter()
            .filter_map(|(role, lists)| {
                Some((role, Reach::of(self.who, role, &self.agreed.stored)?, lists))
            })
            .collect();
        held.sort_by_key(|(role, ..)| self.who.side != Some(*role));
        let mut told: Vec<List> = Vec::new();
        let mut sides = Vec::new();
        for (role, reach, lists) in held {
            let (mut figures, mut begun) = (Vec::new(), Vec::new());
            for list in lists.iter().copied().filter(|list| reach.has(*list)) {
                // What is of the server is told once.
                if matches!(list, List::Jobs | List::Upkeep) && told.contains(&list) {
                    continue;
                }
                told.push(list);
                let is = self.tell(list, role, &reach, BEGINNING, None).await?;
                let address = list.address(Some(role));
                figures.push(Figure::of(is.number(), list.label(), address.clone()));
                if is.count > 0 {
                    begun.push((Link::to(list.title(), address), is.beginning(list)));
                }
            }
            if !figures.is_empty() {
                sides.push(Side { name: title(role), figures: Figures(figures), lists: begun });
            }
        }
        Ok(sides)
    }

    /// A list of a side, from where it is asked for; at most `show` rows.
    async fn tell(
        &self,
        list: List,
        side: Role,
        reach: &Reach,
        show: usize,
        after: Option<&str>,
    ) -> Result<Told, Problem> {
        match list {
            List::Answers => answers::asked(self, Some(side), show).await,
            List::Charters => answers::charters(self, side, show).await,
            List::Ending => answers::ending(self, reach, show).await,
            List::Changes => work::changes(self, reach, show).await,
            List::Tierless => Ok(work::tierless(self, reach, show)),
            List::Choices | List::Unweighed | List::Fresh => {
                found::findings(self, list, reach, show, after).await
            }
            List::Rollouts => running::rollouts(self, reach, show).await,
            List::Broken => running::broken(self, reach, show).await,
            List::Jobs => running::jobs(self, show).await,
            List::Upkeep => running::upkeep(self, show).await,
        }
    }
}

/// A side as a title.
fn title(role: Role) -> String {
    let mut letters = role.as_str().chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// As far as a role of somebody reaches.
pub(super) struct Reach {
    /// The systems. `None`: all, and what belongs to none.
    systems: Option<Vec<i64>>,
    /// The teams, of which it reaches all. `None`: every team.
    teams: Option<Vec<i64>>,
}

impl Reach {
    /// `None`: they do not hold the role.
    fn of(who: &Who, role: Role, systems: &[System]) -> Option<Reach> {
        let scopes: Vec<ScopeOf> =
            who.grants.iter().filter(|grant| grant.role == role).map(|grant| grant.scope).collect();
        if scopes.is_empty() {
            return None;
        }
        if scopes.contains(&ScopeOf::Organisation) {
            return Some(Reach { systems: None, teams: None });
        }
        let is = |system: &&System| {
            scopes.iter().any(|scope| match scope {
                ScopeOf::Organisation => true,
                ScopeOf::Team(team) => system.team == Some(*team),
                ScopeOf::System(id) => system.id == *id,
            })
        };
        let team = |scope: &ScopeOf| match scope {
            ScopeOf::Team(team) => Some(*team),
            ScopeOf::Organisation | ScopeOf::System(_) => None,
        };
        Some(Reach {
            systems: Some(systems.iter().filter(is).map(|s| s.id).collect()),
            teams: Some(scopes.iter().filter_map(team).collect()),
        })
    }

    /// Whether somebody with a role so far has a list.
    fn has(&self, list: List) -> bool {
        self.systems.is_none() || !list.is_of_all()
    }

    fn has_system(&self, system: Option<i64>) -> bool {
        match (&self.systems, system) {
            (None, _) => true,
            (Some(all), Some(id)) => all.contains(&id),
            (Some(_), None) => false,
        }
    }
}

/// A list, or how it begins.
pub(super) struct Told {
    /// How many there are.
    count: i64,
    /// Whether there may be more.
    is_least: bool,
    columns: Vec<Column>,
    rows: Vec<Row>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Told {
    /// Of rows that are all there, the first.
    fn first(columns: Vec<Column>, mut rows: Vec<Row>, show: usize) -> Told {
        let all = rows.len();
        rows.truncate(show.min(MOST));
        Told {
            count: i64::try_from(all).unwrap_or(i64::MAX),
            is_least: false,
            columns,
            rows,
            next: None,
        }
    }

    /// Where one more than the most was asked for.
    fn at_most(mut self) -> Told {
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        self.is_least |= self.count > most;
        self.count = self.count.min(most);
        self
    }

    /// The number as it is shown.
    fn number(&self) -> String {
        if self.is_least { format!("{}+", self.count) } else { self.count.to_string() }
    }

    /// How it begins, on *Today*.
    fn beginning(self, list: List) -> Table {
        let (shown, number) = (self.rows.len(), self.number());
        let pager = (self.count > i64::try_from(shown).unwrap_or(i64::MAX))
            .then(|| Pager { shown: format!("The first {shown} of {number}"), ..Pager::default() });
        Table { pager, ..self.table(list) }
    }

    fn table(self, list: List) -> Table {
        Table {
            title: list.title().to_owned(),
            columns: self.columns,
            rows: self.rows,
            empty: Empty {
                why: "Nothing is so now.".to_owned(),
                next: Some(Link::to("Back to Today", "/")),
            },
            ..Table::default()
        }
    }
}

/// Whether they may see the whole organisation: what is linked only then.
fn sees_all(who: &Who) -> bool {
    who.may(Action::View, On::ALL)
}
