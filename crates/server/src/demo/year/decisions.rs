//! What is asked for and answered in the year.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::{Level, Role};
use trimtab_store::{DecisionKind, DecisionState, FindingFilter, FindingOrder, NewDecision};

use super::{Act, Done, Year, told};
use crate::weighing::Agreed;

impl Year<'_> {
    /// A team asks for an exception for something that it cannot remove yet.
    pub(super) async fn ask(&mut self, at: Timestamp) -> Done {
        let filter = FindingFilter { counts: Some(true), ..FindingFilter::default() };
        let store = &self.app.store;
        let open = store.findings(self.org, &filter, FindingOrder::Level, None, 300).await;
        let open = open.map_err(told)?.rows;
        let Some(finding) = self.chance.one(&open) else { return Ok(()) };
        let (Some((system, _)), Some(weighed)) = (&finding.system, &finding.weighed) else {
            return Ok(());
        };
        let days = match weighed.level {
            Level::Critical => 6,
            Level::High => self.chance.between(14, 28),
            Level::Medium => self.chance.between(28, 80),
            Level::Low => self.chance.between(60, 150),
        };
        let team = finding.team.as_ref().map(|t| t.0);
        let team = self.people.teams.iter().position(|t| Some(*t) == team).unwrap_or(0);
        let author = self.people.leads.get(team).copied().unwrap_or(self.people.engineering);
        let reasons = [
            "The fixed version changes the wire format; the other side moves next sprint.",
            "The affected function is behind a flag that is off in production.",
            "The season begins this week, and nothing is deployed that need not be.",
            "The replacement of this system goes live before the exception ends.",
        ];
        let expires = at + SignedDuration::from_hours(24 * days);
        let new = NewDecision {
            kind: DecisionKind::Exception,
            vulnerability: Some(finding.vulnerability.1.clone()),
            package: None,
            asset: None,
            system: Some(*system),
            environment: None,
            reason: self.chance.one(&reasons).copied().unwrap_or_default().to_owned(),
            justification: None,
            control: Some("The gateway refuses requests of this shape.".to_owned()),
            author,
            author_role: Role::Engineering.as_str().to_owned(),
            expires: Some(expires),
        };
        let system = *system;
        let decision = store.ask(self.org, &new, &format!("person:{author}"), at).await;
        let decision = decision.map_err(told)?;
        let hours = self.workday(1, 4);
        self.later(at, hours, Act::Answer { decision, system, expires });
        Ok(())
    }

    /// Security answers; what is approved holds until its end.
    pub(super) async fn answer(
        &mut self,
        decision: i64,
        system: i64,
        expires: Timestamp,
        at: Timestamp,
    ) -> Done {
        let state =
            if self.chance.happens(80) { DecisionState::Approved } else { DecisionState::Refused };
        let by = self.people.security;
        let store = &self.app.store;
        let actor = format!("person:{by}");
        let role = Role::Security.as_str();
        store.answer(self.org, decision, state, (by, role), &actor, at).await.map_err(told)?;
        if state == DecisionState::Approved {
            self.agreed = Agreed::of(store, self.org, at).await.map_err(told)?;
            self.settle(|c| c.system == system, at).await?;
            // Whole days hold to their end: a day later none does.
            let hours = expires.duration_since(at).as_hours() + 25;
            self.later(at, hours, Act::Settle(system));
        }
        Ok(())
    }
}
