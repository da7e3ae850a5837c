//! What Dockerfiles start from and how that is raised, out of the cases of the corpus; and a whole confirmation by documents.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use trimtab_connect::update::image::{Image, raised, starts};
use trimtab_connect::update::{
    Bounds, Extent, Options, Proposal, Reason, Scratch, Tool, confirm, listing,
};

#[derive(serde::Deserialize)]
struct Case {
    /// The file in the folder.
    file: String,
    /// What its stages start from, as `line reference`; with `*` what is shipped.
    starts: Vec<String>,
    #[serde(default)]
    raise: Vec<Raise>,
}

#[derive(serde::Deserialize)]
struct Raise {
    image: String,
    from: String,
    to: String,
    /// The lines that differ, as they are after it.
    lines: Option<Vec<String>>,
    /// Why there is no edit.
    refused: Option<String>,
}

#[derive(serde::Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[test]
fn nothing_but_the_tag_changes() {
    let folder = trimtab_testkit::repository().join("corpus/images");
    let cases: Cases =
        toml::from_str(&fs::read_to_string(folder.join("cases.toml")).unwrap()).unwrap();
    for case in cases.case {
        let text = fs::read_to_string(folder.join(&case.file)).unwrap();
        let told = starts(&text)
            .into_iter()
            .map(|start| format!("{}{} {start}", if start.shipped { "*" } else { "" }, start.line));
        assert_eq!(told.collect::<Vec<_>>(), case.starts, "{}", case.file);
        for raise in case.raise {
            let what = format!("{}: {} {} to {}", case.file, raise.image, raise.from, raise.to);
            match raised(&text, &raise.image, &raise.from, &raise.to) {
                Ok(Some(after)) => {
                    let (a, b): (Vec<&str>, Vec<&str>) =
                        (text.split('\n').collect(), after.split('\n').collect());
                    assert_eq!(a.len(), b.len(), "{what}");
                    let differ: Vec<&str> =
                        a.iter().zip(&b).filter(|(a, b)| a != b).map(|(_, b)| *b).collect();
                    assert_eq!(
                        Some(differ),
                        raise.lines.as_ref().map(|l| l.iter().map(|l| &**l).collect()),
                        "{what}"
                    );
                }
                Ok(None) => assert_eq!(raise.lines, Some(Vec::new()), "{what}"),
                Err(why) => {
                    let expected = raise.refused.unwrap_or_default();
                    assert!(!expected.is_empty() && why.contains(&expected), "{what}: {why}");
                }
            }
        }
    }
}

fn base(folder: &Path) -> Scratch {
    let tool = Tool::by_id("dockerfile").unwrap();
    let extent = Extent::Resolver;
    Scratch::copy(folder, Path::new(""), tool, extent, Bounds::of(extent), None).unwrap()
}

#[test]
fn what_an_image_holds_is_what_its_document_tells() {
    let folder = tempfile::tempdir().unwrap();
    let text = "# syntax=docker/dockerfile:1\nFROM debian:12.1 AS base # no comment\nRUN true\n";
    fs::write(folder.path().join("Dockerfile"), text).unwrap();
    // One in another folder is another's.
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/Dockerfile"), "FROM alpine:3.20\n").unwrap();
    let purl = |text: &str| text.parse().unwrap();
    let image = |tag: &str, version: &str| {
        let packages = vec![purl(&format!("pkg:deb/debian/openssl@{version}"))];
        Image::of(&format!("debian:{tag}"), packages).unwrap()
    };
    let images = vec![image("12.1", "3.0.9-1"), image("12.8", "3.0.15-1")];
    let options = Options { images, ..Options::default() };
    let (tool, base) = (Tool::by_id("dockerfile").unwrap(), base(folder.path()));
    let listed = listing(tool, &base, &options).unwrap().unwrap();
    assert_eq!(listed, [purl("pkg:deb/debian/openssl@3.0.9-1")]);
    let to =
        |to: &str| Proposal::BaseImage { image: purl("pkg:docker/debian@12.1"), to: to.into() };
    let confirmed = confirm(tool, &base, &to("12.8"), &options).unwrap();
    assert_eq!(confirmed.packages.unwrap(), [purl("pkg:deb/debian/openssl@3.0.15-1")]);
    assert_eq!(confirmed.changes.len(), 1);
    let after = String::from_utf8(confirmed.changes[0].after.clone().unwrap()).unwrap();
    assert_eq!(after, text.replace("12.1", "12.8"));
    assert!(confirmed.commands.is_empty());
    // No document tells of it; it is below; it is none; it is not there.
    let refused = |proposal: Proposal| confirm(tool, &base, &proposal, &options).unwrap_err();
    let unknown = refused(to("12.9"));
    assert!(unknown.reason.to_string().contains("debian:12.9"), "{}", unknown.reason);
    assert_eq!(unknown.edits.len(), 1, "the edit is told all the same");
    assert!(matches!(refused(to("12.0")).reason, Reason::Downgrade { .. }));
    assert!(matches!(refused(to("--x")).reason, Reason::Unsupported(_)));
    let other = Proposal::BaseImage { image: purl("pkg:docker/alpine@3.20"), to: "3.21".into() };
    assert!(matches!(refused(other).reason, Reason::NotNamed(_)));
}
