//! Under which names sources load what a package holds, where those are not its own: the modules of a wheel, the packages of
//! a jar. The archive is fetched by the ecosystem's own client and only looked into.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use trimtab_model::{Diagnostic, Purl};

use super::run::Runner;
use super::{Failure, Options, Question, maven, offline, pypi, question, told, unavailable};

/// Entries of an archive that are looked at, and names that are told.
const MOST: (usize, usize) = (200_000, 200);

/// What a package holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The names, each the beginning of what sources say.
    pub names: Vec<String>,
    /// Why it may be loaded without any of them.
    pub otherwise: Option<&'static str>,
}

/// What a package at its version holds. Of PyPI and Maven.
///
/// # Errors
/// Why that is not known, and what helps.
pub fn contents(purl: &Purl, options: &Options) -> Result<Contents, Box<Diagnostic>> {
    let unknown = |(why, help): (String, String)| {
        Box::new(unavailable(&format!("the contents of {purl} are unknown: {why}"), help))
    };
    let (client, question) = question(purl, options).map_err(&unknown)?;
    if options.offline {
        return Err(unknown(offline()));
    }
    let answer = Runner::new(client.program, options).and_then(|runner| look(&question, &runner));
    answer.map_err(|failure| unknown(told(client, &failure, options)))
}

fn look(question: &Question<'_>, runner: &Runner) -> Result<Contents, Failure> {
    match question.purl.purl_type() {
        "pypi" => Ok(of_wheel(&entries(&pypi::wheel(question, runner)?)?)),
        "maven" => Ok(of_jar(&entries(&maven::jar(question, runner)?)?)),
        _ => Err(Failure::Refused("its packages carry their own names".to_owned())),
    }
}

/// The names and sizes of the files in an archive.
fn entries(path: &Path) -> Result<Vec<(String, u64)>, Failure> {
    let garbage = |e: &dyn std::fmt::Display| Failure::Garbage(format!("its archive: {e}"));
    let file = File::open(path).map_err(|e| garbage(&e))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| garbage(&e))?;
    if archive.len() > MOST.0 {
        return Err(garbage(&"it has too many files"));
    }
    let mut all = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|e| garbage(&e))?;
        if !entry.is_dir() {
            let name = entry.name().map_err(|e| garbage(&e))?;
            all.push((name.replace('\\', "/"), entry.size()));
        }
    }
    Ok(all)
}

fn of_wheel(entries: &[(String, u64)]) -> Contents {
    let mut names = BTreeSet::new();
    let mut otherwise = None;
    for (path, size) in entries {
        let (first, rest) = path.split_once('/').map_or((&**path, None), |(f, r)| (f, Some(r)));
        if first.ends_with(".dist-info") {
            let enters = rest == Some("entry_points.txt") && *size > 0;
            otherwise = otherwise.or(enters.then_some("it is found by its entry points"));
            continue;
        }
        if first.ends_with(".data") {
            otherwise = otherwise.or(Some("it brings files beside its modules"));
            continue;
        }
        if path.ends_with(".pth") {
            otherwise = otherwise.or(Some("Python loads it whenever it starts"));
            continue;
        }
        let name = match rest {
            // Libraries that modules of it load.
            Some(_) if first.contains('.') => continue,
            Some(_) => first,
            // `left.py`, `left.cpython-311-x86_64-linux-gnu.so`.
            None => first.split('.').next().unwrap_or_default(),
        };
        if !name.is_empty() {
            names.insert(name.to_owned());
        }
    }
    ended(names, otherwise)
}

fn of_jar(entries: &[(String, u64)]) -> Contents {
    let mut folders = BTreeSet::new();
    let mut otherwise = None;
    for (path, _) in entries {
        let path = match path.strip_prefix("META-INF/versions/").and_then(|p| p.split_once('/')) {
            Some((_, rest)) => rest,
            None => path,
        };
        if let Some(class) = path.strip_suffix(".class") {
            match class.rsplit_once('/') {
                Some((folder, _)) => drop(folders.insert(folder.replace('/', "."))),
                // A description of the module; a class without a package cannot be imported by one that has it.
                None if class == "module-info" => {}
                None => otherwise = otherwise.or(Some("it has classes without a package")),
            }
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
        let is_told = path.starts_with("META-INF/maven/")
            || path == "META-INF/MANIFEST.MF"
            || ["LICENSE", "NOTICE", "DEPENDENCIES", "README"].iter().any(|n| name.starts_with(n));
        if !is_told {
            otherwise = otherwise.or(Some("it brings files that are found by their names"));
        }
    }
    // What lies in another is named with it.
    let is_within = |folder: &String| {
        folder
            .match_indices('.')
            .any(|(at, _)| folder.get(..at).is_some_and(|o| folders.contains(o)))
    };
    let names = folders.iter().filter(|folder| !is_within(folder)).cloned().collect();
    ended(names, otherwise)
}

fn ended(names: BTreeSet<String>, otherwise: Option<&'static str>) -> Contents {
    let none = names.is_empty().then_some("it holds nothing that sources could name");
    let many = (names.len() > MOST.1).then_some("it holds too much to be searched for");
    Contents {
        names: names.into_iter().take(MOST.1).collect(),
        otherwise: otherwise.or(none).or(many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(read: fn(&[(String, u64)]) -> Contents, paths: &[&str]) -> (Vec<String>, bool) {
        let entries: Vec<(String, u64)> = paths.iter().map(|p| ((*p).to_owned(), 1)).collect();
        let contents = read(&entries);
        (contents.names, contents.otherwise.is_some())
    }

    #[test]
    fn modules_of_a_wheel_are_told() {
        let info = "left-1.0.dist-info/RECORD";
        for (paths, names, otherwise) in [
            (&[info, "yaml/__init__.py", "_yaml/__init__.py"][..], &["_yaml", "yaml"][..], false),
            (&[info, "six.py", "left.libs/liba.so"], &["six"], false),
            (&[info, "fast.cpython-311-x86_64-linux-gnu.so"], &["fast"], false),
            (&[info, "a/b.py", "left-1.0.dist-info/entry_points.txt"], &["a"], true),
            (&[info, "a/b.py", "left-1.0.data/scripts/run"], &["a"], true),
            (&[info, "a/b.py", "a-nspkg.pth"], &["a"], true),
            (&[info], &[], true),
        ] {
            assert_eq!(
                of(of_wheel, paths),
                (names.iter().map(|n| (*n).to_owned()).collect(), otherwise)
            );
        }
    }

    #[test]
    fn packages_of_a_jar_are_told() {
        let manifest = "META-INF/MANIFEST.MF";
        for (paths, names, otherwise) in [
            (
                &[manifest, "org/a/A.class", "org/a/b/B.class", "META-INF/LICENSE.txt"][..],
                &["org.a"][..],
                false,
            ),
            (&[manifest, "org/a/A.class", "org/ab/B.class"], &["org.a", "org.ab"], false),
            (&["META-INF/versions/9/module-info.class", "org/a/A.class"], &["org.a"], false),
            (&["org/a/A.class", "META-INF/services/java.sql.Driver"], &["org.a"], true),
            (&["org/a/A.class", "META-INF/spring.factories"], &["org.a"], true),
            (&["org/a/A.class", "A.class"], &["org.a"], true),
            (&[manifest], &[], true),
        ] {
            assert_eq!(
                of(of_jar, paths),
                (names.iter().map(|n| (*n).to_owned()).collect(), otherwise)
            );
        }
    }
}
