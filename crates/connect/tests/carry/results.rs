//! What runners write, as data under `corpus/tests`: an output, and the verdicts that a person reads
//! in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use trimtab_connect::apply::{Results, Verdict};

#[test]
fn outputs_are_read_as_people_read_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/tests");
    let mut cases = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "txt") {
            continue;
        }
        cases += 1;
        let results = Results::read(&fs::read_to_string(&path).unwrap());
        let told: BTreeMap<String, &str> = results
            .tests
            .iter()
            .map(|(name, verdict)| {
                let word = match verdict {
                    Verdict::Passed => "passed",
                    Verdict::Failed => "failed",
                    Verdict::Skipped => "skipped",
                };
                (name.to_string(), word)
            })
            .collect();
        let expected = fs::read_to_string(path.with_extension("json")).unwrap();
        let expected: BTreeMap<String, &str> = serde_json::from_str(&expected).unwrap();
        assert_eq!(told, expected, "{}", path.display());
    }
    assert!(cases >= 8, "{cases}");
}
