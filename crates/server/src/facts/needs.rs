//! What needs somebody, by the roles that they hold: a few lists for each side. *Today* counts each and shows how it
//! begins; the list's own page, and the API, have all of it.

mod answers;
mod found;
pub(crate) mod running;
mod supplied;
mod teams;
mod work;

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_model::Role;
use trimtab_store::{
    Appeal, Broken, Decision, Finding, Job, Rollout, Scheduled, StoredCharter, System,
};

use crate::access::{On, Who};
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;
use answers::Answerable;
pub(crate) use found::lines;

/// How many rows of a list *Today* shows.
pub(crate) const BEGINNING: usize = 5;
/// How many decisions *Today* looks at for those that somebody may answer.
const ANSWERS: usize = 50;
/// The most rows of a list that is not read page by page.
pub(crate) const MOST: usize = 500;

macro_rules! lists {
    ($($variant:ident = $word:literal, $title:literal, $label:literal, $what:literal;)*) => {
        /// A list of what needs somebody.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum List { $($variant),* }

        impl List {
            const ALL: &[List] = &[$(List::$variant),*];

            /// The word in an address.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(List::$variant => $word),* }
            }

            pub(crate) const fn title(self) -> &'static str {
                match self { $(List::$variant => $title),* }
            }

            /// What stands under its number.
            pub(crate) const fn label(self) -> &'static str {
                match self { $(List::$variant => $label),* }
            }

            /// What is in it.
            pub(crate) const fn what(self) -> &'static str {
                match self { $(List::$variant => $what),* }
            }
        }
    };
}

lists! {
    Answers = "answers", "Decisions to answer", "decisions to answer",
        "Asked for by somebody else; the charter lets you answer them.";
    Appeals = "appeals", "Emergencies and disputes", "emergencies and disputes to answer",
        "Asked for outside of the plan by somebody else; the charter lets you answer them.";
    Charters = "charters", "Charters to agree to", "charters to agree to",
        "Proposed, and your side has not agreed yet.";
    Changes = "changes", "Changes of this window", "changes of this window",
        "Scheduled at once, or in a window that runs now. A change whose version is in quarantine is listed from the day it leaves.";
    Choices = "choices", "No change is scheduled", "without a scheduled change",
        "Findings on the main line that count towards the load, and no change of their package is scheduled there: choose to \
         raise, replace or remove it, or ask for a decision.";
    Unweighed = "unweighed", "Findings to assess", "findings to assess",
        "Findings that could not be weighed: no source that is read here describes them.";
    Fresh = "new", "New, above the accepted level", "new this week, above the accepted level",
        "Detected within seven days, counting towards the load, and above the level that the tier of their system accepts. Where \
         a system has no tier, nothing is accepted.";
    Ending = "ending", "Exceptions that end soon", "exceptions end within 14 days",
        "In force, and expiring within 14 days; what they accept then counts again. Renew them, or let them end.";
    Suppliers = "suppliers", "Owed by suppliers", "promises and answers owed",
        "What suppliers promised and do not keep, and questions to them that are overdue.";
    Tierless = "tiers", "Systems without a tier", "systems without a tier",
        "No tier is set, so their findings cannot be ranked.";
    Ownerless = "owners", "Systems without an owner", "systems without an owner",
        "No team owns them: what is found there is in no team's plan, digest or alarm. Give each an owner.";
    Rollouts = "rollouts", "Waiting for roll-out", "waiting for roll-out",
        "The main line is rid of findings that still run in production: they are gone when it is deployed.";
    Broken = "broken", "Failed deployments", "failed deployments",
        "Failed or rolled back within 14 days, and no deployment was told there since.";
    Jobs = "jobs", "Jobs that were given up", "jobs given up",
        "Tried, and not done.";
    Teams = "team-upkeep", "Team upkeep", "in team upkeep",
        "Trackers that stand still, teams with nobody on duty, alarms that reached nobody, and emergencies and disputes that \
         too few people may answer.";
    Upkeep = "upkeep", "Server upkeep", "upkeep tasks of the server",
        "Backups that are old, feeds that are stale, and teams with nobody on duty.";
}

