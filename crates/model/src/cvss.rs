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

/// The value of a metric of a vector, such as `N` of `AV:N`. `None`: the vector does not have it.
pub fn metric<'v>(vector: &'v str, name: &str) -> Option<&'v str> {
    metrics(vector).find(|(n, _)| *n == name).map(|(_, value)| value)
}

/// The metrics of a vector with their values, in their order. Vectors are short and are read often:
/// one loop over their bytes is faster than searches that are made for long texts.
fn metrics(vector: &str) -> impl Iterator<Item = (&str, &str)> {
    let vector = if vector.len() > MAX_VECTOR_LEN { "" } else { vector };
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < vector.len() {
            let (start, mut colon) = (at, None);
            let mut end = vector.len();
            for (i, byte) in vector.bytes().enumerate().skip(start) {
                match byte {
                    b'/' => {
                        end = i;
                        break;
                    }
                    b':' if colon.is_none() => colon = Some(i),
                    _ => {}
                }
            }
            at = end + 1;
            if let Some(colon) = colon {
                return vector.get(start..colon).zip(vector.get(colon + 1..end));
            }
        }
        None
    })
}

/// From where a flaw can be attacked. Ordered, the farthest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttackVector {
    /// By touching the device.
    Physical,
    /// On the host.
    Local,
    /// From an adjacent network.
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
    let value = |word: &str| match word {
        "N" => Some(0u8),
        "L" | "P" => Some(1),
        "H" | "C" => Some(3),
        _ => None,
    };
    // Version 4 tells the vulnerable system (V) and others (S) apart; the versions before do not.
    let [mut before, mut own, mut others] = [[None; 3]; 3];
    for (name, word) in metrics(vector) {
        let (into, which) = match name.as_bytes() {
            [b'V', which] => (&mut own, which),
            [b'S', which] => (&mut others, which),
            [which] => (&mut before, which),
            _ => continue,
        };
        let Some(slot) = b"CIA".iter().position(|b| b == which) else { continue };
        // The first of a name counts.
        if let Some(held @ None) = into.get_mut(slot) {
            *held = Some(word);
        }
    }
    let [c, i, a] = if own[0].is_some() { own } else { before };
    let of = |word: Option<&str>, other: Option<&str>| {
        Some(value(word?)?.max(other.and_then(value).unwrap_or(0)))
    };
    let others = if own[0].is_some() { others } else { [None; 3] };
    Some([of(c, others[0])?, of(i, others[1])?, of(a, others[2])?])
}

/// The base metrics in the order of the specification, as `/AV:N/…`; each must occur once.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_loop_reads_what_searches_read() {
        let naive = |vector: &str| -> Vec<(String, String)> {
            let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
            let all = vector.split('/').filter_map(|m| m.split_once(':'));
            all.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
        };
        for vector in [
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N",
            " (AV:N/AC:L/Au:N/C:P/I:P/A:P) ",
            "",
            "/",
            "//:/",
            "AV",
            "AV:",
            "AV:N:X/AC:é/é:L/",
            "C:H/C:N/I:N/A:N",
        ] {
            let read: Vec<_> = metrics(vector).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
            assert_eq!(read, naive(vector), "{vector}");
        }
        assert_eq!(metrics(&"A:B/".repeat(MAX_VECTOR_LEN)).count(), 0);
        assert_eq!(impacts("C:H/C:N/I:N/A:N"), Some([3, 0, 0]), "the first counts");
        let four = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:H/SC:H/SI:N/SA:N";
        assert_eq!(impacts(four), Some([3, 1, 3]));
        assert_eq!(impacts("VI:H/VA:H/C:L/I:L/A:L/SC:H"), Some([1, 1, 1]));
    }
}
