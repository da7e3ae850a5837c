//! What a review shows, out of data: its agenda with a time for each part, and the numbers that are compared with the
//! review before. Kept as it was when the review was opened.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_engine::review::{Kind, Part, Topic, order, repeats, times};
use trimtab_model::Level;
use trimtab_store::{
    Appeal, AppealState, Decision, DecisionFilter, DecisionState, Finding, FindingFilter,
    FindingOrder, Org, ReviewOf, Scheduled, Waits,
};
use utoipa::ToSchema;

use super::packing::{Made, PackChart, PackNumber, load_line};
use super::{Before, Scope, briefing, follow, health, last_day};
use crate::api::findings::WEEK;
use crate::facts::needs::lines;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::short;
use crate::weighing::Agreed;

/// How many topics of a part are listed; the part says how many there are.
pub(super) const LISTED: usize = 20;
/// Of so many it is remembered that they stood there: those that are listed, and those further down.
pub(super) const KEPT: usize = 500;
/// How near a deadline or an end is.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 14);
/// The most assets of some systems.
const ASSETS: usize = 10_000;
/// Of so many topics a part has the time that tells how it is.
const FEW: usize = 3;
/// How many of the next windows are looked at.
const WINDOWS: usize = 4;

/// What a review shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewPack)]
pub(crate) struct Pack {
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    pub(crate) figures: PackFigures,
    /// The numbers of a pack of a month or a quarter; a weekly review has none but its figures.
    #[serde(default)]
    pub(crate) numbers: Vec<PackNumber>,
    #[serde(default)]
    pub(crate) charts: Vec<PackChart>,
    /// The agenda, from top to bottom.
    pub(crate) parts: Vec<PackPart>,
    /// Minutes at the end, to say again what was decided.
    pub(crate) end: u32,
}

/// The numbers of a review. `null` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewFigures)]
pub(crate) struct PackFigures {
    pub(crate) load: Option<f64>,
    /// Findings that count towards the load.
    pub(crate) open: Option<i64>,
    /// Those that came since the last review, above the line.
    pub(crate) new: Option<i64>,
    /// Past their deadline.
    pub(crate) late: Option<i64>,
    /// Due within 14 days.
    pub(crate) soon: Option<i64>,
    /// Exceptions that end within 14 days.
    pub(crate) exceptions: Option<i64>,
    /// Decisions that were asked for and not answered.
    pub(crate) answers: Option<i64>,
    /// Changes that are scheduled.
    pub(crate) scheduled: Option<i64>,
}

/// A part of the agenda.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewPart)]
pub(crate) struct PackPart {
    /// `follow-through`, `new`, `deadlines`, `exceptions`, `answers`, `plan`; of a month `added`, `removed`, `relied-on`,
    /// `end-of-life`, `unmanaged`, `concentration`, `licences`, `noise`; of a quarter `exploited`, `nearly`, `attacks`,
    /// `speed`, `watch`.
    pub(crate) part: String,
    pub(crate) title: String,
    /// What is in it.
    pub(crate) about: String,
    pub(crate) minutes: u32,
    /// How many topics there are; the first are listed.
    pub(crate) count: i64,
    /// Whether there may be more than were counted.
    pub(crate) more: bool,
    /// Where the same list is as it is now.
    pub(crate) list: String,
    pub(crate) topics: Vec<PackTopic>,
    /// The keys of topics that stand further down, as far as they are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) further: Vec<String>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewTopic)]
pub(crate) struct PackTopic {
    /// What it is, the same in every review: `finding:12`.
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) note: String,
    /// Its page.
    pub(crate) page: String,
    /// `critical`, `high`, `medium`, `low`.
    pub(crate) level: Option<String>,
    pub(crate) weight: f64,
    /// By when; of `answers` when it was asked for, of `plan` when the window begins.
    #[schema(format = DateTime)]
    pub(crate) due: Option<String>,
    /// In how many reviews in a row before this one it stood.
    pub(crate) repeats: usize,
}

impl Pack {
    /// The keys of its topics.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| &part.topics).map(|topic| topic.key.as_str())
    }

    /// The keys of all topics that are remembered: those that are listed, and those further down.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = &str> {
        let further = self.parts.iter().flat_map(|part| &part.further).map(String::as_str);
        self.topics().chain(further)
    }

    /// The title of a topic.
    pub(crate) fn title_of(&self, key: &str) -> Option<String> {
        let mut all = self.parts.iter().flat_map(|part| &part.topics);
        all.find(|topic| topic.key == key).map(|topic| topic.title.clone())
    }
}

