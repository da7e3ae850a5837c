//! Systems: what the business knows by name.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use trimtab_model::Exposure;
use trimtab_model::charter::Charter;
use trimtab_store::{FormerKind, System, Team};
use utoipa::ToSchema;

use super::{Changed, Listed, limit, visible};
use crate::access::{Action, On, Who};
use crate::around::tags::stands;
use crate::jobs::rematch_all;
use crate::object::Object;
use crate::problem::Problem;
use crate::removing;
use crate::state::App;

/// A system on the wire. What is missing is unknown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = System)]
pub(crate) struct Shown {
    /// Which: its name is then changed as well. If absent or 0: its name says which.
    #[serde(default)]
    pub(crate) id: i64,
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// Changes with every change: `If-Match: "…"` refuses to overwrite another. What is sent back is not read.
    #[serde(default)]
    #[schema(read_only)]
    pub(crate) version: String,
    /// The owner team's name.
    pub(crate) team: Option<String>,
    pub(crate) product_owner: Option<String>,
    pub(crate) operations: Option<String>,
    pub(crate) tier: Option<String>,
    /// `internet`, `internal`, `isolated`.
    pub(crate) exposure: Option<String>,
    pub(crate) data: Option<Vec<String>>,
    pub(crate) environments: Option<Vec<String>>,
    pub(crate) failure: Option<String>,
    /// Names of the systems that it needs.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
}

/// Which. The page asks the same.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A part of the name.
    pub(crate) q: Option<String>,
    /// Of a team; 0: of none.
    pub(crate) team: Option<i64>,
    /// From where they can be reached; `unknown`: nobody said.
    #[param(pattern = "^(internet|internal|isolated|unknown)?$")]
    pub(crate) exposure: Option<String>,
    pub(crate) tier: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

impl Asked {
    /// Whether not all are asked for.
    pub(crate) fn is_narrow(&self) -> bool {
        let texts = [&self.q, &self.exposure, &self.tier];
        self.team.is_some() || texts.into_iter().flatten().any(|text| !text.trim().is_empty())
    }

    /// The systems that are asked for, of those that they may see.
    ///
    /// # Errors
    /// What is asked for is none of the words.
    pub(crate) fn chosen<'s>(
        &self,
        systems: &'s [System],
        visible: Option<&[i64]>,
    ) -> Result<Vec<&'s System>, Problem> {
        let exposure = match self.exposure.as_deref() {
            None | Some("") => None,
            Some("unknown") => Some(None),
            Some(word) => Some(Some(Exposure::from_word(word).ok_or_else(|| {
                Problem::invalid("`exposure` must be one of internet, internal, isolated, unknown.")
            })?)),
        };
        let q = self.q.as_deref().unwrap_or_default().trim().to_lowercase();
        let tier = self.tier.as_deref().filter(|tier| !tier.is_empty());
        let fits = |s: &&System| {
            visible.is_none_or(|visible| visible.contains(&s.id))
                && s.name.to_lowercase().contains(&q)
                && self.team.is_none_or(|team| s.team.unwrap_or_default() == team)
                && exposure.is_none_or(|exposure| s.exposure == exposure)
                && tier.is_none_or(|tier| s.tier.as_deref() == Some(tier))
        };
        Ok(systems.iter().filter(fits).collect())
    }
}

/// The systems that they may see, by name.
#[utoipa::path(get, path = "/api/v1/systems", tag = "systems", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    super::findings::seen(&who)?;
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let visible = visible(&who, &systems);
    let mut chosen = asked.chosen(&systems, visible.as_deref())?;
    let page = (asked.after.as_deref(), limit(asked.limit));
    let shown = |s: &&System| shown(s, &systems, &teams, visible.as_deref());
    Ok(Json(Listed::part(&mut chosen, |s| (s.name.clone(), s.id), page, shown)?))
}

/// Describes a system, by its id or name, or makes one. By its id, its name is changed too.
#[utoipa::path(put, path = "/api/v1/systems", tag = "systems", request_body = Shown, responses((status = 200, body = Changed)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Object(sent): Object<Shown>,
) -> Result<Json<Changed>, Problem> {
    let together = app.store.together().await?;
    let within = app.on(together.store().clone());
    within.store.hold_described(who.org).await?;
    let systems = within.store.systems(who.org).await?;
    let teams = within.store.teams(who.org).await?;
    let known = meant(&systems, &sent);
    let version = known.map(|s| shown(s, &systems, &teams, None).version);
    stands(&headers, version.as_deref())?;
    let id = describe(&within, &who, sent).await?;
    together.commit().await?;
    // Again, where everybody sees it: one that is done already may have seen what was before.
    app.store.add_job(&rematch_all(who.org, app.now()), app.now()).await?;
    app.work.notify_one();
    Ok(Json(Changed { id }))
}

