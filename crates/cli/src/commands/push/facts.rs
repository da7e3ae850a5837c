//! What registries tell of packages that the server asks about, by the ecosystems' own clients: when a version was
//! published, what came after it, and whether it is advised against.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_connect::registry::{self, versions::Offered};
use trimtab_connect::server::Server;
use trimtab_model::metadata::Standing;
use trimtab_model::version::Version;
use trimtab_model::{Diagnostic, Family, Metadata, Purl};
use trimtab_report::one_line;

use super::{taken, unreached};
use crate::commands::plan::offered;
use crate::io::Io;
use crate::say;

/// How long all that the server wants to know may take, git beside.
pub(super) const ALL: Duration = Duration::from_secs(60);
/// How long one client may take.
const ONE: Duration = Duration::from_secs(20);
/// With less time left nobody is asked: what is cut off would be taken for no answer.
const LEAST: Duration = Duration::from_secs(5);
/// How many packages are asked about, whatever the server names.
const MOST: usize = 50;
/// The longest text that is told.
const TEXT: usize = 500;

/// Asks about what the server wants to know until a moment, and tells it. What cannot be asked is told as such; that it
/// fails fails no push.
pub(super) fn tell(
    server: &Server,
    asset: &str,
    (wanted, until): (&[Value], Instant),
    io: &mut Io,
) {
    let purls: Vec<Purl> =
        wanted.iter().take(MOST).filter_map(|one| one.as_str()?.parse().ok()).collect();
    if purls.is_empty() {
        return;
    }
    let mut options = io.registries(Timestamp::now());
    let left = || until.saturating_duration_since(Instant::now());
    let mut all = Vec::new();
    for purl in &purls {
        if left() < LEAST {
            break;
        }
        options.time_limit = ONE.min(left());
        let answer = registry::ask(purl, &options);
        options.time_limit = ONE.min(left());
        let versions = match answer.metadata {
            Some(_) if left() >= LEAST => registry::versions::versions(purl, &options).ok(),
            _ => None,
        };
        all.push(told(purl, answer.metadata.as_ref(), versions.as_deref()));
    }
    let answered = all.iter().filter(|one| one["asked"].is_string()).count();
    let text = format!(
        "{}: registries were asked about {} of {} packages that the server wants to know about, and answered for {answered}\n",
        one_line(asset),
        all.len(),
        purls.len()
    );
    if all.is_empty() {
        return;
    }
    if let Err(problem) = send(server, asset, &all) {
        say::diagnostic(io, &problem);
        return;
    }
    io.err(&text);
}

fn send(server: &Server, asset: &str, all: &[Value]) -> Result<(), Diagnostic> {
    let body = json!({ "packages": all }).to_string();
    let path = ["api", "v1", "packages", "published"];
    let answer = server
        .post(&path, &[("asset", asset)], "application/json", body.as_bytes())
        .map_err(|e| unreached(&e.to_string()))?;
    taken(&answer).map(|_| ())
}

/// What is told of a version.
fn told(purl: &Purl, metadata: Option<&Metadata>, versions: Option<&[Offered]>) -> Value {
    let Some(is) = metadata else { return json!({ "purl": purl.to_string() }) };
    let (standing, words) = match &is.standing {
        None => (None, ""),
        Some(Standing::Offered) => (Some("offered"), ""),
        Some(Standing::Deprecated(words)) => (Some("deprecated"), &**words),
        Some(Standing::Yanked(words)) => (Some("yanked"), &**words),
    };
    let published = |version: &str| {
        let of = |one: &&Offered| &*one.version == version;
        versions?.iter().find(of)?.published
    };
    let own = is.published.or_else(|| purl.version().and_then(published));
    // Those after it, in the order of the ecosystem: final ones, that were not taken back. Of a version that the ecosystem
    // cannot order nobody knows what came after it.
    let family = Family::from_purl_type(purl.purl_type());
    let ordered = |version: &str| {
        let parsed = family.and_then(|is| Version::parse(is.scheme(), version).ok());
        parsed.is_some_and(|is| is.can_bound())
    };
    let after = versions
        .filter(|_| purl.version().is_some_and(ordered))
        .map(|all| offered::later(purl, all.to_vec()));
    let newest = match after.as_deref() {
        Some([.., newest]) => Some(newest.to_string()),
        Some([]) => purl.version().map(str::to_owned),
        None => None,
    };
    let last = newest.as_deref().and_then(published).or(is.last_release);
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let cut = |text: &str| one_line(text).chars().take(TEXT).collect::<String>();
    json!({
        "purl": purl.to_string(),
        "asked": is.asked.to_string(),
        "source": cut(&is.source),
        "published": time(own),
        "last_release": time(last),
        "newest": newest,
        "since": after.as_ref().map(Vec::len),
        "standing": standing,
        "words": cut(words),
        "archived": is.archived,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered_at(version: &str, day: &str, yanked: bool) -> Offered {
        Offered {
            version: version.into(),
            published: format!("{day}T00:00:00Z").parse().ok(),
            yanked: Some(yanked),
            built: None,
        }
    }

    #[test]
    fn what_came_after_a_version_is_counted_without_trials_and_what_was_taken_back() {
        let purl: Purl = "pkg:npm/left@1.0.0".parse().unwrap();
        let asked: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let mut is = Metadata::unknown(purl.clone(), "npm view", asked);
        is.standing = Some(Standing::Deprecated("use\nright".into()));
        is.last_release = "2026-02-09T00:00:00Z".parse().ok();
        let versions = vec![
            offered_at("0.9.0", "2019-01-01", false),
            offered_at("1.0.0", "2020-01-01", false),
            offered_at("1.1.0", "2021-01-01", true),
            offered_at("1.2.0", "2022-01-01", false),
            offered_at("2.0.0", "2023-01-01", false),
            offered_at("3.0.0-beta.1", "2026-02-09", false),
        ];
        let told = told(&purl, Some(&is), Some(&versions));
        assert_eq!(told["published"], "2020-01-01T00:00:00Z");
        assert_eq!((&told["since"], &told["newest"]), (&json!(2), &json!("2.0.0")));
        assert_eq!(told["last_release"], "2023-01-01T00:00:00Z", "of the newest that is no trial");
        assert_eq!(told["standing"], "deprecated");
        assert!(!told["words"].as_str().unwrap().contains('\n'), "{told}");
        assert_eq!(told["archived"], Value::Null);
    }

    #[test]
    fn what_came_after_a_version_that_cannot_be_ordered_is_unknown() {
        let asked: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for purl in ["pkg:pypi/left@2004d", "pkg:npm/left@main"] {
            let purl: Purl = purl.parse().unwrap();
            let is = Metadata::unknown(purl.clone(), "x", asked);
            let told = told(&purl, Some(&is), Some(&[offered_at("2.0.0", "2023-01-01", false)]));
            assert_eq!((&told["since"], &told["newest"]), (&Value::Null, &Value::Null), "{told}");
        }
    }

    #[test]
    fn what_no_registry_tells_is_said_to_be_so() {
        let purl: Purl = "pkg:nuget/left@1.0.0".parse().unwrap();
        assert_eq!(told(&purl, None, None), json!({ "purl": "pkg:nuget/left@1.0.0" }));
        let is = Metadata::unknown(purl.clone(), "x", "2026-03-01T00:00:00Z".parse().unwrap());
        let told = told(&purl, Some(&is), None);
        for unknown in ["published", "last_release", "newest", "since", "standing", "archived"] {
            assert_eq!(told[unknown], Value::Null, "{unknown}");
        }
    }
}