/// A topic on its way.
pub(super) struct Draft {
    pub(super) is: Topic,
    pub(super) title: String,
    pub(super) note: String,
    pub(super) page: String,
}

/// A part on its way: its topics in order, how many there are, whether there may be more, and where the list is.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) topics: Vec<Draft>,
    /// The keys of those that stand further down, as far as they are remembered.
    pub(super) further: Vec<String>,
    pub(super) count: i64,
    pub(super) more: bool,
    pub(super) list: String,
    pub(super) about: String,
}

/// Takes off what stands further down than is listed, and keeps the keys of the first of it.
pub(super) fn further(topics: &mut Vec<Draft>) -> Vec<String> {
    let rest = topics.split_off(topics.len().min(LISTED));
    rest.into_iter().take(KEPT - LISTED).map(|draft| draft.is.key).collect()
}

/// What a review would show at a moment, which is now, and what is carried where that is to be kept with it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn pack(
    app: &App,
    org: Org,
    scope: &Scope,
    (kind, minutes): (Kind, u32),
    before: &[Before],
    (agreed, now): (&Agreed, Timestamp),
) -> Result<(Pack, Option<String>), Problem> {
    let making = Making { app, org, scope, agreed, now };
    let last = before.first().and_then(|one| one.review.opened);
    let since = last.unwrap_or(now - WEEK).max(now - WEEK - WEEK - WEEK - WEEK);
    let [new, late, soon] =
        [making.fresh(since).await?, making.due(now).await?, making.due(now + SOON).await?];
    let least = if late.more { "At least " } else { "" };
    let about =
        format!("{least}{} past their deadline, the others due within 14 days.", late.count);
    let deadlines = Filled { about, ..soon };
    let (exceptions, answers) = (making.exceptions().await?, making.answers().await?);
    let (plan, scheduled) = making.plan().await?;
    let follow = making.follow(before).await?;
    let counting = making.counting();
    let open = app.store.count_findings(org, &counting).await?;
    let load = making.load().await?;
    let known = |filled: &Filled| (!filled.more).then_some(filled.count);
    // What ended already is told in the same part, and is no number of its own.
    let ending = known(&exceptions);
    let exceptions = making.with_ended(exceptions, (since, last.is_some())).await?;
    let figures = PackFigures {
        load,
        open: (!open.is_least).then_some(open.number),
        new: known(&new),
        late: known(&late),
        soon: known(&deadlines).zip(known(&late)).map(|(all, late)| all - late),
        exceptions: ending,
        answers: known(&answers),
        scheduled: Some(scheduled),
    };
    let made = match kind {
        Kind::Weekly => Made {
            parts: Part::ALL
                .into_iter()
                .zip([follow, new, deadlines, exceptions, answers, plan])
                .collect(),
            numbers: Vec::new(),
            charts: vec![load_line(app, org, scope, (load, now)).await?],
            stock: None,
        },
        Kind::Monthly => health::made(&making, follow, before).await?,
        Kind::Quarterly => briefing::made(&making, follow, before).await?,
    };
    let counts: Vec<usize> = made.parts.iter().map(|(part, one)| worth(*part, one.count)).collect();
    let times = match kind {
        Kind::Weekly => times(&counts, minutes),
        // However long a list of a pack is, the others have their time, and so has what is decided.
        Kind::Monthly | Kind::Quarterly => times(&counts, minutes).at_most_a_third(),
    };
    let keys: Vec<Vec<String>> = before
        .iter()
        .map(|one| one.pack.iter().flat_map(Pack::remembered).map(ToOwned::to_owned).collect())
        .collect();
    let parts = made.parts.into_iter().zip(&times.parts);
    let parts = parts.map(|((part, filled), minutes)| PackPart {
        part: part.as_str().to_owned(),
        title: title(part).to_owned(),
        about: filled.about,
        minutes: *minutes,
        count: filled.count,
        more: filled.more,
        list: filled.list,
        topics: filled.topics.into_iter().map(|draft| told(part, draft, &keys)).collect(),
        further: filled.further,
    });
    let pack = Pack {
        at: now.to_string(),
        figures,
        numbers: made.numbers,
        charts: made.charts,
        parts: parts.collect(),
        end: times.end,
    };
    Ok((pack, made.stock))
}

