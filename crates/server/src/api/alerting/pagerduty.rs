//! PagerDuty's webhook (V3): one event about an incident. An incident has no labels; its custom fields of our names stand
//! for them, and the name of its service for the system.

use serde_json::Value;

use super::{Alert, moment, text};

/// The alert of a message, or what it says instead of one. `None`: it is none of PagerDuty's.
pub(super) fn alerts(message: &Value) -> Option<Result<Vec<Alert>, String>> {
    let event = &message["event"];
    let kind = event["event_type"].as_str()?;
    if !kind.starts_with("incident.") && !kind.starts_with("pagey.") {
        return Some(Err(kind.to_owned()));
    }
    // An incident is triggered once, and what its fields say of it is said once; it is over and opened again many times.
    let (resolved, again) = match kind {
        "incident.triggered" | "incident.custom_field_values.updated" => (false, false),
        "incident.reopened" => (false, true),
        "incident.resolved" => (true, true),
        _ => return Some(Err(kind.to_owned())),
    };
    let data = &event["data"];
    // Of changed fields the incident is told by reference.
    let incident = if data["incident"].is_object() { &data["incident"] } else { data };
    let field = |name: &str| {
        let all = data["custom_fields"].as_array()?;
        text(&all.iter().find(|field| field["name"].as_str() == Some(name))?["value"])
    };
    let name = text(&incident["title"]).or_else(|| text(&incident["summary"]));
    Some(Ok(vec![Alert {
        source: "pagerduty",
        id: text(&incident["id"])?,
        occurrence: text(&event["occurred_at"]).filter(|_| again).unwrap_or_default(),
        name: name.unwrap_or_else(|| "incident".to_owned()),
        summary: text(&data["service"]["summary"]).unwrap_or_default(),
        starts: moment(&data["created_at"]).or_else(|| moment(&event["occurred_at"])),
        resolved,
        asset: field("trimtab_asset"),
        system: field("trimtab_system").or_else(|| text(&data["service"]["summary"])),
        environment: field("trimtab_environment"),
        revision: field("trimtab_revision"),
        outcome: field("trimtab_outcome"),
    }]))
}
