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

/// The value of a metric of a vector, as `N` of `AV:N`. `None`: it does not stand there.
pub fn metric<'v>(vector: &'v str, name: &str) -> Option<&'v str> {
    if vector.len() > MAX_VECTOR_LEN {
        return None;
    }
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    vector.split('/').find_map(|metric| {
        let (n, value) = metric.split_once(':')?;
        (n == name).then_some(value)
    })
}

/// From where a flaw can be attacked. Ordered, the farthest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttackVector {
    /// By touching the device.
    Physical,
    /// On the host.
    Local,
    /// From the network beside it.
    Adjacent,
    /// From anywhere.
    Network,
}

impl AttackVector {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            AttackVector::Physical => "physical",
            AttackVector::Local => "local",
            AttackVector::Adjacent => "adjacent",
            AttackVector::Network => "network",
        }
    }

    /// The attack vector of a CVSS vector of any version.
    pub fn of(vector: &str) -> Option<AttackVector> {
        match metric(vector, "AV")? {
            "P" => Some(AttackVector::Physical),
            "L" => Some(AttackVector::Local),
            "A" => Some(AttackVector::Adjacent),
            "N" => Some(AttackVector::Network),
            _ => None,
        }
    }
}

/// What a flaw does to confidentiality, integrity and availability: 0 nothing, 1 some (`L`, `P`),
/// 3 all (`H`, `C`). With version 4, the graver of the vulnerable and the subsequent system.
/// `None` if a metric is missing.
pub fn impacts(vector: &str) -> Option<[u8; 3]> {
    let value = |name: &str| match metric(vector, name)? {
        "N" => Some(0u8),
        "L" | "P" => Some(1),
        "H" | "C" => Some(3),
        _ => None,
    };
    if metric(vector, "VC").is_some() {
        let graver = |own: &str, other: &str| Some(value(own)?.max(value(other).unwrap_or(0)));
        return Some([graver("VC", "SC")?, graver("VI", "SI")?, graver("VA", "SA")?]);
    }
    Some([value("C")?, value("I")?, value("A")?])
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