/// Of how many topics a part has the time. What tells how it is, and has as many rows each time, has that of a few.
fn worth(part: Part, count: i64) -> usize {
    let count = usize::try_from(count).unwrap_or(0);
    match part {
        Part::Relied | Part::Concentration | Part::Noise | Part::Attacks | Part::Watch => {
            count.min(FEW)
        }
        _ => count,
    }
}

fn title(part: Part) -> &'static str {
    match part {
        Part::Follow => "Earlier decisions",
        Part::New => "New above the line",
        Part::Deadlines => "Deadlines at risk",
        Part::Exceptions => "Exceptions that end",
        Part::Answers => "Decisions asked for",
        Part::Plan => "The next windows",
        Part::Added => "Dependencies added",
        Part::Removed => "Dependencies removed",
        Part::Relied => "Most relied on",
        Part::Ending => "Approaching end of life",
        Part::Unmanaged => "Unmanaged dependencies",
        Part::Concentration => "Concentration",
        Part::Licences => "Licence drift",
        Part::Noise => "Noise",
        Part::Exploited => "Exploited in the wild, and here",
        Part::Nearly => "Exploited in the wild, and nearly here",
        Part::Attacks => "Attack patterns",
        Part::NearMisses => "Near misses",
        Part::Speed => "How fast we were",
        Part::Watch => "What to watch",
    }
}

fn told(part: Part, draft: Draft, before: &[Vec<String>]) -> PackTopic {
    let again = match part {
        // What was decided stands there until it is done.
        // The last four tell how it is, and have the same to tell each time.
        Part::Follow
        | Part::Plan
        | Part::Relied
        | Part::Concentration
        | Part::Noise
        | Part::Attacks => 0,
        _ => repeats(&draft.is.key, before.iter().map(Vec::as_slice)),
    };
    PackTopic {
        key: draft.is.key,
        title: draft.title,
        note: draft.note,
        page: draft.page,
        level: draft.is.level.map(|level| level.as_str().to_owned()),
        weight: draft.is.weight,
        due: draft.is.due.map(|at| at.to_string()),
        repeats: again,
    }
}

pub(super) struct Making<'a> {
    pub(super) app: &'a App,
    pub(super) org: Org,
    pub(super) scope: &'a Scope,
    agreed: &'a Agreed,
    pub(super) now: Timestamp,
}

