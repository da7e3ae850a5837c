//! Maven: a byte-exact edit of the pom, then `mvn dependency:tree`, which resolves and runs no phase
//! of a build. Maven loads the extensions that a pom names (from its repository, and none of the
//! project's own); of `.mvn/`, only properties and profiles are copied.

pub(crate) mod parents;

use std::ops::Range;

use trimtab_model::Purl;
use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::xml::{self, Element};
use super::edit::{Edits, Manifests, Uneditable, spliced};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;
use crate::program::Output;
use crate::registry::is_name;

pub(crate) const TOOL: Tool = Tool {
    id: "maven",
    purl_type: "maven",
    scheme: Scheme::Maven,
    programs: &["mvn"],
    install: "Apache Maven 3.6 or later",
    variables: &["MAVEN_", "M2_", "JAVA_"],
    lockfiles: &[],
    manifest: |name| name == POM,
    above: true,
    keep: |path| match path.rsplit('/').next().unwrap_or_default() {
        POM => Keep::Yes,
        "maven.config" if path.ends_with(".mvn/maven.config") => Keep::Part(properties),
        _ => Keep::No,
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[Kind::Raise, Kind::Override],
    moves_all: false,
    code: |_| None,
    // What it chooses is asked afterwards, once: that fails where it cannot resolve.
    lock: |_, _, _| Ok(()),
    blockers,
    asks: None,
    listing: Some(listing),
    settle: None,
};

const POM: &str = "pom.xml";
const TREE: &str = "trimtab-tree.txt";
/// Lines of a tree that are read.
const MOST_LINES: usize = 100_000;

/// Of Maven's own arguments, properties and profiles. One property loads code.
fn properties(text: &str) -> String {
    let keep = |word: &&str| {
        (word.starts_with("-D") && !word.starts_with("-Dmaven.ext")) || word.starts_with("-P")
    };
    text.split_whitespace().filter(keep).map(|word| format!("{word}\n")).collect()
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    match wish.kind {
        Kind::Relock => Err(Uneditable::Unsupported(
            "Maven has no lockfile: transitive versions are chosen by the packages that bring them in".to_owned(),
        )),
        Kind::Override => managed(manifests, wish),
        Kind::Raise | Kind::RaiseParent | Kind::Remove | Kind::Replace => named(manifests, wish),
    }
}

/// Where a pom names packages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What the project asks for.
    Project,
    /// What plugins of its build are given beside what they bring: a version for the project does not reach them.
    Plugins,
}

/// A pom with its elements.
struct Pom<'t> {
    path: &'t str,
    text: &'t str,
    all: Vec<Element>,
}

impl<'t> Pom<'t> {
    fn text_of(&self, of: usize, name: &str) -> Option<(&'t str, Range<usize>)> {
        xml::value(self.text, xml::child(&self.all, of, name)?)
    }

    /// The elements that name a package, by number.
    fn naming<'s>(&'s self, name: &'s str, part: Part) -> impl Iterator<Item = usize> + 's {
        self.all.iter().enumerate().filter_map(move |(number, element)| {
            let last = element.path.rsplit('/').next().unwrap_or_default();
            let fits = match part {
                Part::Project => !element.path.contains("/plugin/"),
                Part::Plugins => element.path.ends_with("/plugin/dependencies/dependency"),
            };
            if !matches!(last, "dependency" | "parent") || !fits {
                return None;
            }
            let (group, _) = self.text_of(number, "groupId")?;
            let (artifact, _) = self.text_of(number, "artifactId")?;
            (format!("{group}:{artifact}") == name).then_some(number)
        })
    }

    /// Where a property is said.
    fn property(&self, name: &str) -> Option<(&'t str, Range<usize>)> {
        let end = format!("/properties/{name}");
        let element = self.all.iter().find(|e| e.path.ends_with(&end))?;
        xml::value(self.text, element)
    }
}