/// Removes a system in which no asset is any longer, and to which nothing open refers. What was recorded of it stays.
#[utoipa::path(delete, path = "/api/v1/systems/{id}", tag = "systems", operation_id = "remove_system",
    params(("id" = i64, Path)),
    responses((status = 204, description = "It is gone"),
        (status = 409, description = "Something still refers to it; the detail says what, and what to do")))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    removing::remove(&app, &who, (FormerKind::System, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The system that is meant, if it is there.
fn meant<'s>(systems: &'s [System], sent: &Shown) -> Option<&'s System> {
    let is = |system: &&System| match sent.id {
        0 => system.name == sent.name,
        id => system.id == id,
    };
    systems.iter().find(is)
}

/// A system as it is told to who may see some systems: of what it needs, those. Its version is of all that is kept.
fn shown(is: &System, systems: &[System], teams: &[Team], visible: Option<&[i64]>) -> Shown {
    let name = |id: &i64| systems.iter().find(|s| s.id == *id).map(|s| s.name.clone());
    let team = is.team.and_then(|id| teams.iter().find(|t| t.id == id));
    let shown = Shown {
        id: is.id,
        name: is.name.clone(),
        version: String::new(),
        team: team.map(|t| t.name.clone()),
        product_owner: is.product_owner.clone(),
        operations: is.operations.clone(),
        tier: is.tier.clone(),
        exposure: is.exposure.map(|e| e.as_str().to_owned()),
        data: is.data.clone(),
        environments: is.environments.clone(),
        failure: is.failure.clone(),
        needs: is.needs.iter().filter_map(name).collect(),
    };
    let version = super::version(&shown);
    let may = |id: &&i64| visible.is_none_or(|visible| visible.contains(id));
    let needs = is.needs.iter().filter(may).filter_map(name).collect();
    Shown { version, needs, ..shown }
}

/// Describes a system; the pages do it the same way.
///
/// # Errors
/// They may not, or something of it is not known.
pub(crate) async fn describe(app: &App, who: &Who, sent: Shown) -> Result<i64, Problem> {
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let known = meant(&systems, &sent);
    let on = known.map_or(On::ALL, |s| On { system: Some(s.id), team: s.team });
    who.must(Action::Describe, on)?;
    if known.is_none() && sent.id != 0 {
        return Err(Problem::not_found("system"));
    }
    let id = known.map_or(0, |s| s.id);
    if systems.iter().any(|s| s.id != id && s.name == sent.name) {
        return Err(Problem::conflict("There is already a system of this name."));
    }
    if sent.name.is_empty() || sent.name.chars().count() > 200 {
        return Err(Problem::invalid("The name must be 1 to 200 characters."));
    }
    let team = match &sent.team {
        None => None,
        Some(name) => Some(
            teams
                .iter()
                .find(|t| t.name == *name)
                .ok_or_else(|| Problem::invalid(format!("There is no team `{name}`.")))?
                .id,
        ),
    };
    let exposure = match sent.exposure.as_deref() {
        None => None,
        Some(word) => Some(Exposure::from_word(word).ok_or_else(|| {
            Problem::invalid("`exposure` must be one of internet, internal, isolated.")
        })?),
    };
    // Unknown words would weigh as if nothing was said: a slip in a script must not make a system harmless.
    let agreed = app.agreed(who.org, app.now()).await?;
    if let Some((_, wrong)) = unknown_word(&agreed.charter, &sent, known) {
        return Err(Problem::invalid(wrong));
    }
    // Who may not see a system neither names it, nor takes away what others said of it.
    let visible = visible(who, &systems);
    let may = |id: i64| visible.as_ref().is_none_or(|visible| visible.contains(&id));
    let need = |name: &String| {
        let found = systems.iter().find(|s| s.name == *name && may(s.id));
        found.map(|s| s.id).ok_or_else(|| Problem::invalid(format!("There is no system `{name}`.")))
    };
    let mut needs: Vec<i64> = sent.needs.iter().map(need).collect::<Result<_, _>>()?;
    let kept = known.map_or(&[][..], |s| &s.needs).iter().copied();
    needs.extend(kept.filter(|id| !may(*id)));
    let system = System {
        id,
        name: sent.name,
        team,
        product_owner: sent.product_owner,
        operations: sent.operations,
        tier: sent.tier,
        exposure,
        data: sent.data,
        environments: sent.environments,
        failure: sent.failure,
        needs,
    };
    let id = app.store.put_system(who.org, &system, &who.actor(), app.now()).await?;
    // What a system is weighs in every finding of it.
    app.store.add_job(&rematch_all(who.org, app.now()), app.now()).await?;
    app.work.notify_one();
    Ok(id)
}

