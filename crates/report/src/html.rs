//! One self-contained HTML page: no script, no font, no image, nothing fetched. The look is that of
//! `LOOK` in the design: calm, dense, light and dark, readable without colour and by keyboard, and
//! printable. The page is drawn from [`Page`], plain data in the page's own words.

use std::io::{self, Write};

use askama::Template;
use trimtab_model::advisory::Rating;
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;

use crate::group::{self, Group};
use crate::summary::Summary;
use crate::table::{count, thousands};

/// Writes the page.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let page = Page::of(scan).render().map_err(io::Error::other)?;
    crate::inert::page(&page, out)
}

/// The page's data.
#[derive(Template)]
#[template(path = "scan.html")]
struct Page<'s> {
    target: &'s str,
    headline: String,
    numbers: Vec<Number>,
    rows: Vec<Row<'s>>,
    unknowns: Vec<(String, &'static str, String)>,
    unmanaged: Vec<(String, &'static str, String)>,
    problems: Vec<Problem<'s>>,
    incomplete: bool,
    matched: bool,
    source: String,
    version: &'static str,
}

struct Number {
    value: String,
    label: &'static str,
    class: &'static str,
}

struct Row<'s> {
    anchor: String,
    class: &'static str,
    shape: char,
    worst: String,
    worst_class: &'static str,
    package: &'s str,
    version: &'s str,
    ecosystem: String,
    scope: &'static str,
    exploited: usize,
    epss: String,
    fix: String,
    /// What it means by the charter; empty where it was not weighed.
    meaning: String,
    findings: Vec<Told<'s>>,
    places: Vec<(String, &'static str, String)>,
    extra_places: usize,
}

struct Told<'s> {
    id: &'s str,
    url: Option<&'s str>,
    aliases: String,
    class: &'static str,
    gravity: String,
    exploited: &'static str,
    epss: String,
    fix: &'s str,
    summary: std::borrow::Cow<'s, str>,
    confidence: &'static str,
    doubts: String,
    sources: Vec<(&'s str, &'static str, &'s str)>,
}

struct Problem<'s> {
    code: &'static str,
    place: String,
    message: &'s str,
    help: &'s str,
}

/// Places of one component that are shown; the rest is counted.
const PLACES: usize = 20;