fn poms(manifests: &Manifests) -> Result<Vec<Pom<'_>>, Uneditable> {
    manifests
        .named(|name| name == POM)
        .map(|(path, text)| Ok(Pom { path, text, all: xml::elements(text, path)? }))
        .collect()
}

/// What is to stand where: the number of a pom, a place in it, a text.
type Places = Vec<(usize, Range<usize>, String)>;

/// The version that an element says, with the pom and the place where it stands: a property's, where it names one.
fn version<'t>(
    poms: &[Pom<'t>],
    number: usize,
    at: usize,
) -> Option<(usize, &'t str, Range<usize>)> {
    let (old, place) = poms.get(number)?.text_of(at, "version")?;
    let Some(property) = old.strip_prefix("${").and_then(|p| p.strip_suffix('}')) else {
        return Some((number, old, place));
    };
    poms.iter()
        .enumerate()
        .find_map(|(number, pom)| pom.property(property).map(|(old, place)| (number, old, place)))
}

/// Where plugins are given the version that is to go: of others nothing is known to be wrong.
fn given(poms: &[Pom<'_>], wish: &Wish) -> Places {
    let mut all = Places::new();
    for (number, pom) in poms.iter().enumerate() {
        for at in pom.naming(&wish.name, Part::Plugins) {
            let Some((number, old, place)) = version(poms, number, at) else { continue };
            let is_it = wish.from.as_deref().is_none_or(|from| from == old);
            let order = Scheme::Maven.compare(wish.to(), old);
            if is_it && !order.is_some_and(std::cmp::Ordering::is_lt) {
                all.push((number, place, wish.to().to_owned()));
            }
        }
    }
    all.sort_by_key(|(number, place, _)| (*number, place.start));
    all.dedup();
    all
}

/// Where the project names it; where its version is raised, in what plugins are given too.
fn named(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let poms = poms(manifests)?;
    let mut parts = match wish.kind {
        Kind::Raise | Kind::Override => given(&poms, wish),
        _ => Places::new(),
    };
    // Where it is plugins that have what is to go, the project may have a later one.
    let is_given = !parts.is_empty();
    for (number, pom) in poms.iter().enumerate() {
        for at in pom.naming(&wish.name, Part::Project) {
            if wish.kind == Kind::Remove {
                let line = pom.all.get(at).map(|element| xml::whole_line(pom.text, element));
                parts.extend(line.map(|line| (number, line, String::new())));
                continue;
            }
            if wish.kind == Kind::Replace {
                let (group, artifact) = wish.other().split_once(':').unwrap_or_default();
                for (name, new) in [("groupId", group), ("artifactId", artifact)] {
                    let place = pom.text_of(at, name);
                    parts.extend(place.map(|(_, place)| (number, place, new.to_owned())));
                }
            }
            let Some((number, old, place)) = version(&poms, number, at) else { continue };
            if wish.kind != Kind::Replace
                && Scheme::Maven.compare(wish.to(), old).is_some_and(std::cmp::Ordering::is_lt)
            {
                if is_given {
                    continue;
                }
                return Err(Uneditable::Downgrade(old.to_owned()));
            }
            parts.push((number, place, wish.to().to_owned()));
        }
    }
    parts.sort_by_key(|(number, place, _)| (*number, place.start));
    parts.dedup();
    let mut edits = Edits::none();
    for (number, pom) in poms.iter().enumerate() {
        let own = parts.iter().filter(|(n, ..)| *n == number);
        let own: Vec<_> = own.map(|(_, place, new)| (place.clone(), new.clone())).collect();
        if !own.is_empty() {
            edits.put(pom.path, spliced(pom.text, own), wish, wish.to());
        }
    }
    edits.named()
}

/// A version in `dependencyManagement` of the pom in the tool's folder.
fn managed(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let poms = poms(manifests)?;
    let managed = |pom: &Pom<'_>, at: usize| {
        pom.all.get(at).is_some_and(|e| e.path.contains("dependencyManagement"))
    };
    // What is named without a version has it from elsewhere: to say it here is the way to move it.
    let says = |pom: &Pom<'_>, at: usize| pom.text_of(at, "version").is_some();
    let named_in = |fits: &dyn Fn(&Pom<'_>, usize) -> bool| {
        poms.iter().any(|pom| pom.naming(&wish.name, Part::Project).any(|at| fits(pom, at)))
    };
    if named_in(&|pom, at| !managed(pom, at) && says(pom, at)) {
        return Err(Uneditable::Direct);
    }
    // Nothing that is managed reaches what a plugin is given: that is raised where it stands, and the project's is managed.
    let mut places = given(&poms, wish);
    let is_plugins = wish.from.is_none() && !places.is_empty();
    if named_in(&managed) || is_plugins {
        return named(manifests, wish);
    }
    let here = manifests.here(POM);
    let own = poms.iter().enumerate().find(|(_, pom)| pom.path == here);
    let (number, pom) = own.ok_or(Uneditable::NotNamed)?;
    let (group, artifact) = wish.name.split_once(':').unwrap_or_default();
    let find = |path: &str| pom.all.iter().find(|element| element.path == path);
    let project = find("project").ok_or(Uneditable::NotNamed)?;
    // As the pom's own first child is.
    let step = pom.all.iter().find(|e| e.path.matches('/').count() == 1);
    let step = step.map_or("  ", |element| xml::indent(pom.text, element));
    let end = if pom.text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = |depth: usize, lines: &[(usize, &str)]| -> String {
        lines.iter().map(|(more, l)| format!("{}{l}{end}", step.repeat(depth + more))).collect()
    };
    let tags = [
        format!("<groupId>{group}</groupId>"),
        format!("<artifactId>{artifact}</artifactId>"),
        format!("<version>{}</version>", wish.to()),
    ];
    let [a, b, c] = &tags;
    let dependency: &[(usize, &str)] =
        &[(0, "<dependency>"), (1, a), (1, b), (1, c), (0, "</dependency>")];
    let before_end = |element: &Element| {
        let inner = pom.text.get(..element.inner.end).unwrap_or_default();
        inner.trim_end_matches([' ', '\t']).len()
    };
    let (at, new) = if let Some(all) = find("project/dependencyManagement/dependencies") {
        (before_end(all), lines(3, dependency))
    } else {
        let text = [
            lines(1, &[(0, "<dependencyManagement>"), (1, "<dependencies>")]),
            lines(3, dependency),
            lines(1, &[(1, "</dependencies>"), (0, "</dependencyManagement>")]),
        ];
        let at = match find("project/dependencies") {
            Some(all) => xml::whole_line(pom.text, all).start,
            None => before_end(project),
        };
        (at, text.concat())
    };
    places.push((number, at..at, new));
    let mut edits = Edits::none();
    for (number, pom) in poms.iter().enumerate() {
        let own = places.iter().filter(|(n, ..)| *n == number);
        let own: Vec<_> = own.map(|(_, place, new)| (place.clone(), new.clone())).collect();
        if !own.is_empty() {
            edits.files.insert(pom.path.to_owned(), spliced(pom.text, own));
        }
    }
    Ok(edits)
}

