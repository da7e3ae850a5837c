//! Parents of poms in other folders of the project: `<relativePath>../parent/pom.xml</relativePath>`.

use std::collections::BTreeMap;

use super::POM;
use super::xml;

/// Where Maven looks for a parent if a pom does not say.
const USUAL: &str = "../pom.xml";

/// Takes in the poms that those of a project name as their parents, and the parents of these, wherever in the tree they lie.
pub(crate) fn take_in(files: &mut BTreeMap<String, String>, all: &BTreeMap<String, Vec<u8>>) {
    let is_pom = |path: &str| path.rsplit('/').next() == Some(POM);
    let mut waiting: Vec<String> = files.keys().filter(|path| is_pom(path)).cloned().collect();
    while let Some(path) = waiting.pop() {
        let Some(parent) = files.get(&path).and_then(|text| parent(&path, text)) else { continue };
        if files.contains_key(&parent) {
            continue;
        }
        let text = all.get(&parent).and_then(|bytes| std::str::from_utf8(bytes).ok());
        if let Some(text) = text {
            files.insert(parent.clone(), text.to_owned());
            waiting.push(parent);
        }
    }
}

/// The path at which a pom says that its parent is. `None`: it has none, or only one that is published.
fn parent(path: &str, text: &str) -> Option<String> {
    if !text.contains("<parent>") {
        return None;
    }
    let all = xml::elements(text, path).ok()?;
    let at = all.iter().position(|element| element.path == "project/parent")?;
    let relative = match xml::child(&all, at, "relativePath") {
        Some(element) => xml::value(text, element)?.0,
        None => USUAL,
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let found = joined(folder, relative)?;
    // A folder stands for the pom in it.
    match found.rsplit('/').next() {
        Some(POM) => Some(found),
        Some("") | None => Some(POM.to_owned()),
        Some(_) => Some(format!("{found}/{POM}")),
    }
}

/// A path below a folder, without `.` and `..`. `None`: it leads out of the tree.
fn joined(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use trimtab_model::Proposal;

    use super::super::super::edit::Manifests;
    use super::super::super::proposal::Wish;
    use super::super::{TOOL, managing};
    use super::*;

    fn pom(name: &str, rest: &str) -> Vec<u8> {
        format!("<project>\n<artifactId>{name}</artifactId>\n{rest}\n</project>\n").into_bytes()
    }

    fn child(of: &str, relative: &str) -> String {
        format!(
            "<parent><groupId>g</groupId><artifactId>{of}</artifactId><version>1</version>{relative}</parent>"
        )
    }

    #[test]
    fn a_parent_beside_a_module_says_versions() {
        let left = "<dependency><groupId>g</groupId><artifactId>left</artifactId>";
        let managed = format!(
            "<properties><left.version>1.2.0</left.version></properties>\n<dependencyManagement><dependencies>\
             {left}<version>${{left.version}}</version></dependency></dependencies></dependencyManagement>"
        );
        let above = child("base", "<relativePath>../other/base</relativePath>");
        let beside = child("parent", "<relativePath>../parent/pom.xml</relativePath>");
        let named = format!("{beside}<dependencies>{left}</dependency></dependencies>");
        let all: BTreeMap<String, Vec<u8>> = [
            ("pom.xml", pom("all", "<modules><module>core</module></modules>")),
            ("core/pom.xml", pom("core", &named)),
            ("parent/pom.xml", pom("parent", &format!("{above}{managed}"))),
            ("other/base/pom.xml", pom("base", &child("away", "<relativePath/>"))),
            ("web/pom.xml", pom("web", &beside)),
        ]
        .map(|(path, text)| (path.to_owned(), text))
        .into();
        let manifests = Manifests::of(&TOOL, "core", &all);
        let paths: Vec<&str> = manifests.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["core/pom.xml", "other/base/pom.xml", "parent/pom.xml", "pom.xml"]);
        let package = "pkg:maven/g/left@1.2.0".parse().unwrap();
        let raise = Proposal::Raise { package, to: "1.2.9".into() };
        let edits = (TOOL.edit)(&manifests, &Wish::read(&raise, &TOOL).unwrap()).unwrap();
        let changed: Vec<&str> = edits.files.keys().map(String::as_str).collect();
        assert_eq!(changed, ["parent/pom.xml"]);
        assert!(edits.files["parent/pom.xml"].contains("<left.version>1.2.9</left.version>"));
        // Poms of the project are looked up in no registry.
        let away: Vec<String> = managing(&manifests).iter().map(ToString::to_string).collect();
        assert_eq!(away, ["pkg:maven/g/away@1"]);
    }

    #[test]
    fn parents_are_where_poms_say() {
        let at = |path: &str, relative: &str| {
            parent(path, &format!("<project>{}</project>", child("a", relative)))
        };
        assert_eq!(at("a/b/pom.xml", "").as_deref(), Some("a/pom.xml"));
        assert_eq!(at("a/pom.xml", "").as_deref(), Some("pom.xml"));
        let told = |path: &str| format!("<relativePath> {path} </relativePath>");
        assert_eq!(at("a/pom.xml", &told("../b")).as_deref(), Some("b/pom.xml"));
        assert_eq!(at("a/pom.xml", &told("..")).as_deref(), Some("pom.xml"));
        assert_eq!(at("a/pom.xml", &told("../../b/pom.xml")), None);
        assert_eq!(at("pom.xml", ""), None);
        assert_eq!(at("a/pom.xml", "<relativePath/>"), None);
    }
}
