//! What Go alone needs: order by the sources, what is vendored, workspaces.

use super::*;

/// What the sources no longer need goes, with a copy of their imports as with a whole one.
#[test]
fn go_tidies_where_the_sources_are() {
    let Some(folder) = project("go", "go", &cases("go")) else { return };
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let source = "package a\n\nimport (\n\t_ \"embed\"\n\t_ \"example.org/demo/target\"\n\n\t_ \"github.com/gin-gonic/gin\"\n)\n\n\
                  //go:embed words.txt\nvar Words string\n";
    write("a/a.go", source);
    write("a/words.txt", "words\n");
    // Others build into a folder of this name.
    write("target/b.go", "package target\n");
    write("vendor/modules.txt", "# github.com/gin-gonic/gin v1.7.0\n## explicit\n");
    let tool = Tool::by_id("go").unwrap();
    for extent in [Extent::Resolver, Extent::Whole] {
        let bounds = Bounds::of(extent);
        let base = Scratch::copy(folder.path(), Path::new(""), tool, extent, bounds, None).unwrap();
        let package = "pkg:golang/github.com/gin-gonic/gin@v1.7.0".parse().unwrap();
        let proposal = Proposal::Raise { package, to: "v1.7.7".into() };
        let confirmed = confirm(tool, &base, &proposal, &options("go")).unwrap();
        assert!(!after(&confirmed, "go.sum").contains("gin v1.7.0 "), "{}", confirmed.diff());
        assert!(confirmed.commands.iter().any(|ran| ran.line == "go mod tidy" && ran.well));
        let changed: Vec<&str> = confirmed.changes.iter().map(|c| &*c.path).collect();
        assert_eq!(changed, ["go.mod", "go.sum"], "{extent:?}");
    }
}

