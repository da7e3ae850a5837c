//! Maven: the dependency plugin that the user's Maven has, in a scratch project that asks for one
//! package, so that no code of any package runs; then the poms that Maven has just kept in its local
//! repository. Maven tells no dates of versions: its lists say when they were changed, which no version in them is younger
//! than.

mod pom;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::closure::Closure;
use super::run::{Output, Runner};
use super::versions::Offered;
use super::{Client, Failure, Question, is_name, is_version, small_file};

pub(crate) const CLIENT: Client = Client {
    purl_type: "maven",
    program: "mvn",
    install: "Apache Maven 3.6 or later",
    variables: &["MAVEN_", "M2_"],
    files: &[".m2/settings.xml", ".mavenrc"],
    ask,
    resolve,
    versions: offered,
};

/// How Maven is run: no questions, no colours, and told where its local repository is (`-X`).
const PLAIN: &[&str] = &["-B", "-X", "-ntp", "-Dstyle.color=never"];
/// Where Maven writes what depends on what.
const TREE: &str = "tree.txt";
/// Lines of it that are read.
const MOST_LINES: usize = 20_000;
/// Parents of a pom that are looked at.
const MOST_PARENTS: usize = 16;
/// Files of one package's folder that are looked at.
const MOST_FILES: usize = 1_000;

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    let (group, artifact) = coordinates(question.purl)?;
    // The newest is asked for in any case: it makes Maven fetch the list of versions.
    let newest = format!("-Dartifact={group}:{artifact}:RELEASE:pom");
    let get = run(runner, &["dependency:get", "-Dtransitive=false", &newest])?;
    let Lists { versions, all } = match local_repository(&get) {
        Some(repository) if get.is_well() => lists(&repository, group, artifact),
        _ => Lists::default(),
    };
    let Some(version) = question.version.or_else(|| newest_of(&versions)) else {
        return Err(refused(&get));
    };
    let (repository, tree) = tree(group, artifact, version, runner)?;
    let mut m = question.unknown(version, "mvn dependency:tree and its poms");
    m.versions = u32::try_from(versions.len()).ok().filter(|n| *n > 0);
    m.published_by = published_by(&all, version);
    m.newest = m.published_by.map(|_| newest_of(&versions) == Some(version));
    let chain = chain(&repository, group, artifact, version);
    m.licence = licence(&chain);
    m.repository = chain.iter().find_map(|pom| pom.scm.clone()).map(Into::into);
    m.standing = chain.first().map(|pom| match &pom.relocation {
        Some(to) => {
            let group = to.group.as_deref().unwrap_or(group);
            let artifact = to.artifact.as_deref().unwrap_or(artifact);
            Standing::Deprecated(format!("it moved to {group}:{artifact}").into())
        }
        None => Standing::Offered,
    });
    // What is resolved is unpacked by nobody.
    m.install_scripts = Some(false);
    let direct = tree.iter().filter(|(depth, _)| *depth == 2);
    m.dependencies = Some(
        direct
            .map(|(_, purl)| Requirement {
                package: purl.package(),
                versions: purl.version().unwrap_or_default().into(),
            })
            .collect(),
    );
    Ok(m)
}

/// Every version in the lists that Maven keeps, after it has brought them up to date.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    let (group, artifact) = coordinates(question.purl)?;
    let newest = format!("-Dartifact={group}:{artifact}:RELEASE:pom");
    let get = run(runner, &["dependency:get", "-Dtransitive=false", &newest])?;
    match local_repository(&get) {
        Some(repository) if get.is_well() => Ok(lists(&repository, group, artifact)
            .versions
            .iter()
            .map(|version| Offered::untold(version))
            .collect()),
        _ => Err(refused(&get)),
    }
}

fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    let (group, artifact) = coordinates(question.purl)?;
    let (repository, tree) = tree(group, artifact, version, runner)?;
    let mut closure = question.closure("mvn dependency:tree");
    let one = |(_, purl): (usize, Purl)| Brought {
        licence: purl
            .namespace()
            .zip(purl.version())
            .and_then(|(group, version)| licence(&chain(&repository, group, purl.name(), version))),
        install_scripts: Some(false),
        purl,
    };
    closure.packages = tree.into_iter().map(one).collect();
    Ok(closure)
}

fn coordinates(purl: &Purl) -> Result<(&str, &str), Failure> {
    match purl.namespace() {
        Some(group) if !group.contains('/') => Ok((group, purl.name())),
        _ => Err(Failure::Refused(
            "a package has a group and a name, as in pkg:maven/org.example/library".to_owned(),
        )),
    }
}

fn run(runner: &Runner, arguments: &[&str]) -> Result<Output, Failure> {
    // Maven looks for this folder, and for code in it, in the folders above too.
    std::fs::create_dir_all(runner.folder().join(".mvn"))
        .map_err(|e| Failure::Run(e.to_string()))?;
    runner.run(&[PLAIN, arguments].concat(), &[])
}

/// The archive of a package, as Maven has fetched it.
pub(super) fn jar(question: &Question<'_>, runner: &Runner) -> Result<PathBuf, Failure> {
    let (group, artifact) = coordinates(question.purl)?;
    let version = question.version.unwrap_or_default();
    let wanted = format!("-Dartifact={group}:{artifact}:{version}:jar");
    let get = run(runner, &["dependency:get", "-Dtransitive=false", &wanted])?;
    match local_repository(&get).filter(|_| get.is_well()) {
        Some(repository) => folder(&repository, group, artifact)
            .map(|folder| folder.join(version).join(format!("{artifact}-{version}.jar")))
            .filter(|path| path.is_file())
            .ok_or_else(|| Failure::Garbage("there is no archive where Maven keeps it".to_owned())),
        None => Err(refused(&get)),
    }
}

/// What a package brings: depth (itself has 1) and package, and where the local repository is.
fn tree(
    group: &str,
    artifact: &str,
    version: &str,
    runner: &Runner,
) -> Result<(PathBuf, Vec<(usize, Purl)>), Failure> {
    // Of type `pom`, so that its own archive is not fetched, and parents and BOMs can be asked for.
    // Names and versions have nothing that XML would escape; `is_name` saw to that.
    let project = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>trimtab</groupId>\
         <artifactId>scratch</artifactId><version>0</version><packaging>pom</packaging>\
         <dependencies><dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
         <version>{version}</version><type>pom</type></dependency></dependencies></project>\n"
    );
    runner.write("pom.xml", &project)?;
    let output_file = format!("-DoutputFile={TREE}");
    let output = run(runner, &["dependency:tree", &output_file])?;
    if !output.is_well() {
        return Err(refused(&output));
    }
    let repository = local_repository(&output)
        .ok_or_else(|| Failure::Garbage("it does not say where its repository is".to_owned()))?;
    let text = runner.read(TREE)?;
    let lines: Vec<&str> = text.lines().skip(1).take(MOST_LINES + 1).collect();
    if lines.len() > MOST_LINES {
        return Err(Failure::Garbage(format!("more than {MOST_LINES} packages are in it")));
    }
    let lines: Option<Vec<_>> = lines.into_iter().map(line).collect();
    let lines = lines.filter(|all| !all.is_empty());
    Ok((
        repository,
        lines.ok_or_else(|| Failure::Garbage("a line of its tree is not a package".to_owned()))?,
    ))
}

/// `|  \- group:artifact:type[:classifier]:version:scope`
fn line(text: &str) -> Option<(usize, Purl)> {
    let bare = text.trim_start_matches([' ', '|', '+', '\\', '-']);
    let depth = (text.len() - bare.len()) / 3;
    let coordinates = bare.split_whitespace().next()?;
    let parts: Vec<&str> = coordinates.split(':').collect();
    let ([group, artifact, _, version, _] | [group, artifact, _, _, version, _]) = parts[..] else {
        return None;
    };
    let named = is_name(group) && is_name(artifact) && !version.is_empty();
    named.then(|| (depth, Purl::new("maven", Some(group), artifact).with_version(version)))
}

