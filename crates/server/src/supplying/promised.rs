//! What was promised, as it is sent and kept: checked, and told in sentences.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_engine::supplier::obligations::{Format, Obligations, Promise, version};
use trimtab_model::Level;
use trimtab_store::Supplier;
use utoipa::ToSchema;

use crate::problem::Problem;

/// What was promised, as it is sent and kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SupplierObligations)]
pub(crate) struct Promised {
    /// `cyclonedx`, `spdx`. If absent: any.
    #[schema(pattern = "^(cyclonedx|spdx)$")]
    pub(crate) format: Option<String>,
    /// The least version of the format: `1.5`.
    #[schema(pattern = "^[0-9]{1,3}([.][0-9]{1,3})?$")]
    pub(crate) least: Option<String>,
    /// How old the newest SBOM may be, in days.
    #[schema(minimum = 1, maximum = 3650)]
    pub(crate) fresh_days: Option<u32>,
    /// Whether each release comes with an SBOM.
    pub(crate) each_release: bool,
    /// How many hours after we first know of a vulnerability in their product they tell us about it.
    #[schema(minimum = 1, maximum = 87600)]
    pub(crate) notice_hours: Option<u32>,
    /// Within how many days they state how they are affected.
    #[schema(minimum = 1, maximum = 3650)]
    pub(crate) vex_days: Option<u32>,
    /// From which level on: `critical`, `high`, `medium`, `low`. If absent: `high`.
    #[schema(pattern = "^(critical|high|medium|low)$")]
    pub(crate) vex_from: Option<String>,
    /// How many of the hundred points an SBOM has at least.
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) quality: Option<u8>,
}

impl Promised {
    /// As the store has it.
    pub(crate) fn of(supplier: &Supplier) -> Promised {
        serde_json::from_value(supplier.is.obligations.clone()).unwrap_or_default()
    }

    /// In the words of the engine.
    ///
    /// # Errors
    /// Something of it is not right.
    pub(crate) fn checked(&self) -> Result<Obligations, Problem> {
        let within = |name: &str, value: Option<u32>, most: u32| match value {
            Some(value) if !(1..=most).contains(&value) => {
                Err(Problem::invalid(format!("`{name}` must be 1 to {most}.")))
            }
            value => Ok(value),
        };
        let format = match (&self.format, &self.least) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Problem::invalid(
                    "`least` needs a `format`, of which it is a version.",
                ));
            }
            (Some(word), least) => {
                let wrong = || Problem::invalid("`format` must be one of cyclonedx, spdx.");
                let format = Format::from_word(word).ok_or_else(wrong)?;
                let wrong = || Problem::invalid("`least` must be a version such as 1.5.");
                let least = least.as_deref().map_or(Some((0, 0)), version).ok_or_else(wrong)?;
                Some((format, least))
            }
        };
        let wrong = || Problem::invalid("`vex_from` must be one of critical, high, medium, low.");
        let from = self.vex_from.as_deref().map_or(Some(Level::High), Level::from_word);
        let from = from.ok_or_else(wrong)?;
        if self.quality.is_some_and(|points| points > 100) {
            return Err(Problem::invalid("`quality` must be 0 to 100."));
        }
        Ok(Obligations {
            format,
            fresh_days: within("fresh_days", self.fresh_days, 3650)?,
            each_release: self.each_release,
            notice_hours: within("notice_hours", self.notice_hours, 87_600)?,
            vex: within("vex_days", self.vex_days, 3650)?.map(|days| (days, from)),
            quality: self.quality,
        })
    }

    /// One promise of it alone.
    pub(super) fn only(&self, promise: Promise) -> Promised {
        let mut only = Promised::default();
        only.copy(promise, self);
        only
    }

    /// Takes over what another says of one promise.
    fn copy(&mut self, promise: Promise, from: &Promised) {
        match promise {
            Promise::Format => {
                self.format.clone_from(&from.format);
                self.least.clone_from(&from.least);
            }
            Promise::Freshness => self.fresh_days = from.fresh_days,
            Promise::Release => self.each_release = from.each_release,
            Promise::Quality => self.quality = from.quality,
            Promise::Notice => self.notice_hours = from.notice_hours,
            Promise::Vex => {
                self.vex_days = from.vex_days;
                self.vex_from.clone_from(&from.vex_from);
            }
        }
    }

    /// What was promised, a sentence each.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let Ok(is) = self.checked() else { return Vec::new() };
        let mut all = Vec::new();
        if let Some((format, (major, minor))) = is.format {
            all.push(format!("SBOMs are {} {major}.{minor} or later.", format.words()));
        }
        if let Some(days) = is.fresh_days {
            all.push(format!("The newest SBOM is at most {days} days old."));
        }
        if is.each_release {
            all.push("Each release comes with an SBOM.".to_owned());
        }
        if let Some(points) = is.quality {
            all.push(format!("An SBOM has at least {points} of 100 points (minimum elements)."));
        }
        if let Some(hours) = is.notice_hours {
            all.push(format!(
                "Within {hours} hours after a vulnerability in the product becomes known here, the supplier responds to it."
            ));
        }
        if let Some((days, from)) = is.vex {
            all.push(format!(
                "Within {days} days the supplier states (VEX) how the product is affected, for {from} and above."
            ));
        }
        all
    }
}

/// Since when promises hold that a supplier made later than the first, by their words, as the store keeps it.
pub(super) fn since(supplier: &Supplier) -> BTreeMap<Promise, Timestamp> {
    moments(&supplier.promised)
}

