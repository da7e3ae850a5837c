//! Alertmanager's webhook (version 4), and Grafana's, which is the same with more in it: alerts with labels.

use serde_json::Value;

use super::{Alert, moment, text};

/// The alerts of a message. `None`: it is none of these.
pub(super) fn alerts(message: &Value) -> Option<Result<Vec<Alert>, String>> {
    let all = message["alerts"].as_array()?;
    // Both say who receives; Grafana says of which of its organisations it is.
    message["receiver"].as_str()?;
    let source = if message["orgId"].is_number() { "grafana" } else { "alertmanager" };
    Some(Ok(all.iter().map(|is| alert(is, message, source)).collect()))
}

fn alert(is: &Value, message: &Value, source: &'static str) -> Alert {
    let label =
        |name: &str| text(&is["labels"][name]).or_else(|| text(&message["commonLabels"][name]));
    let note = |name: &str| {
        text(&is["annotations"][name]).or_else(|| text(&message["commonAnnotations"][name]))
    };
    let starts = moment(&is["startsAt"]);
    let name = label("alertname").unwrap_or_else(|| "alert".to_owned());
    Alert {
        source,
        // Older senders have no fingerprint: then its labels are what it is.
        id: text(&is["fingerprint"])
            .unwrap_or_else(|| is["labels"].to_string().chars().take(500).collect()),
        summary: note("summary").or_else(|| note("description")).unwrap_or_default(),
        occurrence: starts.map(|at| at.to_string()).unwrap_or_default(),
        starts,
        resolved: is["status"].as_str() == Some("resolved"),
        asset: label("trimtab_asset"),
        system: label("trimtab_system"),
        environment: label("trimtab_environment"),
        revision: label("trimtab_revision"),
        outcome: label("trimtab_outcome"),
        name,
    }
}