impl Making<'_> {
    pub(super) fn counting(&self) -> FindingFilter {
        FindingFilter {
            systems: self.scope.systems.clone(),
            counts: Some(true),
            ..FindingFilter::default()
        }
    }

    /// The load of now. `None`: not all of it is weighed, and what was not weighed adds nothing to a sum.
    pub(super) async fn load(&self) -> Result<Option<f64>, Problem> {
        let load = self.app.store.load_of(self.org, &self.counting()).await?;
        let unweighed = self.unweighed(None).await?;
        Ok((!load.is_least && unweighed == 0).then_some(load.weight))
    }

    /// An address with what the review is of.
    pub(super) fn of(&self, path: &str) -> String {
        let join = if path.contains('?') { '&' } else { '?' };
        match &self.scope.of {
            ReviewOf::Team(id) => format!("{path}{join}team={id}"),
            ReviewOf::Systems(ids) if ids.len() == 1 => {
                format!("{path}{join}system={}", ids.first().copied().unwrap_or_default())
            }
            // Of several, only findings can be listed together.
            ReviewOf::Systems(ids) if path.starts_with("/findings") => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("{path}{join}systems={}", ids.join(","))
            }
            ReviewOf::All | ReviewOf::Systems(_) => path.to_owned(),
        }
    }

    async fn findings(
        &self,
        part: Part,
        filter: &FindingFilter,
        by: FindingOrder,
        list: String,
    ) -> Result<Filled, Problem> {
        let count = self.app.store.count_findings(self.org, filter).await?;
        let goes_on = usize::try_from(count.number).is_ok_and(|number| number > LISTED);
        let most = if goes_on { KEPT } else { LISTED };
        let rows = self.app.store.findings(self.org, filter, by, None, most).await?.rows;
        let mut topics: Vec<Draft> = rows.iter().take(LISTED).map(finding).collect();
        topics.sort_by(|a, b| order(part, &a.is, &b.is));
        let further = rows.iter().skip(LISTED).map(finding_key).collect();
        let (count, more) = (count.number, count.is_least);
        Ok(Filled { topics, further, count, more, list, about: String::new() })
    }

    /// How many that count were not weighed, of those that came since a moment.
    pub(super) async fn unweighed(&self, since: Option<Timestamp>) -> Result<i64, Problem> {
        let filter = FindingFilter { since, waits: Some(Waits::Assessment), ..self.counting() };
        Ok(self.app.store.count_findings(self.org, &filter).await?.number)
    }

    async fn fresh(&self, since: Timestamp) -> Result<Filled, Problem> {
        let waits = Some(Waits::Above(lines(self.agreed)));
        let filter = FindingFilter { since: Some(since), waits, ..self.counting() };
        let list = self.of(&format!("/findings?counts=true&above=true&order=newest&since={since}"));
        let filled = self.findings(Part::New, &filter, FindingOrder::Level, list).await?;
        let day = since.strftime("%Y-%m-%d");
        let mut about = format!(
            "Detected since {day}, counting towards the load, and above the level acceptable for the tier of their system."
        );
        let unweighed = self.unweighed(Some(since)).await?;
        if unweighed > 0 {
            about += &format!(
                " {unweighed} more detected since then are not weighed and may be above it."
            );
        }
        let more = filled.more || unweighed > 0;
        Ok(Filled { about, more, ..filled })
    }

    async fn due(&self, before: Timestamp) -> Result<Filled, Problem> {
        let filter = FindingFilter { due_before: Some(before), ..self.counting() };
        let list = self.of(&format!("/findings?counts=true&order=deadline&due={before}"));
        self.findings(Part::Deadlines, &filter, FindingOrder::Deadline, list).await
    }

    async fn decisions(
        &self,
        part: Part,
        filter: DecisionFilter,
        first: &[Decision],
        list: &str,
        about: &str,
    ) -> Result<Filled, Problem> {
        let all = DecisionFilter { touching: self.scope.systems.clone(), ..filter.clone() };
        let filter = DecisionFilter { systems: self.scope.systems.clone(), ..filter };
        let count = self.app.store.count_decisions(self.org, &filter).await?;
        let mut about = about.to_owned();
        if self.scope.systems.is_some() {
            let wide = self.app.store.count_decisions(self.org, &all).await?.saturating_sub(count);
            if wide > 0 {
                about += &format!(" {wide} more apply to all systems and cover findings here.");
            }
        }
        let names = names(self.app, self.org).await?;
        let listed = first.iter().take(LISTED);
        let mut topics: Vec<Draft> = listed.map(|is| decision(part, is, &names)).collect();
        topics.sort_by(|a, b| order(part, &a.is, &b.is));
        let further = first.iter().skip(LISTED).map(decision_key).collect();
        let list = self.of(list);
        Ok(Filled { topics, further, count, more: false, list, about })
    }

    async fn exceptions(&self) -> Result<Filled, Problem> {
        let filter = DecisionFilter {
            states: vec![DecisionState::Approved],
            ends_after: Some(self.now),
            ends_by: Some(self.now + SOON),
            ..DecisionFilter::default()
        };
        let about = "In force, and expiring within 14 days; what they accept then counts again.";
        let (systems, until) = (self.scope.systems.as_deref(), self.now + SOON);
        let store = &self.app.store;
        let past = until + SignedDuration::from_micros(1);
        let first = store.ending_decisions(self.org, systems, self.now, past, KEPT).await?;
        let list = format!("/exceptions?state=in-force&expires_before={until}");
        self.decisions(Part::Exceptions, filter, &first, &list, about).await
    }

    /// The same with those that ended by themselves since a moment: what they accepted counts again, and nobody decided so.
    async fn with_ended(
        &self,
        mut filled: Filled,
        (since, is_last): (Timestamp, bool),
    ) -> Result<Filled, Problem> {
        let (systems, store) = (self.scope.systems.as_deref(), &self.app.store);
        let past = self.now + SignedDuration::from_micros(1);
        let ended = store.ending_decisions(self.org, systems, since, past, KEPT).await?;
        if ended.is_empty() {
            return Ok(filled);
        }
        let names = names(self.app, self.org).await?;
        filled.topics.extend(ended.iter().map(|is| over(decision(Part::Exceptions, is, &names))));
        filled.topics.sort_by(|a, b| order(Part::Exceptions, &a.is, &b.is));
        let mut rest = further(&mut filled.topics);
        rest.append(&mut filled.further);
        rest.truncate(KEPT - LISTED);
        filled.further = rest;
        filled.count += i64::try_from(ended.len()).unwrap_or(i64::MAX);
        filled.more |= ended.len() == KEPT;
        let when = if is_last { "since the last review" } else { "within a week" };
        filled.about += &format!(" {} ended {when}: what they accepted counts again.", ended.len());
        Ok(filled)
    }

    async fn answers(&self) -> Result<Filled, Problem> {
        let states = vec![DecisionState::Asked];
        let ends_after = Some(self.now);
        let filter = DecisionFilter { states, ends_after, ..DecisionFilter::default() };
        let about = "Requested, and not answered yet.";
        // Nobody has the id 0: whoever asked, the oldest first.
        let (systems, store) = (self.scope.systems.as_deref(), &self.app.store);
        let first = store.asked_by_others(self.org, 0, systems, self.now, KEPT).await?;
        let filled =
            self.decisions(Part::Answers, filter, &first, "/exceptions?state=asked", about).await?;
        self.with_appeals(filled).await
    }

    /// The same with the emergencies and disputes that wait for an answer.
    async fn with_appeals(&self, mut filled: Filled) -> Result<Filled, Problem> {
        let asked = (Some(AppealState::Asked), None, None);
        let (systems, store) = (self.scope.systems.as_deref(), &self.app.store);
        let count = store.count_appeals(self.org, asked, systems, None).await?;
        if count == 0 {
            return Ok(filled);
        }
        let names = names(self.app, self.org).await?;
        let rows = store.appeals(self.org, asked, systems, None, KEPT).await?.rows;
        filled.topics.extend(rows.iter().map(|is| appeal(is, &names)));
        filled.topics.sort_by(|a, b| order(Part::Answers, &a.is, &b.is));
        let mut rest = further(&mut filled.topics);
        rest.append(&mut filled.further);
        rest.truncate(KEPT - LISTED);
        filled.further = rest;
        filled.count += count;
        let them = if count == 1 {
            "1 is an emergency or dispute".to_owned()
        } else {
            format!("{count} are emergencies and disputes")
        };
        filled.about += &format!(" {them}: their list is on Appeals.");
        Ok(filled)
    }

    /// What is scheduled of what the review is of.
    async fn scheduled(&self) -> Result<Vec<(i64, Scheduled)>, Problem> {
        if let ReviewOf::Team(id) = self.scope.of {
            let all = self.app.store.scheduled(self.org, id).await?;
            return Ok(all.into_iter().map(|is| (id, is)).collect());
        }
        let mut all = self.app.store.all_scheduled(self.org).await?;
        if let Some(systems) = &self.scope.systems {
            let (store, of) = (&self.app.store, Some(systems.as_slice()));
            let assets = store.assets(self.org, None, of, "", ASSETS).await?;
            let inside: HashSet<i64> = assets.into_iter().map(|asset| asset.id).collect();
            all.retain(|(_, is)| inside.contains(&is.change.asset));
        }
        Ok(all)
    }

    async fn plan(&self) -> Result<(Filled, i64), Problem> {
        let mut all = self.scheduled().await?;
        all.retain(|(_, is)| is.window.as_ref().is_none_or(|window| window.ends > self.now));
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let mut windows: BTreeMap<(Option<Timestamp>, String), Vec<&Scheduled>> = BTreeMap::new();
        for (_, is) in &all {
            let key = match &is.window {
                None => (None, "now".to_owned()),
                Some(window) => (Some(window.starts), window.name.clone()),
            };
            windows.entry(key).or_default().push(is);
        }
        let page = match self.scope.of {
            ReviewOf::Team(id) => format!("/teams/{id}/plan"),
            ReviewOf::All | ReviewOf::Systems(_) => "/plan".to_owned(),
        };
        let draft =
            |((starts, name), changes): (&(Option<Timestamp>, String), &Vec<&Scheduled>)| {
                let load: f64 = changes.iter().map(|is| is.load).sum();
                let points: f64 = changes.iter().map(|is| is.points).sum();
                let number = trimtab_pages::part::number;
                let many = if changes.len() == 1 { "change" } else { "changes" };
                Draft {
                    is: Topic {
                        key: format!("window:{name}"),
                        level: None,
                        weight: load,
                        due: *starts,
                    },
                    title: match starts {
                        None => "At once".to_owned(),
                        Some(_) => name.clone(),
                    },
                    note: format!(
                        "{} {many}, {} points, removes load {}",
                        changes.len(),
                        number(points),
                        number(load)
                    ),
                    page: page.clone(),
                }
            };
        let topics: Vec<Draft> = windows.iter().take(WINDOWS).map(draft).collect();
        let filled = Filled {
            count: i64::try_from(windows.len()).unwrap_or(i64::MAX),
            topics,
            further: Vec::new(),
            more: false,
            list: page.clone(),
            about: match count {
                1 => "1 change is scheduled, in this window.".to_owned(),
                _ => format!("{count} changes are scheduled; these are the next windows with any."),
            },
        };
        Ok((filled, count))
    }

    /// What earlier reviews decided and is open, and what was carried out since the last one.
    async fn follow(&self, before: &[Before]) -> Result<Filled, Problem> {
        let last = before.first().and_then(|one| one.review.opened);
        let names = names(self.app, self.org).await?;
        let fresh = |at: Option<Timestamp>| at.is_some_and(|at| last.is_none_or(|last| at >= last));
        let mut topics = Vec::new();
        for one in before {
            let day =
                one.review.opened.map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string());
            for is in &one.decisions {
                let stands = follow(is, self.now);
                if !stands.is_open() && !fresh(is.ended) {
                    continue;
                }
                let word =
                    if is.word.is_empty() { String::new() } else { format!(": {}", is.word) };
                topics.push(Draft {
                    is: Topic {
                        key: format!("decision:{}", is.id),
                        level: None,
                        weight: 0.0,
                        // Within its last day.
                        due: Some(is.is.due - SignedDuration::from_secs(1)),
                    },
                    title: is.is.what.clone(),
                    note: format!(
                        "{}, by {}, decided {day}; {}{word}",
                        name(&names, is.is.owner),
                        last_day(is.is.due),
                        stands.words()
                    ),
                    page: format!("/reviews/{}", one.review.id),
                });
            }
        }
        topics.sort_by(|a, b| order(Part::Follow, &a.is, &b.is));
        let count = i64::try_from(topics.len()).unwrap_or(i64::MAX);
        topics.truncate(LISTED);
        Ok(Filled {
            topics,
            further: Vec::new(),
            count,
            more: false,
            list: self.of("/reviews"),
            about: "Open, or ended since the last review.".to_owned(),
        })
    }
}