/// What is vendored is as `go.mod` says after a change, and is left alone where nothing changed.
#[test]
fn go_vendors_what_its_go_mod_says() {
    let Some(folder) = project("go", "go", &cases("go")) else { return };
    fs::write(folder.path().join("a.go"), "package a\n\nimport _ \"github.com/gin-gonic/gin\"\n")
        .unwrap();
    let (tool, here) = (Tool::by_id("go").unwrap(), Path::new(""));
    let go = |arguments: &[&str]| by_hand("go", "go", folder.path(), arguments);
    let own = || {
        let below = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().to_owned();
        let all = bytes(folder.path());
        let all: Vec<String> =
            all.keys().map(|path| below(path).to_string_lossy().into_owned()).collect();
        vendored(tool, folder.path(), here, &all, &options("go")).unwrap()
    };
    assert!(own().changes.is_empty(), "there is no such folder");
    if [go(&["mod", "tidy"]), go(&["mod", "vendor"])] != [Some(true), Some(true)] {
        eprintln!("SKIPPED: go reaches no registry");
        return;
    }
    assert_eq!(own().changes, []);
    // People changed a file of what moves, and one of what does not.
    for path in ["gin-gonic/gin/version.go", "go-playground/validator/v10/doc.go"] {
        let path = folder.path().join("vendor/github.com").join(path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{text}\n// Ours.\n")).unwrap();
    }
    assert_eq!(go(&["get", "github.com/gin-gonic/gin@v1.7.7"]), Some(true));
    let Vendored { changes, lost } = own();
    assert_eq!(lost, ["vendor/github.com/gin-gonic/gin/version.go"]);
    let of = |path: &str| changes.iter().find(|change| change.path == path);
    let modules = of("vendor/modules.txt").unwrap().diff();
    assert!(modules.contains("+# github.com/gin-gonic/gin v1.7.7"), "{modules}");
    assert!(of("vendor/github.com/gin-gonic/gin/version.go").is_some());
    let is_inside = |path: &str| path.starts_with("vendor/");
    assert!(changes.iter().all(|change| is_inside(&change.path)));
    let validator = of("vendor/github.com/go-playground/validator/v10/doc.go");
    assert!(validator.is_none(), "what does not move stays as people have it");
}

/// A module of a workspace that needs a later Go has the workspace be for it too, else Go builds nothing of it.
#[test]
fn go_raises_the_line_of_its_workspace() {
    let tool = Tool::by_id("go").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("go.work", "go 1.21\n\nuse ./a\n");
    write("a/go.mod", "module a.example/a\n\ngo 1.21\n");
    write("a/go.sum", "");
    write("a/a.go", "package a\n");
    let extent = Extent::Resolver;
    let base = Scratch::copy(folder.path(), Path::new("a"), tool, extent, Bounds::of(extent), None)
        .unwrap();
    let package = "pkg:golang/stdlib@1.21".parse().unwrap();
    let proposal = Proposal::Raise { package, to: "1.22.1".into() };
    match confirm(tool, &base, &proposal, &options("go")) {
        Ok(confirmed) => {
            let diff = confirmed.diff();
            assert_eq!(diff.matches("+go 1.22.1").count(), 2, "{diff}");
        }
        Err(refusal)
            if matches!(refusal.reason, Reason::ToolMissing { .. } | Reason::Registry(_)) =>
        {
            eprintln!("SKIPPED go: {refusal}");
        }
        Err(refusal) => panic!("{refusal} {:#?}", refusal.commands),
    }
}

/// From 1.17 on `go.mod` lists what is indirect: not all of the graph, but what packages need.
#[test]
fn go_lists_no_more_than_its_packages_need() {
    let Some(folder) = project("go", "go", &cases("go")) else { return };
    let (mod_file, source) = (folder.path().join("go.mod"), folder.path().join("a.go"));
    let old = "module example.org/demo\n\ngo 1.14\n\nrequire github.com/gin-gonic/gin v1.7.0\n";
    fs::write(&mod_file, old).unwrap();
    fs::write(source, "package a\n\nimport _ \"github.com/gin-gonic/gin\"\n\nfunc f() {\n")
        .unwrap();
    let tool = Tool::by_id("go").unwrap();
    let base = copied(folder.path(), tool);
    let package = "pkg:golang/stdlib@1.14".parse().unwrap();
    let proposal = Proposal::Raise { package, to: "1.21.0".into() };
    let confirmed = confirm(tool, &base, &proposal, &options("go")).unwrap();
    for arguments in [&["get", "go@1.21.0"][..], &["mod", "tidy"]] {
        assert_eq!(by_hand("go", "go", folder.path(), arguments), Some(true));
    }
    assert_eq!(after(&confirmed, "go.mod"), fs::read_to_string(mod_file).unwrap());
    assert_eq!(
        after(&confirmed, "go.sum"),
        fs::read_to_string(folder.path().join("go.sum")).unwrap()
    );
}

/// What is generated is not there: a project that cannot be put in order is not, and its graph is told.
#[test]
fn go_leaves_untidied_what_it_could_not_tidy_before() {
    let Some(folder) = project("go", "go", &cases("go")) else { return };
    let source = "package a\n\nimport _ \"example.org/demo/generated\"\n";
    fs::write(folder.path().join("a.go"), source).unwrap();
    let tool = Tool::by_id("go").unwrap();
    let base = copied(folder.path(), tool);
    let package = "pkg:golang/github.com/gin-gonic/gin@v1.7.0".parse().unwrap();
    let proposal = Proposal::Raise { package, to: "v1.7.7".into() };
    let confirmed = confirm(tool, &base, &proposal, &options("go")).unwrap();
    assert!(after(&confirmed, "go.mod").contains("gin v1.7.7 // pinned for now"));
    let Ok(Some(Settled::Graph(graph))) = settled(tool, &base, &options("go")) else {
        panic!("it was put in order")
    };
    // Only tests of others need it.
    let far: Purl = "pkg:golang/github.com/stretchr/testify".parse().unwrap();
    assert!(graph.iter().any(|purl| purl.package() == far && purl.version().is_some()));
    fs::write(folder.path().join("a.go"), "package a\n").unwrap();
    let base = copied(folder.path(), tool);
    let tidied = settled(tool, &base, &options("go")).unwrap();
    assert!(matches!(tidied, Some(Settled::Tidied(_))), "{tidied:?}");
}
