//! The suite's laws on a real Gitea, where `cargo xtask gitea` built one: what a fake would only repeat.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use trimtab_connect::SystemClock;
use trimtab_connect::apply::Remote;
use trimtab_connect::http::Patience;
use trimtab_connect::requests::{
    Host, HostError, Kind, Marker, Place, Proposed, Reason, State, Wish, Word, connect, propose,
    retire,
};
use trimtab_testkit::gitea::{Gitea, OWNER, gitea};

/// A repository with a commit on its main branch, and a clone.
struct Repository {
    gitea: &'static Gitea,
    name: &'static str,
    clone: tempfile::TempDir,
}

impl Repository {
    fn new(name: &'static str) -> Option<Repository> {
        let gitea = gitea()?;
        gitea.repository(name);
        let all = Repository { gitea, name, clone: tempfile::tempdir().unwrap() };
        all.git(&["init", "-q", "-b", "main"]);
        all.git(&["remote", "add", "origin", &gitea.remote(name)]);
        all.git(&["commit", "-q", "--allow-empty", "-m", "First"]);
        all.git(&["push", "-q", "origin", "main"]);
        gitea.wait_for_first_push(name);
        Some(all)
    }

    fn git(&self, args: &[&str]) -> String {
        git(self.clone.path(), args)
    }

