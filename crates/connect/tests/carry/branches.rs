//! Copies, commits, branches, and taking them back.

use std::fs;

use trimtab_connect::apply::{
    Absent, Carried, Merged, Tree, absent, discard, find, merged, merger, publish, push, revert,
    unmerged,
};
use trimtab_model::Code;

use crate::common::{author, change, files, git, project, state, tree};

const BATCH: &str = "Raise a\n\nTrimtab-Batch: week-48\n";

#[test]
fn a_branch_is_all_that_the_repository_gets() {
    let folder = project(&[("a.lock", "1\n"), ("sub/b.txt", "b\n")]);
    let root = folder.path().join("project");
    // Not committed: it is in no copy, and stays.
    files(&root, &[("sub/b.txt", "changed\n"), ("new.txt", "new\n")]);
    let before = state(&root);
    let copy = tree(&root.join("sub"));
    assert_eq!(fs::read_to_string(copy.work().join("b.txt")).unwrap(), "b\n");
    assert!(!copy.root().join("new.txt").exists());
    assert_eq!(copy.uncommitted(10).unwrap(), ["sub/b.txt"]);
    // What tests leave is no part of the commit, nor what they did to a file of it.
    files(&copy.root(), &[("target/left", "x"), ("a.lock", "spoilt")]);
    let made = copy.commit(&[change("a.lock", "2\n")], BATCH, &author(&root)).unwrap();
    let published = publish(&copy, "trimtab/week-48").unwrap();
    assert_eq!((&published.commit, &published.before), (&made, &None));
    assert_eq!(state(&root), before);
    assert!(!root.join(".git/RAN").exists(), "no hook runs");
    assert_eq!(git(&root, &["show", "trimtab/week-48:a.lock"]), "2");
    assert_eq!(git(&root, &["diff", "--name-only", "HEAD", "trimtab/week-48"]), "a.lock");
    let told = git(&root, &["log", "-1", "--format=%an <%ae> %aI", "trimtab/week-48"]);
    assert_eq!(told, "Ann <ann@example.org> 2026-11-28T10:00:00+00:00");
    // The branch is ours: it may be written anew.
    let again = tree(&root);
    again.commit(&[change("a.lock", "3\n")], BATCH, &author(&root)).unwrap();
    assert_eq!(publish(&again, "trimtab/week-48").unwrap().before, Some(made));
    let place = copy.root();
    drop((copy, again));
    assert!(!place.exists(), "copies go");
    git(&root, &["fsck", "--strict"]);
}

#[test]
fn what_a_copy_lacks_is_known() {
    let id = "0".repeat(64);
    let pointer = format!("version 1 of the pointers\noid sha256:{id}\nsize 12345\n");
    let folder = project(&[("sub/own.bin", "own\n"), ("sub/large.bin", &pointer)]);
    let root = folder.path().join("project");
    // Without a rule it is a file like any other.
    assert_eq!(absent(&tree(&root)).unwrap(), Absent::default());
    files(&root, &[("sub/.gitattributes", "*.bin filter=lfs -text\n")]);
    git(&root, &["add", "sub/.gitattributes"]);
    let entry = format!("160000,{},lib/other", git(&root, &["rev-parse", "HEAD"]));
    git(&root, &["update-index", "--add", "--cacheinfo", &entry]);
    git(&root, &["commit", "-q", "--no-verify", "-m", "More"]);
    let lacks = absent(&tree(&root)).unwrap();
    assert_eq!(lacks.submodules, ["lib/other"]);
    assert_eq!(lacks.pointers, ["sub/large.bin"]);
}

