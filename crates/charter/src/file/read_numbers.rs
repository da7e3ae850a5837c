//! The numbers of the weighing and of the costs, from the shape to the model. A level must never
//! fall when the risk rises: a table that breaks this order is refused.

use std::collections::BTreeMap;

use trimtab_model::charter::Charter;

use super::read::Reader;
use super::shape;
use crate::at::{At, nearest};

/// The largest factor on the odds.
const MAX_ODDS: f64 = 100.0;

impl Reader<'_> {
    /// Lays the numbers of the weighing over what is there.
    pub(super) fn weighing(&mut self, charter: &mut Charter, shape: Option<shape::Weighing>) {
        let Some(shape) = shape else { return };
        let into = &mut charter.weighing;
        if let Some(at) = &shape.known_exploited {
            // Not below the band of what is exploited: the words of the band must stay true.
            if within(at, 0.5, 1.0, self) {
                into.known_exploited = at.value;
            }
        }
        let ratings = ["unknown", "none", "low", "medium", "high", "critical"];
        table(&mut into.prior, &shape.prior, &ratings, 1.0, self);
        rising(&into.prior[1..], &shape.prior, "a more severe rating has a lower prior", self);
        for (name, at) in &shape.exposure {
            let rows = ["isolated", "internal", "internet"];
            match rows.iter().position(|row| row == name) {
                None => unknown_name(name, &rows, &at.bytes, self),
                Some(row) if at.value.iter().all(|v| (0.0..=MAX_ODDS).contains(v)) => {
                    into.exposure[row] = at.value;
                }
                Some(_) => {
                    self.wrong(&at.bytes, "a factor is out of range".to_owned(), range_help());
                }
            }
        }
        let rises = into.exposure.iter().all(|row| row.is_sorted())
            && (0..4).all(|c| into.exposure.iter().map(|row| row[c]).is_sorted());
        if !rises && let Some(at) = shape.exposure.values().next() {
            let help = "from isolated to internet and from physical to network, factors never fall"
                .to_owned();
            self.wrong(&at.bytes, "more exposure has a lower factor".to_owned(), help);
        }
        let scopes = ["runtime", "optional", "build", "development", "test"];
        table(&mut into.scope, &shape.scope, &scopes, MAX_ODDS, self);
        let reach = ["not-imported", "symbol-not-seen", "unknown", "imported", "called"];
        table(&mut into.reachability, &shape.reachability, &reach, MAX_ODDS, self);
        rising(
            &into.reachability,
            &shape.reachability,
            "stronger evidence has a lower factor",
            self,
        );
        table(
            &mut into.runtime,
            &shape.runtime,
            &["not-seen", "unknown", "loaded"],
            MAX_ODDS,
            self,
        );
        rising(&into.runtime, &shape.runtime, "stronger evidence has a lower factor", self);
        let vex = ["not_affected", "fixed", "under_investigation", "affected"];
        table(&mut into.vex, &shape.vex, &vex, MAX_ODDS, self);
        rising(&into.vex, &shape.vex, "stronger evidence has a lower factor", self);
    }

    /// Lays the numbers of the costs over what is there.
    pub(super) fn cost(&mut self, charter: &mut Charter, shape: Option<shape::Cost>) {
        let Some(shape) = shape else { return };
        let into = &mut charter.cost;
        if let Some(at) = &shape.days_per_point
            && within(at, 0.01, 30.0, self)
        {
            into.days_per_point = at.value;
        }
        let mut pair = |into: &mut (f64, f64), at: Option<At<[f64; 2]>>| {
            let Some(At { value: [least, most], bytes }) = at else { return };
            if least >= 0.0 && least <= most && most <= 1000.0 {
                *into = (least, most);
            } else {
                let help = "write least and most points, such as `[1, 2]`, up to 1000".to_owned();
                self.wrong(&bytes, "this is not a range of points".to_owned(), help);
            }
        };
        pair(&mut into.patch, shape.patch);
        pair(&mut into.minor, shape.minor);
        pair(&mut into.major, shape.major);
        pair(&mut into.transitive, shape.transitive);
        pair(&mut into.per_file, shape.per_file);
    }
}

fn range_help() -> String {
    format!("it must be between 0 and {MAX_ODDS}")
}

fn within(at: &At<f64>, least: f64, most: f64, reader: &mut Reader<'_>) -> bool {
    let fits = (least..=most).contains(&at.value);
    if !fits {
        reader.wrong(
            &at.bytes,
            format!("{} is out of range", at.value),
            format!("it must be between {least} and {most}"),
        );
    }
    fits
}

fn unknown_name(
    name: &str,
    known: &[&str],
    bytes: &std::ops::Range<usize>,
    reader: &mut Reader<'_>,
) {
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of {}", known.join(", ")),
    };
    reader.wrong(bytes, format!("`{name}` is not weighed here"), help);
}

fn table(
    into: &mut [f64],
    shape: &BTreeMap<String, At<f64>>,
    names: &[&str],
    most: f64,
    reader: &mut Reader<'_>,
) {
    for (name, at) in shape {
        match names.iter().position(|n| n == name) {
            None => unknown_name(name, names, &at.bytes, reader),
            Some(i) => {
                if within(at, 0.0, most, reader) {
                    into[i] = at.value;
                }
            }
        }
    }
}

fn rising(
    values: &[f64],
    shape: &BTreeMap<String, At<f64>>,
    message: &str,
    reader: &mut Reader<'_>,
) {
    if !values.is_sorted()
        && let Some(at) = shape.values().next()
    {
        reader.wrong(
            &at.bytes,
            message.to_owned(),
            "let the numbers rise with the risk".to_owned(),
        );
    }
}