/// Maven complains in its output, under a heading of its own.
fn refused(output: &Output) -> Failure {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = text.lines().find_map(|l| l.strip_prefix("[ERROR] ")).map(|l| {
        let l = l.split(" -> [Help").next().unwrap_or(l);
        let l = l.split_once("trimtab:scratch:pom:0: ").map_or(l, |(_, rest)| rest);
        l.chars().filter(|c| !c.is_control()).take(300).collect::<String>()
    });
    Failure::Refused(said.unwrap_or_else(|| output.complaint()))
}

fn local_repository(output: &Output) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text.lines().find_map(|l| l.split_once("Using local repository at "))?.1.trim();
    Some(PathBuf::from(path)).filter(|path| path.is_absolute())
}

/// The folder of a package in the local repository.
fn folder(repository: &Path, group: &str, artifact: &str) -> Option<PathBuf> {
    if !is_name(group) || !is_name(artifact) || [group, artifact].iter().any(|t| t.contains('/')) {
        return None;
    }
    Some(repository.join(group.replace('.', "/")).join(artifact))
}

/// The pom of a version and its parents, as far as Maven kept them.
fn chain(repository: &Path, group: &str, artifact: &str, version: &str) -> Vec<pom::Pom> {
    let mut chain = Vec::new();
    let mut next = Some((group.to_owned(), artifact.to_owned(), version.to_owned()));
    while let Some((group, artifact, version)) = next.take()
        && chain.len() < MOST_PARENTS
    {
        let Some(folder) = folder(repository, &group, &artifact).filter(|_| is_version(&version))
        else {
            break;
        };
        let file = folder.join(&version).join(format!("{artifact}-{version}.pom"));
        let Some(read) = small_file(&file).and_then(|bytes| pom::read(&bytes)) else { break };
        next = read.parent.clone();
        chain.push(read);
    }
    chain
}

/// Of the nearest pom that states any; several are a choice.
fn licence(chain: &[pom::Pom]) -> Option<Licence> {
    let stated = &chain.iter().find(|pom| !pom.licences.is_empty())?.licences;
    // A property that is filled in elsewhere names no licence.
    if stated.iter().any(|name| name.contains("${")) {
        return None;
    }
    let read: Vec<Licence> = stated.iter().map(|name| Licence::read(name)).collect();
    let all: Vec<String> = read
        .iter()
        .map(|l| match l {
            Licence::Expression(text) if read.len() > 1 => format!("({text})"),
            other => other.as_str().to_owned(),
        })
        .collect();
    Some(Licence::read(&all.join(" OR ")))
}

/// What repositories list of a package.
#[derive(Default)]
struct Lists {
    /// Every version, in their order.
    versions: Vec<String>,
    /// Each list.
    all: Vec<pom::List>,
}

fn lists(repository: &Path, group: &str, artifact: &str) -> Lists {
    let Some(folder) = folder(repository, group, artifact) else { return Lists::default() };
    let mut lists = Lists::default();
    for file in std::fs::read_dir(folder).into_iter().flatten().take(MOST_FILES).flatten() {
        let name = file.file_name();
        let is_list = name.to_str().is_some_and(|n| {
            n.starts_with("maven-metadata-") && n.ends_with(".xml") && !n.contains("-local.")
        });
        let read = is_list.then(|| pom::list(&small_file(&file.path())?)).flatten();
        let Some(mut list) = read else { continue };
        list.versions.retain(|version| is_version(version));
        for version in &list.versions {
            if !lists.versions.contains(version) {
                lists.versions.push(version.clone());
            }
        }
        lists.all.push(list);
    }
    lists
}