    /// A branch with a commit of its own, pushed: its tip.
    fn branch(&self, name: &str) -> String {
        self.git(&["checkout", "-q", "-B", name, "origin/main"]);
        let file = name.replace('/', "-");
        std::fs::write(self.clone.path().join(&file), "x").unwrap();
        self.git(&["add", &file]);
        self.git(&["commit", "-q", "-m", name]);
        self.git(&["push", "-q", "--force", "origin", name]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn host(&self) -> Box<dyn Host + 'static> {
        static CLOCK: SystemClock = SystemClock;
        let place = Place {
            kind: Kind::Gitea,
            api: Some(format!("{}/api/v1", self.gitea.address).parse().unwrap()),
            remote: Remote::read(&format!("https://git.example/{OWNER}/{}.git", self.name)),
        };
        let token = |name: &str| (name == "GITEA_TOKEN").then(|| self.gitea.token.clone());
        connect(&place, &token, Patience::default(), &CLOCK).unwrap()
    }

    fn ask(&self, path: &str) -> Value {
        self.gitea.send("GET", &format!("repos/{OWNER}/{}/{path}", self.name), &Value::Null)
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let ran = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().unwrap();
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

fn wish(branch: &str, title: &str, body: &str) -> Wish {
    let text = |t: &str| t.to_owned();
    Wish { branch: text(branch), base: text("main"), title: text(title), body: text(body) }
}

const BRANCH: &str = "trimtab/week-48";

#[test]
fn a_request_is_opened_updated_labelled_and_closed() {
    let Some(repository) = Repository::new("suite") else { return };
    let host = repository.host();
    assert_eq!(host.find(BRANCH).unwrap(), None);
    // Asked for in the moment after the push.
    repository.branch(BRANCH);
    let first = wish(BRANCH, "One", "text");
    let Proposed::Opened(opened) = propose(&*host, &first, Some(1), false).unwrap() else {
        panic!("it was not opened");
    };
    assert_eq!((opened.number, opened.state, &*opened.base), (1, State::Open, "main"));
    assert!(opened.page.ends_with("/pulls/1"), "{}", opened.page);
    let again = propose(&*host, &first, Some(1), false).unwrap();
    assert!(matches!(again, Proposed::AsItIs(_)), "{again:?}");
    let doubled = host.open(&first).unwrap_err();
    assert!(matches!(doubled, HostError::Refused(_)), "{doubled}");
    let other = propose(&*host, &wish(BRANCH, "Two", "more"), Some(1), false).unwrap();
    assert!(matches!(other, Proposed::Updated(_)), "{other:?}");
    let kept = repository.ask("pulls/1");
    assert_eq!((&kept["title"], &kept["body"]), (&json!("Two"), &json!("more")));

    // People speak by labels; one that nobody has is not made to be taken off.
    assert!(host.label(1, &[Word::Hold.label()], &["not there"]).unwrap());
    assert_eq!(host.open_ones().unwrap()[0].word(), Some(Word::Hold));
    let labels = repository.ask("labels");
    assert_eq!(labels.as_array().unwrap().len(), 1, "{labels}");
    let held = propose(&*host, &first, None, false).unwrap();
    assert!(matches!(held, Proposed::Left(_, Word::Hold)), "{held:?}");
    host.label(1, &[Word::Skip.label()], &[Word::Hold.label()]).unwrap();
    // One that it has no more is taken off all the same.
    host.label(1, &[], &[Word::Hold.label()]).unwrap();
    let skipped = propose(&*host, &first, None, false).unwrap();
    assert!(matches!(skipped, Proposed::Left(_, Word::Skip)), "{skipped:?}");
    assert_eq!(host.find(BRANCH).unwrap().unwrap().state, State::Closed);
    let skipped = propose(&*host, &first, None, false).unwrap();
    assert!(matches!(skipped, Proposed::Left(_, Word::Skip)), "{skipped:?}");

    // A long text is cut at what it takes.
    let long = wish(BRANCH, "Three", &"a line of text é\n".repeat(10_000));
    let opened = propose(&*host, &long, None, true).unwrap();
    assert!(matches!(&opened, Proposed::Opened(r) if r.number == 2), "{opened:?}");
    let kept = host.find(BRANCH).unwrap().unwrap().body.unwrap();
    assert!(kept.contains("The full report") && kept.chars().count() > 60_000);
}

#[test]
fn who_closed_it_is_written_and_a_merge_is_bound_to_a_commit() {
    let Some(repository) = Repository::new("merge") else { return };
    let host = repository.host();
    let tip = repository.branch(BRANCH);
    let line = "[//]: # (trimtab-request 1 batch=week-48 place=0123456789ab base=a tip=b whole=yes actions=0123456789ab gone=)";
    let asked = wish(BRANCH, "One", &format!("{line}\n\n# text"));
    propose(&*host, &asked, None, false).unwrap();
    let request = || host.all().unwrap().requests.remove(0);
    let reason = Reason::Superseded("week-49".to_owned());
    retire(&*host, &request(), &reason, "Superseded by `week-49`.").unwrap();
    let closed = request();
    assert_eq!(closed.state, State::Closed);
    let marker = Marker::read(closed.body.as_deref().unwrap()).unwrap();
    assert_eq!(marker.closed, Some(reason));
    let said = repository.ask("issues/1/comments");
    assert_eq!(said[0]["body"], "Superseded by `week-49`.");

    propose(&*host, &asked, None, false).unwrap();
    let before = repository.git(&["rev-parse", "origin/main"]);
    let refused = host.merge(2, &before).unwrap_err();
    assert!(matches!(refused, HostError::Refused(_)), "{refused}");
    // In the moment after it was opened, while Gitea looks for conflicts.
    host.merge(2, &tip).unwrap();
    repository.git(&["fetch", "-q"]);
    assert_eq!(repository.git(&["rev-parse", "origin/main^2"]), tip);
    let merged = request();
    assert_eq!((merged.number, merged.state, &*merged.branch), (2, State::Merged, BRANCH));
    // A branch that is gone is still the request's.
    repository.git(&["push", "-q", "origin", &format!(":{BRANCH}")]);
    assert_eq!(host.find(BRANCH).unwrap().unwrap().number, 2);
    assert!(matches!(host.close(2), Err(HostError::Refused(_))), "what was merged stays so");
}

#[test]
fn all_are_listed_and_those_of_forks_count_for_nothing() {
    let Some(repository) = Repository::new("forks") else { return };
    let (gitea, host) = (repository.gitea, repository.host());
    for at in 0..3 {
        let branch = format!("trimtab/{at}");
        repository.branch(&branch);
        host.open(&wish(&branch, "x", "y")).unwrap();
    }
    repository.branch("people/1");
    host.open(&wish("people/1", "x", "y")).unwrap();
    // Somebody's fork has a branch of our name.
    let person = json!({
        "username": "bob", "email": "bob@example.org", "password": "b-password",
        "must_change_password": false,
    });
    gitea.send("POST", "admin/users", &person);
    let forks = format!("repos/{OWNER}/forks/forks?sudo=bob");
    gitea.send("POST", &forks, &json!({ "name": "forks" }));
    repository.git(&["checkout", "-q", "-b", "trimtab/9", "origin/main"]);
    repository.git(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
    let fork = gitea.address.replace("//", "//bob:b-password@");
    repository.git(&["push", "-q", &format!("{fork}/bob/forks.git"), "trimtab/9"]);
    let pulls = format!("repos/{OWNER}/forks/pulls?sudo=bob");
    let theirs = json!({ "title": "t", "head": "bob:trimtab/9", "base": "main", "body": "b" });
    gitea.send("POST", &pulls, &theirs);
    assert_eq!(repository.ask("pulls?state=all").as_array().unwrap().len(), 5);

    let listed = host.all().unwrap();
    let numbers: Vec<u64> = listed.requests.iter().map(|r| r.number).collect();
    assert_eq!((numbers, listed.cut), (vec![3, 2, 1], false));
    assert_eq!(host.find("trimtab/9").unwrap(), None);
    let full = propose(&*host, &wish(BRANCH, "One", "text"), Some(3), false).unwrap_err();
    assert_eq!(full, HostError::Full(3));
    // What does not exist is refused in the end.
    let none = host.open(&wish("trimtab/none", "One", "text")).unwrap_err();
    assert!(matches!(none, HostError::Missing(_)), "{none}");
    let wrong = |_: &str| Some("wrong".to_owned());
    let clock = SystemClock;
    let place = Place {
        kind: Kind::Gitea,
        api: Some(format!("{}/api/v1", gitea.address).parse().unwrap()),
        remote: Remote::read(&format!("https://git.example/{OWNER}/forks.git")),
    };
    let stranger = connect(&place, &wrong, Patience::default(), &clock).unwrap();
    assert!(matches!(stranger.find("x"), Err(HostError::Denied(_))));
}