/// What may say versions for the pom in the tool's folder: the parents that are no poms of the project, and the lists of
/// versions (BOMs) that its poms take in, with the versions that they have there.
pub(super) fn managing(manifests: &Manifests) -> Vec<Purl> {
    let Ok(poms) = poms(manifests) else { return Vec::new() };
    let own: Vec<&str> = poms
        .iter()
        .filter_map(|pom| {
            let at = pom.all.iter().position(|element| element.path == "project")?;
            Some(pom.text_of(at, "artifactId")?.0)
        })
        .collect();
    let mut all = Vec::new();
    for pom in &poms {
        for (at, element) in pom.all.iter().enumerate() {
            let is_parent = element.path == "project/parent";
            let imports = element.path == "project/dependencyManagement/dependencies/dependency"
                && pom.text_of(at, "scope").is_some_and(|(scope, _)| scope == "import");
            let text = |name: &str| pom.text_of(at, name).map(|(text, _)| text);
            let (true, Some(group), Some(artifact), Some(version)) =
                (is_parent || imports, text("groupId"), text("artifactId"), text("version"))
            else {
                continue;
            };
            let said = match version.strip_prefix("${").and_then(|p| p.strip_suffix('}')) {
                None => Some(version),
                Some(name) => poms.iter().find_map(|pom| Some(pom.property(name)?.0)),
            };
            let Some(version) = said.filter(|version| !version.contains("${")) else { continue };
            if is_name(group) && is_name(artifact) && !own.contains(&artifact) {
                all.push(Purl::new("maven", Some(group), artifact).with_version(version));
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// The pom of the highest folder above the tool's own that has modules, from there; and the tool's own folder from that.
fn top(manifests: &Manifests) -> Option<(String, String)> {
    let own = &manifests.folder;
    let above = manifests.named(|name| name == POM).filter_map(|(path, text)| {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let rest = match folder {
            "" => own.as_str(),
            folder => own.strip_prefix(folder)?.strip_prefix('/')?,
        };
        (!rest.is_empty() && text.contains("<module>")).then_some(rest)
    });
    let module = above.max_by_key(|rest| rest.len())?;
    Some(("../".repeat(module.split('/').count()) + POM, module.to_owned()))
}

/// What tells the tree; Maven or the project chooses the release of the plugin.
const TELLS: &str = "dependency:tree";
/// The same by a release that wants no module of the project built: what Maven chooses by itself may.
const TELLS_OF_MODULES: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:tree";

/// What is chosen, of every module.
fn listing(drive: &Drive<'_>) -> Result<Vec<Purl>, Reason> {
    let output_file = format!("-DoutputFile={TREE}");
    let rest = ["-B", "-ntp", "-Dstyle.color=never", &output_file, "-DappendOutput=false"];
    // A module that needs another one of the project is resolved with it, from the top.
    let top = top(drive.manifests);
    let with = top.as_ref().map(|(pom, module)| ["-f", pom, "-pl", module, "-am"]);
    let with = with.as_ref().map_or(&[][..], |with| with.as_slice());
    let has_modules = top.is_some() || drive.text(POM).is_some_and(|pom| pom.contains("<module>"));
    let goal = if has_modules { TELLS_OF_MODULES } else { TELLS };
    let run =
        |goal: &str, with: &[&str]| drive.try_run(&[&[goal][..], &rest[..], with].concat(), &[]);
    let says =
        |output: &Output, what: &str| !output.is_well() && drive.words(output).contains(what);
    let mut output = run(goal, with)?;
    // Not every mirror has that release.
    let mut goal = goal;
    if has_modules && says(&output, "PluginResolutionException") {
        goal = TELLS;
        output = run(goal, with)?;
    }
    // A folder that has a pom may be no module of the one above.
    if top.is_some() && says(&output, "in the reactor") {
        output = run(goal, &[])?;
    }
    if !output.is_well() {
        return Err(drive.means(&output));
    }
    let here = drive.scratch.folder();
    let mut all = Vec::new();
    let mut left = MOST_LINES;
    for entry in ignore::WalkBuilder::new(drive.scratch.root()).standard_filters(false).build() {
        let Ok(entry) = entry else { continue };
        if entry.file_name() != TREE {
            continue;
        }
        if !entry.path().starts_with(&here) {
            let _ = std::fs::remove_file(entry.path());
            continue;
        }
        let text = std::fs::read_to_string(entry.path());
        let text = text.map_err(|e| Reason::Scratch(e.to_string()))?;
        let _ = std::fs::remove_file(entry.path());
        for line in text.lines().skip(1) {
            left = left.checked_sub(1).ok_or_else(|| {
                Reason::Failed(format!("its tree has more than {MOST_LINES} lines"))
            })?;
            all.extend(package(line));
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// `|  \- group:artifact:type[:classifier]:version:scope`
fn package(line: &str) -> Option<Purl> {
    let bare = line.trim_start_matches([' ', '|', '+', '\\', '-']);
    let parts: Vec<&str> = bare.split_whitespace().next()?.split(':').collect();
    let ([group, artifact, _, version, _] | [group, artifact, _, _, version, _]) = parts[..] else {
        return None;
    };
    let named = is_name(group) && is_name(artifact) && !version.is_empty();
    named.then(|| Purl::new("maven", Some(group), artifact).with_version(version))
}

/// `Could not find artifact group:left:jar:9 in …` and, when it was asked for before and Maven remembers,
/// `group:left:jar:9 was not found in …`: the project asks for what is not there.
pub(super) fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let artifact = match line.split_once("Could not find artifact ") {
            Some((_, rest)) => rest.split_whitespace().next()?,
            None => line.split_once(" was not found in ")?.0.split_whitespace().next_back()?,
        };
        let parts: Vec<&str> = artifact.split(':').collect();
        let [group, artifact, .., version] = parts[..] else { return None };
        let needs = format!("{group}:{artifact}");
        // Whoever asked for it, ourselves too: that it is not there stands in the way.
        let range = format!("{version}, which no repository has");
        Some(Blocker { who: "the project".to_owned(), needs, range })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_resolved_from_the_top() {
        let of = |folder: &str| {
            let poms = ["pom.xml", "a/pom.xml", "a/b/pom.xml"];
            let text = |path: &str| if path == "a/b/pom.xml" { "" } else { "<module>x</module>" };
            let files = poms.map(|path| (path.to_owned(), text(path).to_owned()));
            top(&Manifests { folder: folder.to_owned(), files: files.into() })
        };
        let both = |pom: &str, module: &str| Some((pom.to_owned(), module.to_owned()));
        assert_eq!(of(""), None);
        assert_eq!(of("a"), both("../pom.xml", "a"));
        assert_eq!(of("a/b"), both("../../pom.xml", "a/b"));
    }

    fn manifests(text: &str) -> Manifests {
        let files = [("pom.xml".to_owned(), text.to_owned())];
        Manifests { folder: String::new(), files: files.into() }
    }

    const MANAGED: &str = "<project>\n  <parent>\n    <groupId>g</groupId>\n    \
        <artifactId>above</artifactId>\n    <version>3</version>\n  </parent>\n  <properties>\n    \
        <left.version>1.2.0</left.version>\n  </properties>\n  <dependencyManagement>\n    \
        <dependencies>\n      <dependency>\n        <groupId>g.left</groupId>\n        \
        <artifactId>left-bom</artifactId>\n        <version>${left.version}</version>\n        \
        <scope>import</scope>\n      </dependency>\n    </dependencies>\n  \
        </dependencyManagement>\n  <dependencies>\n    <dependency>\n      \
        <groupId>g.left</groupId>\n      <artifactId>left</artifactId>\n    </dependency>\n  \
        </dependencies>\n</project>\n";

    #[test]
    fn parents_and_lists_of_versions_say_versions() {
        let all = managing(&manifests(MANAGED));
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["pkg:maven/g/above@3", "pkg:maven/g.left/left-bom@1.2.0"]);
        // One of the project's own, and one whose version is not said here.
        let own = "<project><artifactId>above</artifactId><parent><groupId>g</groupId>\
            <artifactId>above</artifactId><version>3</version></parent></project>";
        assert!(managing(&manifests(own)).is_empty());
        let unsaid = MANAGED.replace("<left.version>1.2.0</left.version>", "");
        assert_eq!(managing(&manifests(&unsaid)).len(), 1);
    }

    #[test]
    fn what_is_named_without_a_version_is_managed_here() {
        let package: Purl = "pkg:maven/g.left/left@1.2.0".parse().unwrap();
        let wish = |proposal| Wish::read(&proposal, &TOOL).unwrap();
        let force = wish(trimtab_model::Proposal::Override { package, to: "1.2.9".into() });
        let edits = edit(&manifests(MANAGED), &force).unwrap();
        let text = &edits.files["pom.xml"];
        let said = "    </dependency>\n      <dependency>\n";
        let new = "      <dependency>\n        <groupId>g.left</groupId>\n        \
            <artifactId>left</artifactId>\n        <version>1.2.9</version>\n      </dependency>\n    \
            </dependencies>\n  </dependencyManagement>";
        assert!(text.contains(new), "{text}");
        assert_eq!(text.lines().count(), MANAGED.lines().count() + 5, "{said}{text}");
        // Where it has a version of its own, it is raised.
        let own = MANAGED.replace(
            "<artifactId>left</artifactId>",
            "<artifactId>left</artifactId><version>1</version>",
        );
        assert!(matches!(edit(&manifests(&own), &force), Err(Uneditable::Direct)));
    }

    #[test]
    fn what_plugins_are_given_is_raised_where_it_is_what_is_to_go() {
        let given = "<project>\n  <build>\n    <plugins>\n      <plugin>\n        \
            <dependencies>\n          <dependency>\n            <groupId>g</groupId>\n            \
            <artifactId>left</artifactId>\n            <version>3.0.0</version>\n          \
            </dependency>\n        </dependencies>\n      </plugin>\n    </plugins>\n  \
            </build>\n</project>\n";
        let own = "  <dependencies>\n    <dependency>\n      <groupId>g</groupId>\n      \
            <artifactId>left</artifactId>\n      <version>4.0.0</version>\n    </dependency>\n  \
            </dependencies>\n</project>";
        let both = given.replace("</project>", own);
        let package = |from: &str| -> Purl { format!("pkg:maven/g/left@{from}").parse().unwrap() };
        let done = |text: &str, proposal: &trimtab_model::Proposal| {
            let edits = edit(&manifests(text), &Wish::read(proposal, &TOOL).unwrap());
            edits.map(|edits| edits.files["pom.xml"].clone())
        };
        let raise = |from: &str, to: &str| trimtab_model::Proposal::Raise {
            package: package(from),
            to: to.into(),
        };
        let force = |from: &str, to: &str| trimtab_model::Proposal::Override {
            package: package(from),
            to: to.into(),
        };
        // The project's is later than what the plugin is to have.
        let text = done(&both, &raise("3.0.0", "3.0.7")).unwrap();
        assert_eq!(text, both.replace("3.0.0", "3.0.7"));
        let same = both.replace("4.0.0", "3.0.0");
        let text = done(&same, &raise("3.0.0", "3.0.7")).unwrap();
        assert_eq!(text, same.replace("3.0.0", "3.0.7"));
        // What the project has from others is managed, whatever a plugin is given.
        let text = done(given, &force("2.0.0", "2.0.9")).unwrap();
        assert!(text.contains("<version>3.0.0</version>"), "{text}");
        assert!(text.contains("<dependencyManagement>") && text.contains("2.0.9"), "{text}");
        let text = done(given, &force("3.0.0", "3.0.7")).unwrap();
        assert_eq!(text.matches("<version>3.0.7</version>").count(), 2, "{text}");
        assert!(matches!(done(given, &raise("2.0.0", "2.0.9")), Err(Uneditable::NotNamed)));
    }

    #[test]
    fn what_is_not_there_is_named_whether_it_was_asked_for_before_or_not() {
        let first = "[ERROR] Failed to execute goal: Could not find artifact \
            org.example:left:jar:9.0 in central (https://registry.example)";
        let again = "[ERROR] Could not resolve dependencies for project org.example:demo:jar:1.0.0: \
            org.example:left:jar:9.0 was not found in https://registry.example during a previous attempt.";
        for text in [first, again] {
            let all: Vec<String> = blockers(text).iter().map(ToString::to_string).collect();
            assert_eq!(
                all,
                ["`the project` requires `org.example:left 9.0, which no repository has`"],
                "{text}"
            );
        }
        assert!(blockers("[INFO] BUILD SUCCESS\nit was not found in time").is_empty());
    }
}