/// A word that the charter does not have: in which field, and which words there are. What a system says already, by an
/// earlier charter, may stay.
pub(crate) fn unknown_word(
    charter: &Charter,
    sent: &Shown,
    is: Option<&System>,
) -> Option<(&'static str, String)> {
    let listed = |words: Option<&Vec<String>>| words.cloned().unwrap_or_default();
    let one = |word: Option<&String>| word.cloned().into_iter().collect::<Vec<_>>();
    let said = [
        (
            "tier",
            one(sent.tier.as_ref()),
            one(is.and_then(|is| is.tier.as_ref())),
            charter.tiers.iter().map(|t| &*t.name).collect::<Vec<_>>(),
        ),
        (
            "data",
            listed(sent.data.as_ref()),
            listed(is.and_then(|is| is.data.as_ref())),
            charter.data.iter().map(|d| &*d.name).collect(),
        ),
        (
            "environments",
            listed(sent.environments.as_ref()),
            listed(is.and_then(|is| is.environments.as_ref())),
            charter.environments.iter().map(|e| &*e.name).collect(),
        ),
    ];
    said.into_iter().find_map(|(field, words, before, known)| {
        let word =
            words.into_iter().find(|w| !known.contains(&w.as_str()) && !before.contains(w))?;
        let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Some((
            field,
            format!("The charter has no `{word}` among its {}: it has {has}.", plural(field)),
        ))
    })
}

/// Words of a system as people read them: one that the charter does not have weighs as if nothing was said, so it is marked.
pub(crate) fn marked(words: &[String], has: impl Fn(&str) -> bool) -> String {
    let mark = |word: &String| match has(word) {
        true => word.clone(),
        false => format!("{word} (not in the charter)"),
    };
    words.iter().map(mark).collect::<Vec<_>>().join(", ")
}

/// What the words of a field are called together.
fn plural(field: &str) -> &str {
    match field {
        "tier" => "tiers",
        "data" => "classes of data",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(tier: &str, environments: &[&str]) -> Shown {
        let environments: Vec<&str> = environments.to_vec();
        let sent = serde_json::json!({ "name": "shop", "tier": tier, "environments": environments,
            "team": null, "product_owner": null, "operations": null, "exposure": null,
            "data": null, "failure": null });
        serde_json::from_value(sent).unwrap()
    }

    #[test]
    fn a_word_that_the_charter_lost_is_marked() {
        let charter = trimtab_charter::preset::default();
        let has = |name: &str| charter.environments.iter().any(|is| &*is.name == name);
        let words = ["production".to_owned(), "prod".to_owned()];
        assert_eq!(marked(&words, has), "production, prod (not in the charter)");
    }

    #[test]
    fn a_slip_is_refused_and_what_an_earlier_charter_had_may_stay() {
        let charter = trimtab_charter::preset::default();
        assert_eq!(unknown_word(&charter, &sent("vital", &["production"]), None), None);
        let (field, wrong) = unknown_word(&charter, &sent("vital", &["prod"]), None).unwrap();
        assert_eq!(field, "environments");
        assert!(wrong.contains("`prod`") && wrong.contains("production"), "{wrong}");
        let (field, _) = unknown_word(&charter, &sent("important", &[]), None).unwrap();
        assert_eq!(field, "tier");
        let is = System { tier: Some("important".to_owned()), ..System::default() };
        assert_eq!(unknown_word(&charter, &sent("important", &[]), Some(&is)), None);
        let other = unknown_word(&charter, &sent("importent", &[]), Some(&is));
        assert_eq!(other.map(|(field, _)| field), Some("tier"));
    }
}