fn finding_key(is: &Finding) -> String {
    format!("finding:{}", is.id)
}

fn decision_key(is: &Decision) -> String {
    format!("exception:{}", is.id)
}

/// A decision that ended by itself.
fn over(is: Draft) -> Draft {
    let note = format!("has ended and counts again; {}", is.note);
    Draft { note, ..is }
}

fn finding(is: &Finding) -> Draft {
    let (package, version) = short(&is.component.1);
    let weighed = is.weighed.as_ref();
    let level: Option<Level> = weighed.map(|w| w.level);
    let fix = is.fix.as_ref().map_or("no fix is named".to_owned(), |fix| format!("fixed in {fix}"));
    let place = is.system.as_ref().map_or(&is.asset.1, |system| &system.1);
    Draft {
        is: Topic {
            key: finding_key(is),
            level,
            weight: weighed.map_or(0.0, |w| w.weight),
            due: weighed.and_then(|w| w.deadline),
        },
        title: format!("{} in {package} {version}", is.vulnerability.1),
        note: format!("{place}, {fix}"),
        page: format!("/findings/{}", is.id),
    }
}

fn appeal(is: &Appeal, people: &HashMap<i64, String>) -> Draft {
    let what = if is.is.dispute { "dispute" } else { "emergency" };
    let (package, _) = short(&is.is.package);
    Draft {
        is: Topic {
            key: format!("appeal:{}", is.id),
            level: None,
            weight: 0.0,
            due: Some(is.asked),
        },
        title: format!("{package} in {}: {what}", is.asset_name),
        note: format!("asked for by {}: {}", name(people, is.is.author), is.is.reason),
        page: format!("/appeals/{}", is.id),
    }
}

fn decision(part: Part, is: &Decision, people: &HashMap<i64, String>) -> Draft {
    let about = is.is.vulnerability.as_ref().or(is.is.package.as_ref());
    let about = about.cloned().unwrap_or_else(|| "several findings".to_owned());
    let kind = crate::deciding::kind(is.is.kind);
    Draft {
        is: Topic {
            key: decision_key(is),
            level: None,
            weight: 0.0,
            // What waits for an answer waits the longer the earlier it was asked for.
            due: if part == Part::Answers { Some(is.asked) } else { is.is.expires },
        },
        title: format!("{about}: {kind}"),
        note: format!("requested by {}: {}", name(people, is.is.author), is.is.reason),
        page: format!("/exceptions/{}", is.id),
    }
}