impl<'s> Page<'s> {
    fn of(scan: &'s Scan) -> Page<'s> {
        let summary = Summary::of(scan);
        let groups = Group::all(scan);
        let place = |occurrences: &[trimtab_model::finding::Occurrence]| {
            occurrences
                .first()
                .and_then(|o| group::place(scan, *o))
                .map_or(String::new(), |(file, c)| located(&file.path, c.line))
        };
        Page {
            target: &scan.target,
            headline: headline(scan, &summary, &groups),
            numbers: numbers(&summary),
            rows: groups.iter().enumerate().filter_map(|(i, g)| row(scan, g, i)).collect(),
            unknowns: scan
                .unknowns
                .iter()
                .map(|u| (u.purl.to_string(), u.reason.as_str(), place(&u.occurrences)))
                .collect(),
            unmanaged: scan
                .inventory
                .files
                .iter()
                .flat_map(|f| f.unmanaged.iter().map(move |u| (f, u)))
                .map(|(file, u)| {
                    let what = match (&u.package, &u.requirement) {
                        (Some(purl), Some(asked)) => format!("{} {asked}", group::name(purl)),
                        (Some(purl), None) => group::name(purl),
                        (None, _) => "the whole file".to_owned(),
                    };
                    (what, u.reason.as_str(), located(&file.path, u.line))
                })
                .collect(),
            problems: scan
                .inventory
                .all_diagnostics()
                .chain(&scan.diagnostics)
                .map(|d| Problem {
                    code: d.code.as_str(),
                    place: d.file.as_deref().map_or(String::new(), |f| located(f, d.line)),
                    message: &d.message,
                    help: d.help.as_deref().unwrap_or_default(),
                })
                .collect(),
            incomplete: scan.is_incomplete(),
            matched: scan.index.is_some(),
            source: source(scan, &summary),
            version: crate::TOOL_VERSION,
        }
    }
}

fn located(file: &str, line: Option<u32>) -> String {
    line.map_or(file.to_owned(), |l| format!("{file}:{l}"))
}

fn headline(scan: &Scan, summary: &Summary, groups: &[Group<'_>]) -> String {
    if scan.index.is_none() {
        return format!("{} lists {}.", scan.target, count(summary.components, "component"));
    }
    if summary.components == 0 {
        return format!("No component was found in {}: nothing was judged.", scan.target);
    }
    let Some(worst) = groups.first().and_then(Group::worst) else {
        return format!(
            "No known vulnerability in the {} of {}.",
            count(summary.components, "component"),
            scan.target
        );
    };
    let exploited = match summary.known_exploited {
        Some(n) if n > 0 => format!(", {n} known to be exploited"),
        _ => String::new(),
    };
    format!(
        "{} has {}{exploited}; the gravest is in {} {}.",
        scan.target,
        count(summary.findings, "finding"),
        worst.package,
        worst.version()
    )
}

fn source(scan: &Scan, summary: &Summary) -> String {
    let listed =
        format!("{} in {}", count(summary.components, "component"), count(summary.files, "file"));
    match &scan.index {
        Some(index) => format!(
            "{listed}, matched with {} advisories of {}. KEV: {}. EPSS: {}. Index {}.",
            thousands(index.advisories),
            index.data_date.as_deref().and_then(|d| d.get(..10)).unwrap_or("unknown date"),
            index.kev.as_deref().unwrap_or("unknown"),
            index.epss.as_deref().unwrap_or("unknown"),
            index.digest.get(..12).unwrap_or(&index.digest),
        ),
        None => format!("{listed}, not matched: there was no advisory index."),
    }
}

fn numbers(summary: &Summary) -> Vec<Number> {
    let number =
        |value: usize, label, class| Number { value: thousands(value as u64), label, class };
    let of = |rating| summary.by_rating.get(&rating).copied().unwrap_or(0);
    let mut numbers = vec![
        number(of(Rating::Critical), "■ critical", "critical"),
        number(of(Rating::High), "▲ high", "high"),
        number(of(Rating::Medium), "● medium", "medium"),
        number(of(Rating::Low) + of(Rating::None), "○ low", "low"),
        number(of(Rating::Unknown), "? unknown", "unknown"),
    ];
    numbers.push(match summary.known_exploited {
        Some(n) => number(n, "known exploited", "plain"),
        None => Number { value: "?".to_owned(), label: "known exploited", class: "unknown" },
    });
    numbers.push(number(summary.unknowns.values().sum(), "not judged", "plain"));
    numbers.push(number(summary.unmanaged, "not pinned", "plain"));
    numbers
}

fn class(rating: Rating) -> &'static str {
    match rating {
        Rating::Critical => "critical",
        Rating::High => "high",
        Rating::Medium => "medium",
        Rating::Low | Rating::None => "low",
        Rating::Unknown => "unknown",
    }
}

fn row<'s>(scan: &'s Scan, group: &Group<'s>, position: usize) -> Option<Row<'s>> {
    let worst = group.worst()?;
    let assessed = group::assessed(scan, worst);
    let rating =
        assessed.map_or(group::drawn_rating(worst), |a| group::rating_of(a.assessment.level));
    let places: Vec<_> =
        group.occurrences().iter().filter_map(|o| Some((*o, group::place(scan, *o)?))).collect();
    let scope = places.iter().map(|(_, (_, c))| c.scope).max().unwrap_or_default();
    let epss = group
        .findings
        .iter()
        .filter_map(|f| f.vulnerability.epss)
        .map(|e| e.probability)
        .max_by(f64::total_cmp)
        .map_or("?".to_owned(), group::percent);
    Some(Row {
        anchor: format!("c{position}"),
        class: class(rating),
        shape: group::shape(rating, false),
        worst: group::gravity(worst),
        worst_class: class(group::drawn_rating(worst)),
        package: &worst.package,
        version: worst.version(),
        ecosystem: worst.ecosystem.to_string(),
        scope: scope.as_str(),
        exploited: group.findings.iter().filter(|f| f.vulnerability.kev.is_some()).count(),
        epss,
        fix: match group.fix() {
            Some((fix, all)) if all == group.findings.len() => fix.to_owned(),
            Some((fix, some)) => format!("{fix} (fixes {some} of {})", group.findings.len()),
            None => "none named".to_owned(),
        },
        meaning: assessed.map_or(String::new(), |a| crate::table::meaning(scan, a, " · ")),
        findings: group.findings.iter().map(|f| told(scan, f)).collect(),
        places: places
            .iter()
            .take(PLACES)
            .map(|(occurrence, (file, component))| {
                let way = group::way(scan, *occurrence);
                let way = if way.len() > 1 { way.join(" → ") } else { String::new() };
                (located(&file.path, component.line), component.scope.as_str(), way)
            })
            .collect(),
        extra_places: places.len().saturating_sub(PLACES),
    })
}

fn told<'s>(scan: &Scan, finding: &'s Finding) -> Told<'s> {
    let vulnerability = &finding.vulnerability;
    let doubts: Vec<_> = finding.doubts.iter().map(|d| d.as_str()).collect();
    Told {
        id: &vulnerability.id,
        // Only what a browser opens without running anything.
        url: vulnerability.references.iter().map(|r| &**r).find(|r| r.starts_with("https://")),
        aliases: vulnerability.aliases.join(", "),
        class: class(group::drawn_rating(finding)),
        gravity: group::gravity(finding),
        exploited: if vulnerability.kev.is_some() { "exploited" } else { "" },
        epss: vulnerability.epss.map_or("?".to_owned(), |e| group::percent(e.probability)),
        fix: finding.nearest_fix.as_deref().unwrap_or("none named"),
        summary: group::told(scan, finding),
        confidence: finding.confidence.as_str(),
        doubts: doubts.join("; "),
        sources: finding
            .attributions
            .iter()
            .map(|a| {
                (&*a.advisory.id, if a.affected { "affected" } else { "not affected" }, &*a.reason)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    /// Relative luminance (WCAG 2.2) of `RRGGBB`.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    }

    #[test]
    fn every_text_colour_is_readable_on_both_grounds() {
        let template = include_str!("../templates/look.css");
        let palettes: Vec<Vec<(&str, f64)>> = template
            .split("--ground:")
            .skip(1)
            .map(|palette| {
                let palette = palette.split('}').next().unwrap();
                let tokens = palette.trim().trim_end_matches(';').split(';');
                let token =
                    |text: &str| text.trim().rsplit_once('#').map(|(_, hex)| luminance(hex));
                let name = |text: &'static str| {
                    text.trim().split_once(':').map_or("ground", |(name, _)| &name[2..])
                };
                tokens.filter_map(|text| Some((name(text), token(text)?))).collect()
            })
            .collect();
        assert_eq!(palettes.len(), 2, "light and dark");
        for palette in palettes {
            assert_eq!(palette.len(), 11);
            let is_ground = |name: &str| matches!(name, "ground" | "raised");
            for (ground, behind) in palette.iter().filter(|(name, _)| is_ground(name)) {
                let texts = palette.iter().filter(|(name, _)| !is_ground(name) && *name != "line");
                for (name, before) in texts {
                    let (light, dark) = (before.max(*behind), before.min(*behind));
                    let contrast = (light + 0.05) / (dark + 0.05);
                    assert!(contrast >= 5.5, "{name} on {ground}: {contrast:.2}");
                }
            }
        }
    }
}
