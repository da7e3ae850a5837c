//! What needs no package manager: copies, edits, refusals, the environment.

use super::*;

/// A tool that is not there: what to install, and the edit that it would make.
#[test]
fn a_missing_tool_tells_the_edit() {
    for case in edits().as_array().unwrap() {
        let (id, path) = (case["tool"].as_str().unwrap(), case["file"].as_str().unwrap());
        let tool = Tool::by_id(id).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(path), case["before"].as_str().unwrap()).unwrap();
        for (beside, text) in case["beside"].as_object().into_iter().flatten() {
            fs::write(folder.path().join(beside), text.as_str().unwrap()).unwrap();
        }
        let base = copied(folder.path(), tool);
        let nothing = Options {
            programs: vec![folder.path().to_owned()],
            project_code: true,
            time_limit: std::time::Duration::from_millis(1),
            ..Options::default()
        };
        let refusal = confirm(tool, &base, &proposal(&case["do"]), &nothing).unwrap_err();
        let told = format!("{id}: {refusal}");
        assert!(
            matches!(refusal.reason, Reason::ToolMissing { .. } | Reason::TimeLimit(_)),
            "{told}"
        );
        let [edit] = &refusal.edits[..] else { panic!("{told}: {:?}", refusal.edits) };
        let after = String::from_utf8_lossy(edit.after.as_deref().unwrap());
        assert_eq!(
            (edit.path.as_str(), &*after),
            (path, case["after"].as_str().unwrap()),
            "{told}"
        );
    }
}

fn edits() -> Value {
    serde_json::from_slice(&fs::read(root().join("corpus/updates/edits.json")).unwrap()).unwrap()
}

/// Build files, a Gemfile, project files, hooks: code of the project runs only where it may.
#[test]
fn code_of_a_project_runs_only_where_it_may() {
    for (id, files, package) in [
        (
            "gradle",
            &[("build.gradle", "dependencies {\n  implementation 'a:b:1'\n}\n")][..],
            "pkg:maven/a/b",
        ),
        ("bundler", &[("Gemfile", "gem 'b', '1'\n")], "pkg:gem/b"),
        (
            "dotnet",
            &[("a.csproj", "<Project><PackageReference Include='b' Version='1'/></Project>")],
            "pkg:nuget/b",
        ),
        (
            "pnpm",
            &[("package.json", "{\"dependencies\": {\"b\": \"1.0.0\"}}"), (".pnpmfile.cjs", "")],
            "pkg:npm/b",
        ),
        (
            "uv",
            &[(
                "pyproject.toml",
                "[project]\nname='a'\ndynamic=['dependencies']\n[dependency-groups]\nx=['b==1']\n",
            )],
            "pkg:pypi/b",
        ),
    ] {
        let tool = Tool::by_id(id).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let base = copied(folder.path(), tool);
        let proposal = Proposal::Raise { package: package.parse().unwrap(), to: "2.0.0".into() };
        let refusal = confirm(tool, &base, &proposal, &options(id)).unwrap_err();
        assert_eq!(refusal.reason.code(), "project-code", "{id}: {refusal}");
        assert_eq!(refusal.edits.len(), 1, "{id}");
    }
}

#[cfg(unix)]
#[test]
fn a_copy_has_no_link_to_what_is_outside() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir_all(root.join("a/node_modules/x")).unwrap();
    fs::write(folder.path().join("secret"), "s").unwrap();
    fs::write(root.join("package.json"), "{}").unwrap();
    fs::write(root.join("a/package.json"), "{}").unwrap();
    fs::write(root.join("a/node_modules/x/package.json"), "{}").unwrap();
    fs::write(root.join("a/code.js"), "x").unwrap();
    fs::write(root.join(".gitignore"), "left/\n").unwrap();
    fs::create_dir_all(root.join("left")).unwrap();
    fs::write(root.join("left/file"), "x").unwrap();
    symlink("a", root.join("b")).unwrap();
    symlink("package.json", root.join("a/.npmrc")).unwrap();
    let tool = Tool::by_id("npm").unwrap();
    let copy = |extent, bounds| Scratch::copy(&root, Path::new("a"), tool, extent, bounds, None);
    let names = |scratch: &Scratch| -> Vec<String> {
        bytes(scratch.root())
            .keys()
            .map(|p| p.strip_prefix(scratch.root()).unwrap().to_string_lossy().into_owned())
            .collect()
    };
    let small = copy(Extent::Resolver, Bounds::of(Extent::Resolver)).unwrap();
    assert_eq!(names(&small), ["a/.npmrc", "a/package.json", "package.json"]);
    assert!(!small.root().join("a/.npmrc").is_symlink());
    let whole = copy(Extent::Whole, Bounds::of(Extent::Whole)).unwrap();
    assert_eq!(
        names(&whole),
        [".gitignore", "a/.npmrc", "a/code.js", "a/package.json", "package.json"]
    );
    let link = fs::canonicalize(whole.root().join("b")).unwrap();
    assert_eq!(link, fs::canonicalize(whole.root().join("a")).unwrap());

    let few = Bounds { entries: 2, bytes: 1 << 20 };
    assert!(copy(Extent::Resolver, few).unwrap_err().to_string().contains("more than 2 entries"));
    assert!(Scratch::copy(&root, Path::new("../root"), tool, Extent::Resolver, few, None).is_err());
    // Of sources, such a link is none.
    fs::write(root.join("a/go.mod"), "module a\n").unwrap();
    fs::write(root.join("a/main.go"), "package main\n").unwrap();
    symlink("nowhere", root.join("a/lost.go")).unwrap();
    symlink("../../secret", root.join("a/out.go")).unwrap();
    let go = Tool::by_id("go").unwrap();
    let usual = Bounds::of(Extent::Resolver);
    let small = Scratch::copy(&root, Path::new("a"), go, Extent::Resolver, usual, None).unwrap();
    assert_eq!(names(&small), ["a/go.mod", "a/main.go"]);
    fs::remove_file(root.join("a/lost.go")).unwrap();
    fs::remove_file(root.join("a/out.go")).unwrap();

    symlink("../../secret", root.join("a/package-lock.json")).unwrap();
    for extent in [Extent::Resolver, Extent::Whole] {
        let refused = copy(extent, Bounds::of(extent)).unwrap_err().to_string();
        assert_eq!(refused, "a/package-lock.json is a link that leads out of the project");
    }
}

