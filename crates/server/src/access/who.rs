//! Who asks: a person with a session, or a program with a token. Taken from a request before anything
//! else is.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use subtle::ConstantTimeEq;
use trimtab_model::Role;
use trimtab_store::{Grant, Org, Person, ScopeOf, Session, Token};

use super::secret::digest;
use super::table::{Action, On, allow, reaches};
use crate::problem::Problem;
use crate::state::App;

/// The name of the cookie. `__Host-`: sent over TLS only, to this host only.
pub(crate) const COOKIE_TLS: &str = "__Host-trimtab";
/// The name where there is no TLS: a browser would not keep the other.
pub(crate) const COOKIE_PLAIN: &str = "trimtab";

/// The cookie that says from which side a person looks.
pub(crate) const SIDE: &str = "trimtab-side";

/// Who asks.
#[derive(Debug, Clone)]
pub struct Who {
    /// The organisation: everything that is asked for is of it.
    pub org: Org,
    /// The person; of a token, who made it.
    pub person: Person,
    /// The person's roles. A token may not reach as far: [`Who::holds`] is asked.
    grants: Vec<Grant>,
    /// The session, if it is a browser.
    pub session: Option<Session>,
    /// The token, if it is a program.
    pub token: Option<Token>,
    /// The side that they chose to look from; one of their own.
    pub side: Option<Role>,
}

impl Who {
    /// Who reckons for the server itself: sees all of an organisation, and may change nothing of it.
    pub(crate) fn of_server(org: Org) -> Who {
        let person = Person {
            id: 0,
            email: String::new(),
            name: "trimtab".to_owned(),
            password: None,
            totp: None,
            totp_step: None,
            subject: None,
            disabled: false,
            failures: 0,
            locked_until: None,
        };
        let grants = vec![Grant { role: Role::Auditor, scope: ScopeOf::Organisation }];
        Who { org, person, grants, session: None, token: None, side: None }
    }

    /// The actor in the ledger.
    pub fn actor(&self) -> String {
        match &self.token {
            Some(token) => format!("token:{}", token.id),
            None => format!("person:{}", self.person.id),
        }
    }

    /// Whether they may. A token may what it is for, and never more than the person who made it.
    pub fn may(&self, action: Action, on: On) -> bool {
        self.is_for(action) && self.reaches(on) && allow(&self.grants, action, on)
    }

    /// Whether their token is for it; without one they may all that they may.
    fn is_for(&self, action: Action) -> bool {
        self.token.as_ref().is_none_or(|t| t.actions.iter().any(|a| a == action.as_str()))
    }

    /// Whether their token reaches there; without one nothing narrows their roles.
    fn reaches(&self, on: On) -> bool {
        self.token.as_ref().is_none_or(|token| reaches(token.scope, on))
    }

    /// Whether they hold a role there: as far as it was given, and as far as their token reaches.
    pub fn holds(&self, role: Role, on: On) -> bool {
        let there = |grant: &Grant| grant.role == role && reaches(grant.scope, on);
        self.reaches(on) && self.grants.iter().any(there)
    }

    /// The teams, of which they hold a role for the whole. `None`: every team.
    pub fn teams(&self, role: Role) -> Option<Vec<i64>> {
        if self.holds(role, On::ALL) {
            return None;
        }
        let scopes = self.grants.iter().filter(|grant| grant.role == role).map(|grant| grant.scope);
        let named = scopes.chain(self.token.as_ref().map(|token| token.scope));
        let mut teams: Vec<i64> = named
            .filter_map(|scope| match scope {
                ScopeOf::Team(team) => Some(team),
                ScopeOf::Organisation | ScopeOf::System(_) => None,
            })
            .filter(|team| self.holds(role, On { system: None, team: Some(*team) }))
            .collect();
        teams.sort_unstable();
        teams.dedup();
        Some(teams)
    }

    /// The same, as an error for those who may not.
    ///
    /// # Errors
    /// They may not.
    pub fn must(&self, action: Action, on: On) -> Result<(), Problem> {
        if self.may(action, on) { Ok(()) } else { Err(Problem::forbidden(action)) }
    }

    /// Whether they may do it anywhere at all.
    pub fn may_somewhere(&self, action: Action) -> bool {
        let wide = |scope: ScopeOf| scope == ScopeOf::Organisation || !action.is_for_all();
        let for_it = |grant: &Grant| action.is_for(grant.role) && wide(grant.scope);
        self.is_for(action)
            && self.token.as_ref().is_none_or(|token| wide(token.scope))
            && self.grants.iter().any(for_it)
    }

