//! The parts of findings: what is new above the line, and deadlines.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_engine::review::{Part, Topic, order};
use trimtab_model::Level;
use trimtab_store::{Finding, FindingFilter, FindingOrder, Waits};

use super::{Draft, Filled, KEPT, LISTED, Making};
use crate::facts::needs::lines;
use crate::problem::Problem;
use crate::web::today::short;

impl Making<'_> {
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
        let scheduled = self.scheduled().await?;
        let planned: HashMap<i64, &str> = scheduled
            .iter()
            .flat_map(|(_, is)| is.findings.iter().map(|id| (*id, is.version.as_str())))
            .collect();
        let draft = |is: &Finding| finding(is, planned.get(&is.id).copied());
        let mut topics: Vec<Draft> = rows.iter().take(LISTED).map(draft).collect();
        topics.sort_by(|a, b| order(part, &a.is, &b.is));
        let further = rows.iter().skip(LISTED).map(finding_key).collect();
        let (count, more) = (count.number, count.is_least);
        Ok(Filled { topics, further, count, more, list, about: String::new() })
    }

    pub(super) async fn fresh(&self, since: Timestamp) -> Result<Filled, Problem> {
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

    pub(super) async fn due(&self, before: Timestamp) -> Result<Filled, Problem> {
        let filter = FindingFilter { due_before: Some(before), ..self.counting() };
        let list = self.of(&format!("/findings?counts=true&order=deadline&due={before}"));
        self.findings(Part::Deadlines, &filter, FindingOrder::Deadline, list).await
    }
}

fn finding_key(is: &Finding) -> String {
    format!("finding:{}", is.id)
}

/// A finding, with the version that the plan raises its package to, if it does.
fn finding(is: &Finding, planned: Option<&str>) -> Draft {
    let (package, version) = short(&is.component.1);
    let weighed = is.weighed.as_ref();
    let level: Option<Level> = weighed.map(|w| w.level);
    // Versions that no source calls a fix may be free of it all the same: the plan knows which.
    let fix = match (planned, &is.fix) {
        (Some(version), _) => format!("planned: {version}"),
        (None, Some(fix)) => format!("fixed in {fix}"),
        (None, None) => "no fix is named".to_owned(),
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_is_said_whatever_sources_name() {
        let named = crate::planning::finding(1, 1, "pkg:npm/netmask");
        let none = Finding { fix: None, ..named.clone() };
        let note = |is: &Finding, planned| finding(is, planned).note;
        assert_eq!(note(&none, Some("2.0.1")), "asset-1, planned: 2.0.1");
        assert_eq!(note(&named, Some("2.0.1")), "asset-1, planned: 2.0.1");
        assert_eq!(note(&named, None), "asset-1, fixed in 2.0.0");
        assert_eq!(note(&none, None), "asset-1, no fix is named");
    }
}
