//! What the forms about a supplier hold and send.

use serde::Deserialize;
use trimtab_pages::part::{Field, Input};

use crate::reviewing::last_day;
use crate::supplying::{Promised, Seen, Wanted};

/// What the forms send.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    pub(super) csrf: String,
    name: String,
    contact: String,
    contract: String,
    ends: String,
    pub(super) product: String,
    pub(super) system: String,
    format: String,
    least: String,
    fresh_days: String,
    each_release: String,
    notice_hours: String,
    vex_days: String,
    vex_from: String,
    quality: String,
    pub(super) ended: String,
    /// The version of what was changed, as it was read.
    pub(super) version: String,
}

impl Sent {
    pub(super) fn of(seen: &Seen) -> Sent {
        let (is, promised) = (&seen.is.is, Promised::of(&seen.is));
        let number = |value: Option<u32>| value.map(|n| n.to_string()).unwrap_or_default();
        Sent {
            name: is.name.clone(),
            contact: is.contact.clone(),
            contract: is.contract.clone(),
            ends: is.contract_ends.map(last_day).unwrap_or_default(),
            format: promised.format.unwrap_or_default(),
            least: promised.least.unwrap_or_default(),
            fresh_days: number(promised.fresh_days),
            each_release: if promised.each_release { "yes".to_owned() } else { String::new() },
            notice_hours: number(promised.notice_hours),
            vex_days: number(promised.vex_days),
            vex_from: promised.vex_from.unwrap_or_default(),
            quality: number(promised.quality.map(u32::from)),
            ended: if seen.is.ended.is_some() { "yes".to_owned() } else { String::new() },
            version: seen.is.version.to_string(),
            ..Sent::default()
        }
    }

    /// The same, by somebody who has read what stands now.
    pub(super) fn about(&self, seen: &Seen) -> Sent {
        Sent { version: seen.is.version.to_string(), ..self.clone() }
    }

    pub(super) fn wanted(&self) -> Result<Wanted, (&'static str, String)> {
        let text = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let number = |name: &'static str, value: &String| match value.trim() {
            "" => Ok(None),
            value => match value.parse::<u32>() {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err((name, "Enter a whole number, or leave it empty.".to_owned())),
            },
        };
        let quality = number("quality", &self.quality)?;
        let quality = quality.map(|points| u8::try_from(points).unwrap_or(u8::MAX));
        Ok(Wanted {
            name: self.name.clone(),
            contact: self.contact.clone(),
            contract: self.contract.clone(),
            ends: self.ends.clone(),
            obligations: Promised {
                format: text(&self.format),
                least: text(&self.least),
                fresh_days: number("fresh_days", &self.fresh_days)?,
                each_release: !self.each_release.is_empty(),
                notice_hours: number("notice_hours", &self.notice_hours)?,
                vex_days: number("vex_days", &self.vex_days)?,
                vex_from: text(&self.vex_from),
                quality,
            },
        })
    }
}

/// At which field something is wrong, by its name in the words.
pub(super) fn at(detail: &str) -> &'static str {
    const NAMES: [&str; 11] = [
        "product",
        "system",
        "contact",
        "contract",
        "ends",
        "format",
        "least",
        "fresh_days",
        "notice_hours",
        "vex_days",
        "quality",
    ];
    NAMES.into_iter().find(|name| detail.contains(&format!("`{name}`"))).unwrap_or("name")
}

pub(super) fn fields(sent: &Sent) -> Vec<Field> {
    let pair = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    let formats = vec![pair("", "any"), pair("cyclonedx", "CycloneDX"), pair("spdx", "SPDX")];
    let levels = ["high", "critical", "medium", "low"].map(|level| pair(level, level)).to_vec();
    let optional = |name: &str, label: &str, input: Input, value: &String| {
        Field::new(name, label, input).holding(value.clone()).optional()
    };
    vec![
        Field::new("name", "Name", Input::Text).holding(sent.name.clone()),
        optional("contact", "Contact", Input::Text, &sent.contact)
            .hinted("How to reach them: an email address, or whom to call."),
        optional("contract", "Contract", Input::Text, &sent.contract),
        optional("ends", "Last day of the contract", Input::Date, &sent.ends)
            .hinted("The team is reminded 60 days before."),
        optional("format", "SBOM format", Input::Select(formats), &sent.format),
        optional("least", "Lowest version of that format", Input::Text, &sent.least)
            .hinted("For example 1.5."),
        optional("fresh_days", "Greatest age of an SBOM, in days", Input::Number, &sent.fresh_days),
        optional(
            "each_release",
            "Each release comes with an SBOM",
            Input::Check,
            &sent.each_release,
        ),
        optional("quality", "Lowest score of an SBOM, of 100 points", Input::Number, &sent.quality)
            .hinted("It counts the NTIA minimum elements, licences and hashes."),
        optional(
            "notice_hours",
            "Hours to a first word about a vulnerability that we know of",
            Input::Number,
            &sent.notice_hours,
        ),
        optional("vex_days", "Days to a VEX statement", Input::Number, &sent.vex_days),
        optional("vex_from", "VEX from this level on", Input::Select(levels), &sent.vex_from),
    ]
}