/// When a version was published at the latest: it was in a list when that was changed last. Of several lists, which may be
/// of several repositories, the one that was changed last. `None`: one of them does not say.
fn published_by(lists: &[pom::List], version: &str) -> Option<Timestamp> {
    let has = lists.iter().filter(|list| list.versions.iter().any(|own| own == version));
    let times: Option<Vec<Timestamp>> = has.map(|list| list.changed).collect();
    times?.into_iter().max()
}

/// The newest that is no preview, or else the newest.
fn newest_of(versions: &[String]) -> Option<&str> {
    const PREVIEWS: &[&str] =
        &["alpha", "beta", "rc", "cr", "snapshot", "-m", ".m", "preview", "ea"];
    let preview = |v: &&String| PREVIEWS.iter().any(|word| v.to_lowercase().contains(word));
    let order = |a: &&String, b: &&String| {
        trimtab_model::Family::Maven.compare(a, b).unwrap_or(std::cmp::Ordering::Equal)
    };
    let finished = versions.iter().filter(|v| !preview(v)).max_by(order);
    finished.or_else(|| versions.iter().max_by(order)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_tree() {
        let read = |text| line(text).map(|(depth, purl)| (depth, purl.to_string()));
        let is = |depth, purl: &str| Some((depth, purl.to_owned()));
        assert_eq!(read(r"\- org.x:a:pom:1.0:compile"), is(1, "pkg:maven/org.x/a@1.0"));
        assert_eq!(
            read(r"   |  \- org.x:b:jar:linux:2:runtime (optional) "),
            is(3, "pkg:maven/org.x/b@2")
        );
        for bad in ["", "x", r"\- a:b", r"\- ../x:b:jar:1:compile", r"\- a:$(b):jar:1:compile"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_version_is_no_younger_than_a_list_that_has_it() {
        let list = |changed: &str| {
            let text = format!(
                "<metadata><versioning><release>2.0</release><versions><version>1.0</version>\
                 <version>2.0</version></versions>{changed}</versioning></metadata>"
            );
            pom::list(text.as_bytes()).unwrap()
        };
        let at = |text: &str| list(&format!("<lastUpdated>{text}</lastUpdated>"));
        let (older, newer) = (at("20250102030405"), at("20260102030405"));
        let told = |lists: &[pom::List], version| {
            published_by(lists, version).map(|at| at.to_string()).unwrap_or_default()
        };
        assert_eq!(told(&[older], "2.0"), "2025-01-02T03:04:05Z");
        assert_eq!(told(&[at("20250102030405"), newer], "1.0"), "2026-01-02T03:04:05Z");
        assert_eq!(told(&[at("20250102030405")], "3.0"), "", "no list has it");
        for bad in ["2025", "2025010203040x", "20251302030405", ""] {
            assert_eq!(told(&[at(bad)], "1.0"), "", "{bad}");
            assert_eq!(told(&[at("20250102030405"), at(bad)], "1.0"), "", "{bad}");
        }
        assert_eq!(told(&[list("")], "1.0"), "");
    }

    #[test]
    fn the_newest_is_no_preview() {
        let all = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(newest_of(&all(&["2.9", "2.10", "3.0-beta1"])), Some("2.10"));
        assert_eq!(newest_of(&all(&["3.0-beta1", "3.0-alpha2"])), Some("3.0-beta1"));
        assert_eq!(newest_of(&[]), None);
    }

    #[test]
    fn licences_come_from_the_nearest_pom_that_states_any() {
        let pom = |licences: &[&str]| pom::Pom {
            licences: licences.iter().map(|l| (*l).to_owned()).collect(),
            ..pom::Pom::default()
        };
        let told = |chain: &[pom::Pom]| licence(chain).map(|l| l.as_str().to_owned());
        assert_eq!(told(&[pom(&[]), pom(&["MIT"]), pom(&["Apache-2.0"])]).as_deref(), Some("MIT"));
        assert_eq!(told(&[pom(&["MIT", "EPL-2.0"])]).as_deref(), Some("MIT OR EPL-2.0"));
        assert_eq!(told(&[pom(&["${licence}"])]), None);
        assert_eq!(told(&[]), None);
    }
}