/// A package manager that prints its environment: nothing of ours, no credential of others, and what
/// it says of a secret is not told.
#[cfg(unix)]
#[test]
fn a_package_manager_sees_no_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("programs");
    fs::create_dir_all(folder.path().join("project")).unwrap();
    fs::create_dir_all(&programs).unwrap();
    fs::write(folder.path().join("project/package.json"), "{\"dependencies\": {\"b\": \"1.0.0\"}}")
        .unwrap();
    fs::write(
        programs.join("aside"),
        "#!/bin/sh\nenv >&2\necho https://me:pw@registry.example >&2\npwd >&2\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(programs.join("aside"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(programs.join("aside"), programs.join("npm")).unwrap();
    let tool = Tool::by_id("npm").unwrap();
    let base = copied(&folder.path().join("project"), tool);
    let proposal = Proposal::Raise { package: "pkg:npm/b".parse().unwrap(), to: "2.0.0".into() };
    let options = Options { programs: vec![programs], ..Options::default() };
    let Reason::Failed(said) = confirm(tool, &base, &proposal, &options).unwrap_err().reason else {
        panic!("another reason")
    };
    assert!(said.contains("PATH=") && said.contains("https://[hidden]@registry.example"), "{said}");
    for secret in ["CARGO_", "TRIMTAB_", "me:pw", "trimtab-"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

/// A program of this name and version, whatever it is asked; asked to lock it writes this lockfile.
#[cfg(unix)]
fn program(
    folder: &Path,
    (name, version): (&str, &str),
    (path, lockfile): (&str, &str),
) -> Options {
    use std::os::unix::fs::PermissionsExt;
    let programs = folder.join("bin");
    fs::create_dir_all(&programs).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo {version}; else printf '{lockfile}' > {path}; fi\n"
    );
    // Written aside: a script that is still open for writing cannot be run.
    fs::write(programs.join("aside"), script).unwrap();
    fs::set_permissions(programs.join("aside"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(programs.join("aside"), programs.join(name)).unwrap();
    Options { programs: vec![programs], ..Options::default() }
}

#[cfg(unix)]
#[test]
fn a_lockfile_is_not_written_by_another_yarn() {
    const BERRY: &str = "__metadata:\\n  version: 6\\n";
    const CLASSIC: &str = "# yarn lockfile v1\\n";
    let confirmed = |id: &str, before: &str, version: &str, after: &str| {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("package.json"), "{\"dependencies\": {\"b\": \"1.0.0\"}}").unwrap();
        fs::write(project.join("yarn.lock"), before.replace("\\n", "\n")).unwrap();
        let tool = Tool::by_id(id).unwrap();
        let base = copied(&project, tool);
        let options = program(folder.path(), ("yarn", version), ("yarn.lock", after));
        let package = "pkg:npm/b@1.0.0".parse().unwrap();
        confirm(tool, &base, &Proposal::Raise { package, to: "1.0.1".into() }, &options)
    };
    // yarn 1 is not even asked.
    let refusal = confirmed("yarn-berry", BERRY, "1.22.22", CLASSIC).unwrap_err();
    assert!(matches!(refusal.reason, Reason::ToolMissing { .. }), "{refusal}");
    assert_eq!(refusal.edits.len(), 1, "the edit is told");
    // One that tells another version than it is.
    for (id, before, version, after) in
        [("yarn-berry", BERRY, "4.1.0", CLASSIC), ("yarn", CLASSIC, "1.22.22", BERRY)]
    {
        let refusal = confirmed(id, before, version, after).unwrap_err();
        assert!(refusal.to_string().contains("another yarn"), "{id}: {refusal}");
    }
    let same = confirmed("yarn-berry", BERRY, "4.1.0", "__metadata:\\n  version: 8\\n");
    assert!(same.is_ok(), "{:?}", same.err());
}

#[cfg(unix)]
#[test]
fn a_lockfile_of_npm_keeps_its_version_unless_the_project_says_otherwise() {
    // What npm writes by itself: the first is npm 6. The last does as it is told.
    const FIRST: &str = "{\"lockfileVersion\": 1, \"dependencies\": {}}\\n";
    const THIRD: &str = "{\"lockfileVersion\": 3, \"packages\": {}}\\n";
    const TOLD: &str =
        "{\"lockfileVersion\": '\"${npm_config_lockfile_version:-3}\"', \"name\": \"b\"}\\n";
    let confirmed = |npmrc: &str, after: &str| {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("package.json"), "{\"dependencies\": {\"b\": \"1.0.0\"}}").unwrap();
        fs::write(project.join(".npmrc"), npmrc).unwrap();
        let before = "{\"lockfileVersion\": 2, \"packages\": {}}\n";
        fs::write(project.join("package-lock.json"), before).unwrap();
        let tool = Tool::by_id("npm").unwrap();
        let base = copied(&project, tool);
        let options = program(folder.path(), ("npm", "6.14.18"), ("package-lock.json", after));
        let package = "pkg:npm/b@1.0.0".parse().unwrap();
        confirm(tool, &base, &Proposal::Raise { package, to: "1.0.1".into() }, &options)
    };
    for after in [FIRST, THIRD] {
        let refusal = confirmed("", after).unwrap_err();
        assert!(refusal.to_string().contains("another npm"), "{after}: {refusal}");
        assert_eq!(refusal.edits.len(), 1, "the edit is told");
    }
    let kept = confirmed("", TOLD).unwrap();
    assert!(needs(&kept.changes).is_empty(), "{}", kept.diff());
    let raised = confirmed("lockfile-version=3\n", TOLD).unwrap();
    let told: Vec<String> = needs(&raised.changes).iter().map(ToString::to_string).collect();
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.contains("lockfile version 3 (it was 2)"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_lockfile_is_not_given_to_a_pnpm_that_ignores_it() {
    let confirmed = |version: &str| {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("package.json"), "{\"dependencies\": {\"b\": \"1.0.0\"}}").unwrap();
        fs::write(project.join("pnpm-lock.yaml"), "lockfileVersion: 5.4\n").unwrap();
        let tool = Tool::by_id("pnpm").unwrap();
        let base = copied(&project, tool);
        let lockfile = ("pnpm-lock.yaml", "lockfileVersion: 6.0\\n");
        let options = program(folder.path(), ("pnpm", version), lockfile);
        let package = "pkg:npm/b@1.0.0".parse().unwrap();
        confirm(tool, &base, &Proposal::Raise { package, to: "1.0.1".into() }, &options)
    };
    let refusal = confirmed("9.15.9").unwrap_err();
    assert!(matches!(refusal.reason, Reason::ToolMissing { .. }), "{refusal}");
    assert_eq!(refusal.edits.len(), 1, "the edit is told");
    let read = confirmed("8.15.1");
    assert!(read.is_ok(), "{:?}", read.err());
}

/// yarn 1 and later ones have lockfiles of one name, and each would write the other's anew.
#[cfg(unix)]
#[test]
fn a_yarn_of_another_line_is_not_run() {
    use std::os::unix::fs::PermissionsExt;
    let manifest = "{\"dependencies\": {\"b\": \"1.0.0\"}}";
    for (id, version, missing) in
        [("yarn-berry", "1.22.22", "yarn 2 or later"), ("yarn", "4.9.1", "yarn 1")]
    {
        let folder = tempfile::tempdir().unwrap();
        let (project, programs) = (folder.path().join("project"), folder.path().join("programs"));
        fs::create_dir_all(&project).unwrap();
        fs::create_dir_all(&programs).unwrap();
        fs::write(project.join("package.json"), manifest).unwrap();
        fs::write(project.join("yarn.lock"), "__metadata:\n  version: 6\n").unwrap();
        let script = format!(
            "#!/bin/sh\ntest \"$1\" = --version || echo broken > yarn.lock\necho {version}\n"
        );
        fs::write(programs.join("aside"), script).unwrap();
        fs::set_permissions(programs.join("aside"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(programs.join("aside"), programs.join("yarn")).unwrap();
        let tool = Tool::by_id(id).unwrap();
        let base = copied(&project, tool);
        let proposal =
            Proposal::Raise { package: "pkg:npm/b".parse().unwrap(), to: "2.0.0".into() };
        let options = Options { programs: vec![programs], ..Options::default() };
        let refusal = confirm(tool, &base, &proposal, &options).unwrap_err();
        let is =
            matches!(&refusal.reason, Reason::ToolMissing { program, .. } if *program == missing);
        assert!(is, "{id}: {refusal}");
        assert_eq!(refusal.edits.len(), 1, "{id}");
    }
}