#[test]
fn a_branch_says_what_was_left_out() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let copy = tree(&root);
    let text = format!("{BATCH}Trimtab-Left: relock a, and relock b\nTrimtab-Left: raise c to 2\n");
    copy.commit(&[change("a.lock", "2\n")], &text, &author(&root)).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    let all = unmerged(&root).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((&*all[0].batch, all[0].sent), ("week-48", false));
    let left: Vec<&str> = all[0].left.iter().map(String::as_str).collect();
    assert_eq!(left, ["raise c to 2", "relock a, and relock b"]);
    // The remote has a newer one, on which only one was left out: the other is carried out.
    let newer = tree(&root);
    let text = format!("{BATCH}Trimtab-Left: raise c to 2\n");
    newer.commit(&[change("a.lock", "3\n")], &text, &author(&root)).unwrap();
    publish(&newer, "trimtab/week-49").unwrap();
    let tip = git(&root, &["rev-parse", "trimtab/week-49"]);
    git(&root, &["update-ref", "refs/remotes/origin/trimtab/week-48", &tip]);
    git(&root, &["branch", "-q", "-D", "trimtab/week-49"]);
    let all = unmerged(&root).unwrap();
    let left: Vec<&str> = all[0].left.iter().map(String::as_str).collect();
    assert_eq!((all.len(), all[0].sent, left), (1, true, vec!["raise c to 2"]));
    assert_eq!((all[0].tips.len(), all[0].tips.contains(&*tip)), (2, true));
}

#[test]
fn a_branch_of_somebody_else_is_left_alone() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let copy = tree(&root);
    copy.commit(&[change("a.lock", "2\n")], BATCH, &author(&root)).unwrap();
    git(&root, &["checkout", "-qb", "trimtab/week-48"]);
    assert_eq!(publish(&copy, "trimtab/week-48").unwrap_err().code, Code::BranchTaken);
    files(&root, &[("mine", "x")]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "Mine"]);
    git(&root, &["checkout", "-q", "main"]);
    let told = publish(&copy, "trimtab/week-48").unwrap_err();
    assert_eq!(told.code, Code::BranchTaken);
    assert!(told.help.unwrap().contains("git branch -m"));
    for name in ["-x", "a..b", "trimtab/ x"] {
        assert_eq!(publish(&copy, name).unwrap_err().code, Code::Usage, "{name}");
    }
}

#[test]
fn what_has_no_repository_gets_a_patch() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &[("a.lock", "1\n"), ("node_modules/x", "x")]);
    let before = state(folder.path());
    let copy = Tree::of(folder.path(), "HEAD", None).unwrap();
    assert!(copy.repository().is_none() && !copy.root().join("node_modules").exists());
    let ours = trimtab_connect::apply::Author::ours("2026-11-28T10:00:00Z".parse().unwrap());
    copy.commit(&[change("a.lock", "2\n")], BATCH, &ours).unwrap();
    let patch = String::from_utf8(copy.patch().unwrap()).unwrap();
    assert!(patch.contains("-1\n+2\n") && patch.contains("Trimtab-Batch: week-48"), "{patch}");
    assert_eq!(publish(&copy, "trimtab/x").unwrap_err().code, Code::Usage);
    assert_eq!(state(folder.path()), before);
}

#[test]
fn no_path_leads_out_of_a_copy() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let copy = tree(&root);
    std::os::unix::fs::symlink(folder.path(), copy.root().join("out")).unwrap();
    for path in ["../x", "/x", ".git/config", "a/../../x", "out/x", ".GIT/hooks/x", ""] {
        let told = copy.write(&[change(path, "x")]).unwrap_err();
        assert_eq!(told.code, Code::PathEscapes, "{path}");
    }
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_batch_is_taken_back_also_when_it_was_merged() {
    let folder = project(&[("a.lock", "1\n"), ("b.lock", "1\n")]);
    let root = folder.path().join("project");
    let copy = tree(&root);
    let who = author(&root);
    copy.commit(&[change("a.lock", "2\n")], BATCH, &who).unwrap();
    copy.commit(&[change("b.lock", "2\n")], BATCH, &who).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    assert_eq!(find(&root, "week-48", "HEAD").unwrap(), Vec::<String>::new());
    git(&root, &["merge", "-q", "--no-ff", "-m", "Merge", "trimtab/week-48"]);
    files(&root, &[("c", "later")]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "Later"]);
    let commits = find(&root, "week-48", "HEAD").unwrap();
    assert_eq!(commits.len(), 2);
    let before = state(&root);
    let copy = tree(&root);
    let message = "Take week-48 back\n\nTrimtab-Rollback: week-48\n";
    let reverted = revert(&copy, &commits, message, &who).unwrap();
    assert_eq!(reverted.commits, commits);
    publish(&copy, "trimtab/rollback-week-48").unwrap();
    assert_eq!(state(&root), before);
    for file in ["a.lock", "b.lock"] {
        assert_eq!(git(&root, &["show", &format!("trimtab/rollback-week-48:{file}")]), "1");
    }
    git(&root, &["merge", "-q", "--ff-only", "trimtab/rollback-week-48"]);
    assert!(find(&root, "week-48", "HEAD").unwrap().is_empty(), "it is taken back once");
}

