//! Base scores of CVSS vectors, recomputed from the vector as published (2.0, 3.0, 3.1, 4.0).
//!
//! Follows FIRST's specifications, through the `cvss` crate. Only base metrics count: threat and
//! environment are ours to weigh, and a vector's temporal metrics are of the day it was written.
//! So version 4 gives CVSS-B also where the vector has an `E`, an environmental or a
//! supplemental metric.
//!
//! Trap: vectors of version 2 have no prefix, and are found in parentheses.

use std::fmt::Write as _;

use crate::advisory::CvssVersion;

/// The longest vector that is read, in bytes.
const MAX_VECTOR_LEN: usize = 512;

const BASE_2: &[&str] = &["AV", "AC", "Au", "C", "I", "A"];
const BASE_3: &[&str] = &["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
const BASE_4: &[&str] = &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"];

/// The version of a vector and its base score in tenths. `None` if it is not a vector with all
/// base metrics, each once.
pub fn base_score_tenths(vector: &str) -> Option<(CvssVersion, u8)> {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches([')', '/']);
    if vector.len() > MAX_VECTOR_LEN {
        return None;
    }
    let (prefix, metrics) = match vector.split_once('/')? {
        (prefix, metrics) if prefix.starts_with("CVSS:") => (prefix, metrics),
        _ => ("", vector),
    };
    let (version, names) = match prefix {
        "" | "CVSS:2.0" => (CvssVersion::V2, BASE_2),
        "CVSS:3.0" => (CvssVersion::V3_0, BASE_3),
        "CVSS:3.1" => (CvssVersion::V3_1, BASE_3),
        "CVSS:4.0" => (CvssVersion::V4, BASE_4),
        _ => return None,
    };
    let base = base_metrics(metrics, names)?;
    let score = match version {
        CvssVersion::V2 => {
            base.trim_start_matches('/').parse::<cvss::v2::Vector>().ok()?.score().value()
        }
        _ => format!("{prefix}{base}").parse::<cvss::Cvss>().ok()?.score(),
    };
    let tenths = (score * 10.0).round();
    (0.0..=100.0).contains(&tenths).then_some((version, tenths as u8))
}

/// The base metrics in the order of the specification, as `/AV:N/…`; each must stand once.
fn base_metrics(metrics: &str, names: &[&str]) -> Option<String> {
    let mut out = String::with_capacity(metrics.len() + 1);
    for name in names {
        let mut values = metrics.split('/').filter_map(|metric| {
            let (n, value) = metric.split_once(':')?;
            (n == *name).then_some(value)
        });
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        write!(out, "/{name}:{value}").ok()?;
    }
    Some(out)
}