/// Each side with what needs it.
const SIDES: [(Role, &[List]); 6] = {
    use List::{
        Answers, Appeals, Broken, Changes, Charters, Choices, Ending, Fresh, Jobs, Ownerless,
        Rollouts, Suppliers, Teams, Tierless, Unweighed, Upkeep,
    };
    [
        (Role::Security, &[Fresh, Unweighed, Ownerless, Answers, Appeals, Suppliers, Charters]),
        (Role::Engineering, &[Changes, Choices, Appeals, Teams, Charters]),
        (
            Role::Product,
            &[Answers, Appeals, Ending, Suppliers, Tierless, Ownerless, Teams, Charters],
        ),
        (Role::Operations, &[Rollouts, Broken, Appeals, Ownerless, Jobs, Upkeep, Charters]),
        (Role::Leadership, &[Answers, Appeals]),
        (Role::Admin, &[Ownerless, Teams, Jobs, Upkeep]),
    ]
};

impl List {
    /// From the word.
    pub(crate) fn of_word(word: &str) -> Option<List> {
        List::ALL.iter().copied().find(|list| list.word() == word)
    }

    /// Whether it is of the organisation as a whole: a role within a team or system is not enough.
    const fn is_of_all(self) -> bool {
        matches!(self, List::Charters | List::Jobs | List::Upkeep)
    }

    /// Whether it goes on page by page; of the others there are at most [`MOST`] rows.
    pub(crate) const fn is_paged(self) -> bool {
        matches!(self, List::Choices | List::Unweighed | List::Fresh)
    }
}

/// Who asks, and what is known of it.
pub(crate) struct Asking<'a> {
    pub(crate) app: &'a App,
    pub(crate) who: &'a Who,
    pub(crate) agreed: Arc<Agreed>,
    pub(crate) now: Timestamp,
    /// Decisions that they may answer; none, where they are not asked for.
    answers: Answerable,
}

/// A side that they hold, with its lists.
pub(crate) type OfSide = (Role, Vec<(List, Told)>);

impl<'a> Asking<'a> {
    /// For *Today*, which looks at no more than some of the decisions to answer.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn today(app: &'a App, who: &'a Who) -> Result<Asking<'a>, Problem> {
        Asking::new(app, who, ANSWERS).await
    }

    /// For one list, by its word and the side for which it is asked: at most `show` rows, from `after` on. Without a side
    /// there are the decisions that they may answer in any of their roles.
    ///
    /// # Errors
    /// There is no such list for them, or the store does not answer.
    pub(crate) async fn list(
        app: &'a App,
        who: &'a Who,
        word: &str,
        side: Option<Role>,
        (after, show): (Option<&str>, usize),
    ) -> Result<(Asking<'a>, List, Told), Problem> {
        let missing = || Problem::not_found("list");
        let list = List::of_word(word).ok_or_else(missing)?;
        let answers = if list == List::Answers { MOST } else { 0 };
        let asking = Asking::new(app, who, answers).await?;
        let told = match (list, side) {
            (List::Answers, None) => answers::asked(&asking, None, show),
            (_, None) => return Err(missing()),
            (_, Some(role)) => {
                let held = SIDES.iter().any(|(side, lists)| *side == role && lists.contains(&list));
                let reach = Reach::of(who, role, &asking.agreed.stored);
                let reach = reach.filter(|r| held && r.has(list)).ok_or_else(missing)?;
                asking.tell(list, role, &reach, show, after).await?
            }
        };
        Ok((asking, list, told))
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

    /// How many decisions they may answer, in any of their roles, and whether there may be more.
    pub(crate) fn answers(&self) -> (usize, bool) {
        (self.answers.all.len(), self.answers.is_least)
    }

    /// What needs each side that they hold; the one that they look from first. Of each list at most `show` rows.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn sides(&self, show: usize) -> Result<Vec<OfSide>, Problem> {
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
            let mut of_side = Vec::new();
            for list in lists.iter().copied().filter(|list| reach.has(*list)) {
                // What is of the server is told once.
                if matches!(list, List::Jobs | List::Upkeep) && told.contains(&list) {
                    continue;
                }
                told.push(list);
                of_side.push((list, self.tell(list, role, &reach, show, None).await?));
            }
            if !of_side.is_empty() {
                sides.push((role, of_side));
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
            List::Answers => Ok(answers::asked(self, Some(side), show)),
            List::Appeals => answers::appeals(self, side, show).await,
            List::Charters => answers::charters(self, side, show).await,
            List::Ending => answers::ending(self, reach, show).await,
            List::Changes => work::changes(self, reach, show).await,
            List::Ownerless => Ok(work::ownerless(self, reach, show)),
            List::Tierless => Ok(work::tierless(self, reach, show)),
            List::Suppliers => supplied::owed(self, reach, show).await,
            List::Choices | List::Unweighed | List::Fresh => {
                found::findings(self, list, reach, show, after).await
            }
            List::Rollouts => running::rollouts(self, reach, show).await,
            List::Broken => running::broken(self, reach, show).await,
            List::Jobs => running::jobs(self, show).await,
            List::Upkeep => running::upkeep(self, show).await,
            List::Teams => teams::upkeep(self, reach, show).await,
        }
    }
}