#[test]
fn it_is_known_when_a_batch_was_merged_and_whether_it_was_taken_back() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let who = author(&root);
    let copy = tree(&root);
    let tip = copy.commit(&[change("a.lock", "2\n")], BATCH, &who).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    let begun = |name| Carried { name, ..Carried::default() };
    let one = Carried { commit: Some(&tip), ..begun("week-48") };
    let of = |all: &[Carried<'_>]| merged(&root, all).unwrap();
    assert_eq!(of(&[one, begun("week-49")]), [None, None], "it waits");
    // The branch of the request has its batch, and it is not merged by that; nor where a pipeline has the two together.
    git(&root, &["checkout", "-q", "trimtab/week-48"]);
    assert_eq!(of(&[one]), [None]);
    git(&root, &["checkout", "-q", "--detach", "main"]);
    git(&root, &["merge", "-q", "--no-ff", "-m", "Both", "trimtab/week-48"]);
    assert_eq!(of(&[one]), [None]);
    git(&root, &["checkout", "-q", "main"]);
    let seconds = |commit: &str| git(&root, &["log", "-1", "--format=%ct", commit]);
    git(&root, &["merge", "-q", "--no-ff", "-m", "Merge", "trimtab/week-48"]);
    let came = seconds("HEAD");
    assert_ne!(came, seconds("trimtab/week-48"), "it was carried out at another moment");
    files(&root, &[("c", "later")]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "Later"]);
    // One that came without a merge is there, and when it came is not kept.
    let next = tree(&root);
    let second = "b\n\nTrimtab-Batch: week-49\n";
    let second = next.commit(&[change("a.lock", "3\n")], second, &who).unwrap();
    publish(&next, "trimtab/week-49").unwrap();
    git(&root, &["merge", "-q", "--ff-only", "trimtab/week-49"]);
    let two = Carried { commit: Some(&second), ..begun("week-49") };
    assert!(of(&[two])[0].is_some(), "main is where the branch is, and has it");
    git(&root, &["branch", "-q", "-D", "trimtab/week-49"]);
    let at = |of: &Option<Merged>| of.unwrap().at.map(|at| at.as_second().to_string());
    let is = of(&[one, two, begun("week-49")]);
    assert_eq!((at(&is[0]), at(&is[1])), (Some(came.clone()), None));
    // Without its commit it is told by its moment; one that was written anew came when it was.
    let same = jiff::Timestamp::from_second(seconds(&second).parse().unwrap()).unwrap();
    let is = of(&[Carried { from: Some(same), ..begun("week-49") }]);
    assert_eq!(at(&is[0]), None);
    let other = "0".repeat(40);
    let squashed = Carried { commit: Some(&other), ..two };
    assert_eq!(at(&of(&[squashed])[0]), Some(seconds(&second)));
    // What is dated is not asked about again: more than a hundred of them hold nobody up.
    let mut many = vec![Carried { is_dated: true, ..one }; 120];
    many.push(one);
    let is = of(&many);
    assert_eq!((at(&is[0]), at(&is[120])), (None, Some(came)));
    assert!(is.iter().flatten().all(|of| !of.taken_back));
    git(&root, &["revert", "--no-edit", "HEAD"]);
    let is = of(&[one, two]);
    assert_eq!((is[0].unwrap().taken_back, is[1].unwrap().taken_back), (false, true));
    // What was taken back and brought back is in it.
    git(&root, &["revert", "--no-edit", "HEAD"]);
    assert!(!of(&[two])[0].unwrap().taken_back);
    // A name that is no batch, and a folder that is no repository, are nothing.
    assert_eq!(of(&[begun("--all")]), [None]);
    assert_eq!(merged(tempfile::tempdir().unwrap().path(), &[one]).unwrap(), [None]);
}

