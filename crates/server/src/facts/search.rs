//! One box for everything: vulnerabilities by a name, packages, systems, teams and people by a part of theirs.

use trimtab_model::Purl;
use trimtab_store::{FindingFilter, FindingOrder, FindingState};

use crate::access::{Action, On, Who};
use crate::api::where_is::{self, find};
use crate::api::{findings, visible};
use crate::problem::Problem;
use crate::state::App;
use crate::web::teams::may_see;
use crate::web::today::short;

/// The most of each kind.
const SHOWN: usize = 50;
/// The longest that is looked for, in characters.
const LONGEST: usize = 200;

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Vulnerability,
    Package,
    System,
    Team,
    Person,
}

impl Kind {
    /// The word of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Kind::Vulnerability => "vulnerability",
            Kind::Package => "package",
            Kind::System => "system",
            Kind::Team => "team",
            Kind::Person => "person",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    /// Of systems, teams and people.
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    /// A second thing to know: of a package its purl, of a system its tier, of a person the address.
    pub(crate) note: String,
}

/// What is looked for: without blanks around it, and not too long.
pub(crate) fn trimmed(q: &str) -> String {
    q.trim().chars().take(LONGEST).collect()
}

/// What is called so of what they may see. Of each kind at most 50.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn all(app: &App, who: &Who, q: &str) -> Result<Vec<Found>, Problem> {
    findings::seen(who)?;
    let q = trimmed(q);
    if q.is_empty() {
        return Ok(Vec::new());
    }
    let lower = q.to_lowercase();
    let systems = app.store.systems(who.org).await?;
    let visible = visible(who, &systems);
    let mut found: Vec<Found> = vulnerability(app, who, &q, visible.clone()).await?;
    // A name that an index knows as a vulnerability finds no packages by their names.
    if found.is_empty() {
        found = packages(app, who, &q).await?;
    }
    let may = |id: i64| visible.as_ref().is_none_or(|v| v.contains(&id));
    let named = |name: &str| name.to_lowercase().contains(&lower);
    let of_systems = systems.iter().filter(|s| may(s.id) && named(&s.name)).map(|s| Found {
        kind: Kind::System,
        id: Some(s.id),
        name: s.name.clone(),
        note: s.tier.clone().unwrap_or_default(),
    });
    found.extend(of_systems.take(SHOWN));
    let teams = app.store.teams(who.org).await?;
    let of_teams = teams.iter().filter(|t| named(&t.name) && may_see(who, t, &systems));
    found.extend(of_teams.take(SHOWN).map(|t| Found {
        kind: Kind::Team,
        id: Some(t.id),
        name: t.name.clone(),
        note: String::new(),
    }));
    if who.may(Action::View, On::ALL) {
        let people = app.store.people(who.org).await?;
        found.extend(people.into_iter().filter(|p| named(&p.name)).take(SHOWN).map(|p| Found {
            kind: Kind::Person,
            id: Some(p.id),
            name: p.name,
            note: p.email,
        }));
    }
    Ok(found)
}

/// The vulnerability of a name, as it is written or in capitals, where they may see a finding of it.
async fn vulnerability(
    app: &App,
    who: &Who,
    q: &str,
    visible: Option<Vec<i64>>,
) -> Result<Vec<Found>, Problem> {
    for name in [q.to_owned(), q.to_uppercase()] {
        let Some((id, leading)) = app.store.vulnerability_of(who.org, &name).await? else {
            continue;
        };
        let filter = FindingFilter {
            states: FindingState::ALL.to_vec(),
            vulnerability: Some(id),
            systems: visible.clone(),
            ..FindingFilter::default()
        };
        let order = FindingOrder::Newest;
        if !app.store.findings(who.org, &filter, order, None, 1).await?.rows.is_empty() {
            let kind = Kind::Vulnerability;
            return Ok(vec![Found { kind, id: None, name: leading, note: String::new() }]);
        }
    }
    Ok(Vec::new())
}

/// Packages by the start of the name, or the one of a purl.
async fn packages(app: &App, who: &Who, q: &str) -> Result<Vec<Found>, Problem> {
    let purl = q.parse::<Purl>().ok().map(|p| p.package().to_string());
    let question = where_is::Asked {
        q: purl.unwrap_or_else(|| q.to_owned()),
        limit: Some(500),
        ..where_is::Asked::default()
    };
    // A name that an index knows as a vulnerability which they may not see finds nothing here either.
    let rows = find(app, who, &question).await?.map_or(Vec::new(), |found| found.page.rows);
    let mut names: Vec<String> = rows.into_iter().map(|w| w.component.is.package).collect();
    names.sort();
    names.dedup();
    let found = |package: String| Found {
        kind: Kind::Package,
        id: None,
        name: short(&package).0,
        note: package,
    };
    Ok(names.into_iter().take(SHOWN).map(found).collect())
}
