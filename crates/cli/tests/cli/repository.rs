//! Small repositories that are made for a test, with the sample's advisories.

use std::path::{Path, PathBuf};
use std::process::Command;

use trimtab_cli::Exit;

use crate::command::{Ran, run};

pub(crate) fn examples() -> PathBuf {
    trimtab_testkit::repository().join("examples")
}

pub(crate) fn sample_index(folder: &Path) -> String {
    let db = folder.join("advisories.index").display().to_string();
    let from = examples().join("advisories").display().to_string();
    let ran = run(&["db", "update", "--from", &from, "--db", &db]);
    assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
    db
}

pub(crate) fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let ran = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

/// A lockfile with these packages, as npm writes it.
pub(crate) fn lock(packages: &[(&str, &str)]) -> String {
    let dependencies: Vec<String> =
        packages.iter().map(|(n, v)| format!("\"{n}\": \"{v}\"")).collect();
    let own = format!(
        "    \"\": {{ \"name\": \"app\", \"dependencies\": {{ {} }} }}",
        dependencies.join(", ")
    );
    let entries = packages.iter().map(|(n, v)| {
        format!("    \"node_modules/{n}\": {{ \"version\": \"{v}\", \"resolved\": \"https://registry.example/{n}.tgz\", \"integrity\": \"sha512-AAAA\", \"license\": \"MIT\" }}")
    });
    let all: Vec<String> = std::iter::once(own).chain(entries).collect();
    format!(
        "{{\n  \"name\": \"app\",\n  \"lockfileVersion\": 3,\n  \"packages\": {{\n{}\n  }}\n}}\n",
        all.join(",\n")
    )
}

pub(crate) const PROJECT: &str = "format = 1\n[[system]]\nname = \"app\"\ntier = \"standard\"\nexposure = \"internet\"\ndata = [\"personal\"]\nenvironments = [\"production\"]\nfailure = \"Nobody can sign in.\"\noperations = \"duty phone\"\n";

/// A repository with one commit.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
    pub(crate) db: String,
}

impl Repository {
    pub(crate) fn new(packages: &[(&str, &str)]) -> Repository {
        let folder = tempfile::tempdir().unwrap();
        let db = sample_index(folder.path());
        let this = Repository { folder, db };
        git(this.path(), &["init", "-q"]);
        this.write(".gitignore", "*.index\n*.index.*\n*.previous\n");
        this.write("trimtab.toml", PROJECT);
        this.lock(packages);
        git(this.path(), &["add", "."]);
        git(this.path(), &["commit", "-qm", "Start"]);
        this
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn lock(&self, packages: &[(&str, &str)]) {
        let all: Vec<String> = packages.iter().map(|(n, v)| format!("\"{n}\": \"{v}\"")).collect();
        let manifest =
            format!("{{ \"name\": \"app\", \"dependencies\": {{ {} }} }}", all.join(", "));
        self.write("package.json", &manifest);
        self.write("package-lock.json", &lock(packages));
    }

    pub(crate) fn commit(&self, subject: &str) {
        git(self.path(), &["add", "."]);
        git(self.path(), &["commit", "-qm", subject]);
    }

    pub(crate) fn trimtab(&self, args: &[&str]) -> Ran {
        let path = self.path().display().to_string();
        let mut all: Vec<&str> = args.to_vec();
        all.extend(["--db", &self.db]);
        let all: Vec<&str> =
            all.into_iter().map(|a| if a == "HERE" { path.as_str() } else { a }).collect();
        run(&all)
    }
}

/// Both findings of moment, as decisions; `more` says who approved.
pub(crate) fn not_affected(more: &str) -> String {
    let both = ["CVE-2022-31129", "CVE-2022-24785"].map(|id| format!(
        "[[not-affected]]\nid = \"NA-{id}\"\nvulnerability = \"{id}\"\njustification = \"vulnerable_code_not_in_execute_path\"\nreason = \"Only dates of our own are read.\"\nauthor = \"a@example.org\"\ncreated = 2026-01-30\nexpires = 2026-02-13\n{more}\n"
    ));
    format!("format = 1\n{}", both.concat())
}

/// Who approved them.
pub(crate) const BY_SECURITY: &str = "approver = \"s@example.org\"\napprover-role = \"security\"";
