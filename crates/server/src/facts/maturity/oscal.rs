//! An assessment as OSCAL *assessment results*: an observation for each criterion, with what shows it. Findings are
//! left out: whether a control is satisfied is for an assessor to say, and a criterion is a part of one.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trimtab_engine::maturity::{Framework, Judged, Verdict};

use super::Told;

/// The version of OSCAL that it is written in.
const OSCAL: &str = "1.1.2";
/// Names of our properties.
const NAMESPACE: &str = "https://trimtab.example/ns/oscal";

/// The document. `base`: the server's address, before paths.
pub(crate) fn oscal(told: &Told, base: &str) -> Value {
    let at = told.at.to_string();
    let of = format!("{base} {} {at}", told.team.unwrap_or_default());
    let id = |what: &str| uuid(&format!("{of} {what}"));
    let place = match told.team {
        Some(team) => format!("{base}/teams/{team}/maturity"),
        None => format!("{base}/maturity"),
    };
    let criteria = id("criteria");
    let observations: Vec<Value> =
        told.is.judged.iter().map(|judged| observation(judged, told, base, &id)).collect();
    let mut controls: Vec<String> = told
        .is
        .judged
        .iter()
        .flat_map(|judged| judged.criterion.references)
        .filter(|reference| reference.framework == Framework::Sp800161)
        .map(|reference| reference.id.to_lowercase())
        .collect();
    controls.sort_unstable();
    controls.dedup();
    let controls: Vec<Value> = controls.iter().map(|id| json!({ "control-id": id })).collect();
    let seen = if told.whole { "all of it" } else { "a part of it that the reader may see" };
    let stage = told.is.stage;
    let mut props =
        vec![prop("stage", stage.as_str()), prop("stage-number", &stage.number().to_string())];
    if let Some((seq, hash)) = &told.ledger {
        props.push(prop("ledger-entry", &seq.to_string()));
        props.push(prop("ledger-seal", hash));
    }
    json!({ "assessment-results": {
        "uuid": id("document"),
        "metadata": {
            "title": format!("Maturity of {}", told.name),
            "last-modified": at,
            "version": at,
            "oscal-version": OSCAL,
        },
        "import-ap": { "href": format!("#{criteria}") },
        "results": [{
            "uuid": id("result"),
            "title": format!("Stage {} of 5: {}", stage.number(), stage.words()),
            "description": format!("Judged from what the system shows, of {seen}."),
            "start": at,
            "end": at,
            "props": props,
            "reviewed-controls": { "control-selections": [{ "include-controls": controls }] },
            "observations": observations,
        }],
        "back-matter": { "resources": [{
            "uuid": criteria,
            "title": "Criteria of maturity",
            "rlinks": [{ "href": place }],
        }] },
    } })
}

fn observation(judged: &Judged, told: &Told, base: &str, id: &dyn Fn(&str) -> String) -> Value {
    let is = judged.criterion;
    let mut props = vec![prop("verdict", judged.verdict.as_str()), prop("criterion", is.id)];
    // What the organisation asks of itself, beside what is asked of all.
    if is.bounds().is_some() {
        props.push(prop("threshold", &judged.least.to_string()));
        props.push(prop("threshold-usual", &is.least.to_string()));
    }
    for reference in is.references {
        props.push(prop(reference.framework.as_str(), reference.id));
    }
    let shown = judged.shown().map_or_else(|| "It is not known.".to_owned(), |shown| shown + ".");
    let description = match judged.verdict {
        Verdict::Met => format!("{} {shown}", is.words),
        _ => format!("{} {shown} {} Next: {}", is.words, judged.missing, is.next),
    };
    let mut observation = json!({
        "uuid": id(is.id),
        "title": is.words,
        "description": description,
        "props": props,
        "methods": ["EXAMINE"],
        "collected": told.at.to_string(),
    });
    let reason = told.reasons.iter().find(|reason| reason.criterion.id == is.id);
    if let (Some(reason), Some(members)) = (reason, observation.as_object_mut()) {
        let remarks = format!("The threshold was changed here: {}", reason.why);
        members.insert("remarks".to_owned(), remarks.into());
    }
    let entries = judged.counted.iter().flat_map(|counted| &counted.entries);
    let evidence: Vec<Value> = entries
        .map(|seq| {
            let href = format!("{base}/api/v1/ledger?after={}&limit=1", seq.saturating_sub(1));
            json!({ "href": href, "description": format!("Entry {seq} of the ledger") })
        })
        .collect();
    if let (false, Some(members)) = (evidence.is_empty(), observation.as_object_mut()) {
        members.insert("relevant-evidence".to_owned(), evidence.into());
    }
    observation
}

fn prop(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": value })
}

/// A UUID made of a name, the same for the same: in the form of version 5, of a digest that is longer than its own.
fn uuid(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x50;
    *variant = *variant & 0x3f | 0x80;
    let hex = crate::access::secret::hex(&bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn a_name_has_one_uuid_of_the_form_that_oscal_asks_for() {
        for name in ["", "a", "b"] {
            let id = uuid(name);
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert!(id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()));
            assert_eq!(id.as_bytes()[14], b'5');
            assert!(b"89ab".contains(&id.as_bytes()[19]));
            assert_eq!(id, uuid(name));
        }
        assert_ne!(uuid("a"), uuid("b"));
    }
}