    /// The one team that all their roles are of, if they have no others.
    pub fn only_team(&self) -> Option<i64> {
        let team = |grant: &Grant| match grant.scope {
            ScopeOf::Team(id) => Some(id),
            ScopeOf::Organisation | ScopeOf::System(_) => None,
        };
        let first = self.grants.first().and_then(team)?;
        self.grants.iter().all(|grant| team(grant) == Some(first)).then_some(first)
    }

    /// The roles that they hold, each once.
    pub fn roles(&self) -> Vec<Role> {
        let mut roles: Vec<Role> = self.grants.iter().map(|g| g.role).collect();
        roles.sort();
        roles.dedup();
        roles
    }
}

impl FromRequestParts<App> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Who, Problem> {
        let now = app.now();
        let who = if let Some(secret) = bearer(&parts.headers) {
            let token = app.store.token(&digest(secret), now).await?;
            let token = token.ok_or_else(Problem::unknown_token)?;
            app.limits.token(token.org, token.id)?;
            app.store.note_token(&token, now).await?;
            of(app, token.org, token.person, None, Some(token)).await?
        } else {
            let secret = cookie(&parts.headers).ok_or_else(Problem::unauthorised)?;
            let session = app.store.session(&digest(secret), now).await?;
            let session = session.ok_or_else(Problem::unauthorised)?;
            let mut who = of(app, session.org, session.person, Some(session), None).await?;
            let side = cookies(&parts.headers).find(|(name, _)| *name == SIDE);
            let side = side.and_then(|(_, word)| Role::from_word(word));
            who.side = side.filter(|role| who.roles().contains(role));
            who
        };
        // A browser sends its cookie along with what another site makes it send.
        if who.session.is_some() && !is_safe(&parts.method) && is_from_elsewhere(&parts.headers) {
            return Err(Problem::from_elsewhere());
        }
        Ok(who)
    }
}

impl OptionalFromRequestParts<App> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Who>, Problem> {
        match <Who as FromRequestParts<App>>::from_request_parts(parts, app).await {
            Ok(who) => Ok(Some(who)),
            Err(problem) if problem.status == 401 => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

/// A person of an organisation, by a session or a token of theirs.
///
/// # Errors
/// There is no such person any more.
pub(crate) async fn of(
    app: &App,
    org: Org,
    person: i64,
    session: Option<Session>,
    token: Option<Token>,
) -> Result<Who, Problem> {
    let person = app.store.person(org, person).await?.ok_or_else(Problem::unauthorised)?;
    let grants = app.store.grants(org, person.id).await?;
    Ok(Who { org, person, grants, session, token, side: None })
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that another site made it ask. Browsers of the last years all say so.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_none_or(|(_, authority)| authority != host)
        }
        _ => false,
    }
}

/// Whether what a form brings is the session's own.
pub(crate) fn is_csrf(session: &Session, brought: &str) -> bool {
    session.csrf.as_bytes().ct_eq(brought.as_bytes()).into()
}

/// The secret that a program brings.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The secret of the session's cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let ours = |(name, _): &(&str, &str)| *name == COOKIE_TLS || *name == COOKIE_PLAIN;
    cookies(headers).find(ours).map(|(_, value)| value)
}

pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(';')).filter_map(|p| p.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn what_another_site_makes_a_browser_send_is_known() {
        let elsewhere = |pairs| is_from_elsewhere(&headers(pairs));
        assert!(elsewhere(&[("sec-fetch-site", "cross-site")]));
        assert!(elsewhere(&[("sec-fetch-site", "same-site")]));
        assert!(!elsewhere(&[("sec-fetch-site", "same-origin")]));
        assert!(!elsewhere(&[("sec-fetch-site", "none")]));
        assert!(elsewhere(&[("origin", "https://evil.example"), ("host", "trimtab.example")]));
        assert!(elsewhere(&[("origin", "null"), ("host", "trimtab.example")]));
        assert!(!elsewhere(&[("origin", "https://trimtab.example"), ("host", "trimtab.example")]));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let of = |text| cookie(&headers(&[("cookie", text)])).map(ToOwned::to_owned);
        assert_eq!(of("a=b; trimtab=x; c=d").as_deref(), Some("x"));
        assert_eq!(of("__Host-trimtab=y").as_deref(), Some("y"));
        assert_eq!(of("nottrimtab=y; trimtab2=z"), None);
    }
}