fn moments(of: &Value) -> BTreeMap<Promise, Timestamp> {
    let one = |(word, at): (&String, &Value)| {
        Some((Promise::from_word(word)?, at.as_str()?.parse().ok()?))
    };
    of.as_object().into_iter().flatten().filter_map(one).collect()
}

/// What was promised before it was made stricter, and since when that held: what was broken then still is.
pub(super) fn before(supplier: &Supplier) -> (Promised, BTreeMap<Promise, Timestamp>) {
    let is = &supplier.promised["before"];
    let terms = serde_json::from_value(is["terms"].clone()).unwrap_or_default();
    (terms, moments(&is["since"]))
}

/// The same after what was promised is said otherwise: what is asked for anew, or more of it, holds from now on; what
/// was promised before that is kept beside it.
///
/// # Errors
/// Something of what is said is not right.
pub(super) fn later(
    supplier: &Supplier,
    wanted: &Promised,
    now: Timestamp,
) -> Result<Value, Problem> {
    let promised = Promised::of(supplier);
    let (old, new) = (promised.checked().unwrap_or_default(), wanted.checked()?);
    let known = since(supplier);
    let (mut terms, mut held) = before(supplier);
    for promise in Promise::ALL {
        let was = terms.checked().unwrap_or_default();
        if !was.has(promise) && old.has(promise) && new.is_stricter(promise, &old) {
            terms.copy(promise, &promised);
            held.extend(known.get(&promise).map(|at| (promise, *at)));
        }
        // What is now promised as it was then, or less, or another format, is judged by itself.
        let is_other = promise == Promise::Format && terms.format != wanted.format;
        let was = terms.checked().unwrap_or_default();
        if is_other || !new.is_stricter(promise, &was) {
            terms.copy(promise, &Promised::default());
            held.remove(&promise);
        }
    }
    let one = |promise: Promise| {
        let at = match new.is_stricter(promise, &old) {
            true => now,
            false => *known.get(&promise).filter(|_| new.has(promise))?,
        };
        Some((promise.as_str().to_owned(), Value::from(at.to_string())))
    };
    let mut all: serde_json::Map<String, Value> =
        Promise::ALL.into_iter().filter_map(one).collect();
    if terms != Promised::default() {
        let held = held.iter().map(|(is, at)| (is.as_str().to_owned(), json!(at.to_string())));
        let held: serde_json::Map<String, Value> = held.collect();
        all.insert("before".to_owned(), json!({ "terms": terms, "since": held }));
    }
    Ok(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trimtab_store::NewSupplier;

    use super::*;

    #[test]
    fn what_was_promised_is_checked_and_told() {
        let all = Promised {
            format: Some("cyclonedx".into()),
            least: Some("1.5".into()),
            fresh_days: Some(90),
            each_release: true,
            notice_hours: Some(72),
            vex_days: Some(10),
            vex_from: None,
            quality: Some(60),
        };
        let told = all.sentences();
        assert_eq!(told.len(), 6);
        assert!(
            told[0].contains("CycloneDX 1.5") && told[5].contains("for high and above"),
            "{told:?}"
        );
        assert!(Promised::default().sentences().is_empty());
        for wrong in [
            Promised { format: Some("swid".into()), ..Promised::default() },
            Promised { least: Some("1.5".into()), ..Promised::default() },
            Promised { least: Some("x".into()), ..all.clone() },
            Promised { fresh_days: Some(0), ..Promised::default() },
            Promised { vex_from: Some("grave".into()), ..all.clone() },
            Promised { quality: Some(101), ..Promised::default() },
        ] {
            assert_eq!(wrong.checked().unwrap_err().status, 422, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_promised_later_holds_from_then_on() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let of = |obligations: Promised, promised: Value| Supplier {
            id: 1,
            is: NewSupplier {
                name: "Northwind".into(),
                contact: String::new(),
                contract: String::new(),
                contract_ends: None,
                obligations: json!(obligations),
            },
            made: at(0),
            ended: None,
            promised,
            version: 1,
        };
        let first = Promised { fresh_days: Some(90), ..Promised::default() };
        let more = Promised { quality: Some(60), ..first.clone() };
        let one = later(&of(first.clone(), Value::Null), &more, at(5)).unwrap();
        assert_eq!(one, json!({ "quality": at(5).to_string() }), "the first one holds as before");
        // The same again changes nothing; less is no new promise; more is.
        let is = of(more.clone(), one.clone());
        assert_eq!(later(&is, &more, at(9)).unwrap(), one);
        let less = Promised { quality: Some(50), fresh_days: Some(120), ..Promised::default() };
        assert_eq!(later(&is, &less, at(9)).unwrap(), one);
        let stricter = Promised { fresh_days: Some(30), ..more.clone() };
        let two = later(&is, &stricter, at(9)).unwrap();
        assert_eq!(two["quality"], at(5).to_string());
        assert_eq!(two["freshness"], at(9).to_string());
        // What was promised before stays known as long as more is promised than that.
        let is = of(stricter.clone(), two.clone());
        assert_eq!(before(&is), (first.clone(), BTreeMap::new()));
        let three = later(&is, &Promised { fresh_days: Some(20), ..more.clone() }, at(10)).unwrap();
        assert_eq!(three["before"], two["before"], "the first one");
        let four = later(&is, &Promised { quality: Some(70), ..more.clone() }, at(10)).unwrap();
        let kept = before(&of(more.clone(), four));
        assert_eq!(
            kept,
            (more.only(Promise::Quality), BTreeMap::from([(Promise::Quality, at(5))]))
        );
        // What is taken back is forgotten.
        assert_eq!(later(&of(stricter, two), &first, at(12)).unwrap()["quality"], Value::Null);
    }
}