#[test]
fn a_name_that_recurs_is_another_batch() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let moment = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let (first, later) = (moment("2026-11-28T10:00:00Z"), moment("2099-01-01T00:00:00Z"));
    let copy = tree(&root);
    let tip = copy.commit(&[change("a.lock", "2\n")], BATCH, &author(&root)).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    git(&root, &["merge", "-q", "--no-ff", "-m", "Merge", "trimtab/week-48"]);
    git(&root, &["branch", "-q", "-D", "trimtab/week-48"]);
    let was =
        Carried { name: "week-48", from: Some(first), until: Some(later), ..Carried::default() };
    let other = "0".repeat(40);
    let is = Carried { from: Some(later), until: None, commit: Some(&other), ..was };
    // The one that waits is not taken for the one that was merged.
    let of = merged(&root, &[was, is]).unwrap();
    assert!(of[0].is_some() && of[1].is_none(), "{of:?}");
    // Nor is the older one taken back with it.
    git(&root, &["revert", "--no-edit", "-m", "1", "HEAD"]);
    let again = Carried { commit: Some(&tip), ..was };
    let of = merged(&root, &[was, again, is]).unwrap();
    assert!(of[0].unwrap().taken_back && of[1].unwrap().taken_back && of[2].is_none(), "{of:?}");
}

#[test]
fn what_was_changed_since_is_told() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let copy = tree(&root);
    let who = author(&root);
    copy.commit(&[change("a.lock", "2\n")], BATCH, &who).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    git(&root, &["merge", "-q", "--ff-only", "trimtab/week-48"]);
    files(&root, &[("a.lock", "3\n")]);
    git(&root, &["commit", "-qam", "Mine"]);
    let commits = find(&root, "week-48", "HEAD").unwrap();
    let before = state(&root);
    let told = revert(&tree(&root), &commits, "x", &who).unwrap_err();
    assert_eq!(told.code, Code::RollbackConflict);
    assert!(told.message.contains("`a.lock`"), "{}", told.message);
    assert_eq!(state(&root), before);
}

#[test]
fn a_branch_is_sent_and_a_strange_one_is_not_written_over() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let host = folder.path().join("host.git");
    git(folder.path(), &["init", "-q", "--bare", "host.git"]);
    git(&root, &["remote", "add", "origin", &host.to_string_lossy()]);
    let copy = tree(&root);
    copy.commit(&[change("a.lock", "2\n")], BATCH, &author(&root)).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    push(&root, "origin", "trimtab/week-48", copy.base()).unwrap();
    push(&root, "origin", "trimtab/week-48", copy.base()).unwrap();
    let copy = tree(&root);
    copy.commit(&[change("a.lock", "3\n")], BATCH, &author(&root)).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    push(&root, "origin", "trimtab/week-48", copy.base()).unwrap();
    assert_eq!(git(&host, &["show", "trimtab/week-48:a.lock"]), "3");
    let sent = git(&host, &["rev-parse", "trimtab/week-48"]);
    // Somebody works on it.
    let other = folder.path().join("other");
    git(folder.path(), &["clone", "-q", "-b", "trimtab/week-48", "host.git", "other"]);
    files(&other, &[("mine", "x")]);
    git(&other, &["add", "."]);
    git(&other, &["commit", "-qm", "Mine"]);
    git(&other, &["push", "-q"]);
    let copy = tree(&root);
    copy.commit(&[change("a.lock", "4\n")], BATCH, &author(&root)).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    let told = push(&root, "origin", "trimtab/week-48", copy.base()).unwrap_err();
    assert_eq!(told.code, Code::BranchTaken);
    // Nor is it removed; what is where we left it is.
    let at = git(&host, &["rev-parse", "trimtab/week-48"]);
    let gone = |tip: &str| discard(&root, "origin", "trimtab/week-48", tip).unwrap();
    assert_eq!((gone(&sent), gone("")), (false, false));
    assert_eq!(git(&host, &["rev-parse", "trimtab/week-48"]), at);
    assert!(gone(&at));
    assert_eq!(git(&host, &["branch", "--list", "trimtab/*"]), "");
    assert!(!gone(&at), "it is gone");
    assert!(!root.join(".git/RAN").exists(), "no hook runs");
}