/// As far as a role of somebody reaches, within what their token does.
pub(crate) struct Reach {
    /// The systems. `None`: all, and what belongs to none.
    systems: Option<Vec<i64>>,
    /// The teams, of which it reaches all. `None`: every team.
    teams: Option<Vec<i64>>,
}

impl Reach {
    /// `None`: they do not hold the role anywhere.
    fn of(who: &Who, role: Role, systems: &[System]) -> Option<Reach> {
        let Some(teams) = who.teams(role) else {
            return Some(Reach { systems: None, teams: None });
        };
        let is = |s: &&System| who.holds(role, On { system: Some(s.id), team: s.team });
        let systems: Vec<i64> = systems.iter().filter(is).map(|s| s.id).collect();
        let nowhere = teams.is_empty() && systems.is_empty();
        (!nowhere).then_some(Reach { systems: Some(systems), teams: Some(teams) })
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

/// A change of a window that runs.
pub(crate) struct Change {
    /// The team: id and name.
    pub(crate) team: (i64, String),
    /// The name of the asset.
    pub(crate) asset: String,
    pub(crate) is: Scheduled,
}

/// Something that a supplier owes.
pub(crate) struct Owed {
    /// Id and name.
    pub(crate) supplier: (i64, String),
    pub(crate) product: String,
    /// A promise by its word, or `answer`.
    pub(crate) what: &'static str,
    /// What shows it.
    pub(crate) shown: String,
    pub(crate) since: Timestamp,
}

/// What the server needs.
pub(crate) struct Need {
    pub(crate) what: NeedOf,
    /// How it stands.
    pub(crate) text: String,
}

/// Of what the server needs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NeedOf {
    Backup,
    Advisories,
    Kev,
    Epss,
    Feeds,
    /// Teams of which everybody who is on duty has left.
    Duty,
}

/// What a team needs, beside its plan.
pub(crate) struct TeamNeed {
    /// Id and name.
    pub(crate) team: (i64, String),
    pub(crate) what: TeamNeedOf,
    /// How it stands.
    pub(crate) text: String,
    /// Since when. `None`: nobody keeps that.
    pub(crate) since: Option<Timestamp>,
}

/// Of what a team needs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TeamNeedOf {
    /// Its tracker stands still.
    Tracker,
    /// Everybody who is on duty has left.
    Duty,
    /// Everybody to whom its last alarm went refused it: the letter.
    Alarm(i64),
    /// An emergency or dispute, by its id, waits for more people than may answer it.
    Answer(i64),
}

/// What the rows of a list are.
pub(crate) enum Rows {
    /// To be answered, with the roles in which they may.
    Answers(Vec<(Decision, Vec<Role>)>),
    /// What was asked outside of the plan, and is to be answered.
    Appeals(Vec<Appeal>),
    Charters(Vec<StoredCharter>),
    /// In force, and over soon.
    Ending(Vec<Decision>),
    Changes(Vec<Change>),
    Systems(Vec<System>),
    Owed(Vec<Owed>),
    Findings(Vec<Finding>),
    Rollouts(Vec<Rollout>),
    Broken(Vec<Broken>),
    Jobs(Vec<Job>),
    Upkeep(Vec<Need>),
    Teams(Vec<TeamNeed>),
}

/// A list, or how it begins.
pub(crate) struct Told {
    /// How many there are.
    pub(crate) count: i64,
    /// Whether there may be more.
    pub(crate) is_least: bool,
    pub(crate) rows: Rows,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

impl Told {
    /// Of rows that are all there, the first.
    fn first<T>(mut rows: Vec<T>, show: usize, of: impl FnOnce(Vec<T>) -> Rows) -> Told {
        let all = rows.len();
        rows.truncate(show.min(MOST));
        Told {
            count: i64::try_from(all).unwrap_or(i64::MAX),
            is_least: false,
            rows: of(rows),
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
    pub(crate) fn number(&self) -> String {
        if self.is_least { format!("{}+", self.count) } else { self.count.to_string() }
    }
}