#[test]
fn shallow_clones_tags_and_worktrees_are_copied() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    git(&root, &["tag", "v1.2.3"]);
    files(&root, &[("a.lock", "2\n")]);
    git(&root, &["commit", "-qam", "Second"]);
    let address = format!("file://{}", root.display());
    git(folder.path(), &["clone", "-q", "--depth", "1", &address, "shallow"]);
    let shallow = folder.path().join("shallow");
    for (name, value) in [("user.name", "Ann"), ("user.email", "ann@example.org")] {
        git(&shallow, &["config", name, value]);
    }
    let copy = tree(&shallow);
    copy.commit(&[change("a.lock", "3\n")], BATCH, &author(&shallow)).unwrap();
    publish(&copy, "trimtab/x").unwrap();
    assert_eq!(git(&shallow, &["show", "trimtab/x:a.lock"]), "3");
    assert_eq!(git(&tree(&root).root(), &["describe", "--tags"])[..6], *"v1.2.3");
    git(&root, &["worktree", "add", "-q", "../second", "-b", "second"]);
    let second = folder.path().join("second");
    let copy = tree(&second);
    copy.commit(&[change("a.lock", "4\n")], BATCH, &author(&root)).unwrap();
    publish(&copy, "trimtab/y").unwrap();
    assert_eq!(git(&second, &["show", "trimtab/y:a.lock"]), "4");
}

#[test]
fn the_author_of_a_merge_is_who_merged() {
    let folder = project(&[("a.lock", "1\n")]);
    let root = folder.path().join("project");
    let who = author(&root);
    let copy = tree(&root);
    let tip = copy.commit(&[change("a.lock", "2\n")], BATCH, &who).unwrap();
    publish(&copy, "trimtab/week-48").unwrap();
    assert_eq!(merger(&root, &tip).unwrap(), None, "it is not merged");
    let other = "0".repeat(40);
    assert_eq!(merger(&root, &other).unwrap(), None);
    assert_eq!(merger(&root, "--all").unwrap(), None);
    let merge = ["-c", "user.name=Bo", "-c", "user.email=Bo@Example.org", "merge", "-q", "--no-ff"];
    git(&root, &[&merge[..], &["-m", "Merge", "trimtab/week-48"]].concat());
    let is = merger(&root, &tip).unwrap().unwrap();
    assert_eq!(is.address, "bo@example.org");
    assert_eq!(is.commit, git(&root, &["rev-parse", "HEAD"]));
    // What others merge later is another merge.
    git(&root, &["checkout", "-q", "-b", "side", "HEAD^"]);
    files(&root, &[("c", "later")]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "Later"]);
    git(&root, &["checkout", "-q", "main"]);
    git(&root, &["merge", "-q", "--no-ff", "-m", "Another", "side"]);
    assert_eq!(merger(&root, &tip).unwrap().unwrap(), is);
    // Of what came without a merge git does not tell who did it.
    let next = tree(&root);
    let second = next.commit(&[change("a.lock", "3\n")], BATCH, &who).unwrap();
    publish(&next, "trimtab/week-49").unwrap();
    git(&root, &["merge", "-q", "--ff-only", "trimtab/week-49"]);
    assert_eq!(merger(&root, &second).unwrap(), None);
}
