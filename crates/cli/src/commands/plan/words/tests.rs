//! Why an idea came to nothing, in words.

use std::collections::BTreeSet;

use trimtab_connect::update::Refusal;
use trimtab_model::Relation;

use super::next::instead;
use super::*;

/// A package that a version of it helps, without a way.
fn idea(package: &str, relation: Relation, to: &str) -> Idea {
    Idea {
        file: 0,
        package: package.parse().unwrap(),
        relation,
        to: Some(to.into()),
        unsaid: false,
        within: None,
        parents: Vec::new(),
        around: Vec::new(),
        askers: Vec::new(),
        findings: vec![0],
        left: Vec::new(),
        ways: Vec::new(),
    }
}

#[test]
fn to_replace_is_advised_only_where_no_version_helps() {
    let idea = Idea {
        parents: vec!["pkg:cargo/top@1.0.0".parse().unwrap()],
        ..idea("pkg:cargo/deep@1.0.0", Relation::Transitive, "2.0.0")
    };
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted: BTreeSet::new(),
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let told = |reason| {
        let (edits, commands) = (Vec::new(), Vec::new());
        let refusal = Refusal { reason, edits, next: None, commands };
        let tried = vec![("raise top".to_owned(), Refused::Tool(Box::new(refusal)))];
        instead(&case, &tried, "deep", "2.0.0")
    };
    assert!(told(Reason::NoLater).contains("replace"));
    // That a manifest cannot be edited says nothing of versions.
    assert!(!told(Reason::Unsupported("a catalog names it".to_owned())).contains("replace"));
}

#[test]
fn what_would_run_code_has_its_edit() {
    let idea =
        Idea { ways: vec![Way::Raise], ..idea("pkg:maven/a/left@1.30", Relation::Direct, "2.0") };
    let wanted = BTreeSet::new();
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted,
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let tool = trimtab_connect::update::Tool::by_id("gradle").unwrap();
    let place = Place { name: "build.gradle".into(), folder: "".into(), tool };
    let told = |edits: Vec<Change>| {
        let (reason, commands) = (Reason::ProjectCode("its build files"), Vec::new());
        let refusal = Refusal { reason, edits, next: None, commands };
        let tried = vec![("raise left".to_owned(), Refused::Tool(Box::new(refusal)))];
        code(&case, &tried, &place, ("a:left", "2.0")).unwrap()
    };
    let (before, after) = (Some(b"1.30".to_vec()), Some(b"2.0".to_vec()));
    let edit = Change { path: "build.gradle".to_owned(), before, after };
    let known = told(vec![edit.clone()]);
    assert_eq!(known.edit, [edit]);
    assert!(known.why.starts_with("gradle would run code of the project (its build files)"));
    assert!(known.next.contains("plan with `--project-code`"), "{}", known.next);
    assert!(known.next.ends_with("or make the edit by hand"), "{}", known.next);
    // Nothing was seen to stand in the way, as nothing was tried.
    let unknown = told(Vec::new()).next;
    assert!(unknown.ends_with(&format!("or raise a:left to 2.0 by hand, {ACCEPT}")), "{unknown}");
}

/// `actionpack` is a part of `rails`, which the Gemfile names.
#[test]
fn a_part_has_the_edit_of_the_whole() {
    let idea = idea("pkg:gem/actionpack@6.0.3", Relation::Transitive, "6.0.4.7");
    let wanted = BTreeSet::new();
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted,
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let tool = trimtab_connect::update::Tool::by_id("bundler").unwrap();
    let place = Place { name: "Gemfile.lock".into(), folder: "".into(), tool };
    let refused = |edits: Vec<Change>| {
        let (reason, commands) = (Reason::ProjectCode("its Gemfile"), Vec::new());
        Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
    };
    let (before, after) = (Some(b"6.0.3".to_vec()), Some(b"6.0.4".to_vec()));
    let edit = Change { path: "Gemfile".to_owned(), before, after };
    let tried = vec![
        ("any update".to_owned(), refused(Vec::new())),
        ("raise rails to 6.0.4.7".to_owned(), refused(vec![edit.clone()])),
    ];
    let told = code(&case, &tried, &place, ("actionpack", "6.0.4.7")).unwrap();
    assert_eq!(told.edit, [edit]);
    let next =
        "make the edit by hand (raise rails to 6.0.4.7, which has actionpack in its own version)";
    assert!(told.next.ends_with(next), "{}", told.next);
}

#[test]
fn what_the_project_may_name_itself_is_not_told_as_brought_by_others() {
    let told = |relation| {
        let idea = idea("pkg:maven/a/left@1.30", relation, "2.0");
        let wanted = BTreeSet::new();
        let case = Case {
            idea: &idea,
            place: Some(0),
            wanted,
            rest: BTreeSet::new(),
            weight: 1.0,
            unpublished: false,
        };
        instead(&case, &Vec::new(), "a:left", "2.0")
    };
    let unknown = format!("raise a:left to 2.0, or what brings it, by hand, {ACCEPT}");
    assert_eq!(told(Relation::Unknown), unknown);
    assert_eq!(told(Relation::Transitive), format!("raise what brings a:left by hand, {ACCEPT}"));
}

#[test]
fn nobody_is_told_to_take_what_is_not_offered_or_malicious() {
    let idea =
        Idea { ways: vec![Way::Raise], ..idea("pkg:npm/left@5.3.0", Relation::Direct, "5.6.1") };
    let wanted = BTreeSet::new();
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted,
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let conflict = |said: &str| {
        let reason = Reason::Conflict { blockers: Vec::new(), said: said.to_owned() };
        let (edits, commands) = (Vec::new(), Vec::new());
        Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
    };
    let offers = |what: &str| {
        let none = conflict(&format!("notarget No matching version found for {what}."));
        is_unoffered(&vec![("raise left to 5.6.1".to_owned(), none)], "left", "5.6.1")
    };
    assert!(offers("left@5.6.1") && offers("left@5.6.1 with a date before 1/1/2026"));
    assert!(!offers("left@5.6.10") && !offers("right@5.6.1"));
    // A relock before it changed nothing, as nothing is there to change to.
    let also = |reason: Reason| {
        let (edits, commands) = (Vec::new(), Vec::new());
        let first = Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }));
        let none = conflict("notarget No matching version found for left@5.6.1.");
        let tried = vec![
            ("relock left at 5.6.1".to_owned(), first),
            ("raise left to 5.6.1".to_owned(), none),
        ];
        is_unoffered(&tried, "left", "5.6.1")
    };
    assert!(also(Reason::Unchanged { blockers: Vec::new() }));
    assert!(!also(Reason::TimeLimit(60)), "it may be possible");
    assert!(!is_unoffered(&vec![("raise left".to_owned(), Refused::Nothing)], "left", "5.6.1"));
    let told = Explained {
        why: "it would bring MAL-2026-1 in".to_owned(),
        next: "raise left to 5.6.1 by hand".to_owned(),
        ..Explained::default()
    };
    let told = malicious(told, &case, "5.6.1", &["MAL-2026-1".to_owned()]);
    assert!(told.next.starts_with("do not take left 5.6.1: replace or remove left, "));
    assert!(told.why.ends_with("; left 5.6.1 is malicious according to MAL-2026-1"));
}

#[test]
fn what_the_time_did_not_suffice_for_is_not_told_as_impossible() {
    let refused = |reason| {
        let (edits, commands) = (Vec::new(), Vec::new());
        Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
    };
    let held = || refused(Reason::Unchanged { blockers: Vec::new() });
    let early = |ways: &[Way], tried: Vec<(&str, Refused)>| {
        let idea = Idea {
            ways: ways.to_vec(),
            ..idea("pkg:npm/deep@1.0.0", Relation::Transitive, "2.0.0")
        };
        let wanted = BTreeSet::new();
        let case = Case {
            idea: &idea,
            place: Some(0),
            wanted,
            rest: BTreeSet::new(),
            weight: 1.0,
            unpublished: false,
        };
        let tried = tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
        is_early(&case, &tried)
    };
    let both = [Way::Relock, Way::Override];
    assert!(early(&both, vec![("relock deep at 2.0.0", held())]));
    assert!(early(&both, vec![("relock deep at 2.0.0", held()), ("raise top", Refused::Time)]));
    assert!(!early(&[Way::Relock], vec![("relock deep at 2.0.0", held())]));
    let forced = ("force deep to 2.0.0", Refused::Nothing);
    assert!(!early(&both, vec![("relock deep at 2.0.0", held()), forced]));
    let bundled = Refused::Bundled(vec!["top@1.0.0".to_owned()]);
    assert!(!early(&both, vec![("relock deep at 2.0.0", bundled)]));
}

/// What is told of a package of Python of which nothing was confirmed when the time was over.
fn told_late(tried: Vec<(&str, Refused)>) -> Explained {
    let idea = Idea {
        ways: vec![Way::Relock, Way::Override],
        ..idea("pkg:pypi/lxml@4.8.0", Relation::Direct, "4.9.1")
    };
    let wanted = BTreeSet::new();
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted,
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let tool = trimtab_connect::update::Tool::by_id("pip-tools").unwrap();
    let place = Place { name: "requirements.txt".into(), folder: "".into(), tool };
    let tried = tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
    explain(&case, &tried, Some(&place), (None, true))
}

#[test]
fn what_did_not_come_to_an_end_was_not_tried() {
    let told = told_late(vec![("relock it with celery, kombu", Refused::Time)]);
    assert_eq!(told.why, "it was not tried whether 4.9.1 is possible: the time ran out");
    assert_eq!(told.next, "allow more time with --time");
    assert_eq!(told.tried.len(), 1, "{:?}", told.tried);
}

#[test]
fn more_time_builds_no_wheel() {
    let no_wheel = |package: &str| {
        let (package, version) = (package.to_owned(), "0.49.0".to_owned());
        let reason = Reason::NoWheel { package, version, asked: None };
        let (edits, commands) = (Vec::new(), Vec::new());
        Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
    };
    let told = told_late(vec![("relock lxml at 4.9.1", no_wheel("django-allauth"))]);
    assert!(told.why.starts_with("`django-allauth 0.49.0` has no wheel"), "{}", told.why);
    assert!(told.next.starts_with("plan with `--project-code`"), "{}", told.next);
    assert!(!told.next.contains("--time"), "{}", told.next);
    // Another version of the package itself may have one.
    let told = told_late(vec![("relock lxml at 4.9.1", no_wheel("lxml"))]);
    assert!(told.next.contains("--time"), "{}", told.next);
}

#[test]
fn of_what_is_named_and_brought_the_copy_is_told() {
    let refused = |reason| {
        let (edits, commands) = (Vec::new(), Vec::new());
        Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
    };
    let by = |who: &str| Blocker {
        who: who.to_owned(),
        needs: "left".to_owned(),
        range: "^1.0.0".to_owned(),
    };
    let held = |who: &str| refused(Reason::Unchanged { blockers: vec![by(who)] });
    let idea = Idea {
        ways: vec![Way::Raise, Way::Override],
        ..idea("pkg:npm/left@1.0.0", Relation::Direct, "2.0.0")
    };
    let case = |tried: Vec<(&str, Refused)>| {
        let wanted = BTreeSet::new();
        let case = Case {
            idea: &idea,
            place: Some(0),
            wanted,
            rest: BTreeSet::new(),
            weight: 1.0,
            unpublished: false,
        };
        let tried: Tried = tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
        let Explained { why, next, .. } = refused_as(&case, &tried);
        (why, next, is_unforced(&case, &tried))
    };
    let (why, next, unforced) =
        case(vec![("raise left to 2.0.0", Refused::Nothing), ("relock left at 2.0.0", held(OURS))]);
    assert_eq!(why, "raise left to 2.0.0: a copy stays that something else brings");
    assert_eq!(next, format!("raise by hand what else brings left 1.0.0, {ACCEPT}"));
    assert!(unforced);
    let down = Reason::Downgrade {
        package: "pkg:npm/left".to_owned(),
        from: "2.1.0".to_owned(),
        to: "2.0.0".to_owned(),
    };
    let (_, next, unforced) =
        case(vec![("raise left to 2.0.0", refused(down)), ("force left to 2.0.0", held("up@1"))]);
    assert!(next.contains("what else brings left 1.0.0") && !unforced, "{next}");
    // Nothing stands in the way as far as was tried.
    let (_, next, _) = case(vec![("relock left at 2.0.0", held(OURS))]);
    assert_eq!(next, format!("raise left to 2.0.0 by hand, {ACCEPT}"));
    let (_, next, _) = case(vec![("relock left at 2.0.0", held("up@1.0.0"))]);
    assert!(next.contains("together with what stands in the way"), "{next}");
}

fn refused_as(case: &Case<'_>, tried: &Tried) -> Explained {
    refused(case, tried, "left", "2.0.0")
}

#[test]
fn a_bound_of_a_range_is_told_as_no_version() {
    let of = |package: &str, to: &str| shown(&package.parse().unwrap(), to);
    let crates = |to: &str| of("pkg:cargo/memmap", to);
    assert_eq!(crates("0.7.1-0"), "the first version after 0.7.0");
    assert_eq!(crates("0.8.0-0"), "0.8.0 or later");
    assert_eq!(crates("1.0.0-rc.0"), "1.0.0-rc.0");
    assert_eq!(crates("1.0.0-alpha-0"), "1.0.0-alpha-0");
    assert_eq!(crates("1.0.0"), "1.0.0");
    // There such a version is one.
    assert_eq!(of("pkg:deb/debian/memmap", "3.2.1-0"), "3.2.1-0");
}

#[test]
fn what_was_stopped_is_not_told_as_impossible() {
    let idea = idea("pkg:maven/a/left@1.0.0", Relation::Direct, "2.0.0");
    let wanted = BTreeSet::new();
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted,
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let told = |reason| {
        let change =
            Change { path: "build.gradle".to_owned(), before: None, after: Some(b"x".to_vec()) };
        let refusal = Refusal { reason, edits: vec![change], next: None, commands: Vec::new() };
        let tried = vec![("raise left".to_owned(), Refused::Tool(Box::new(refusal)))];
        refused(&case, &tried, "left", "2.0.0")
    };
    let stopped = told(Reason::TimeLimit(299));
    assert_eq!(stopped.next, "allow more time with --time");
    assert!(stopped.why.ends_with("it is fixed in 2.0.0"), "{}", stopped.why);
}

#[test]
fn who_would_write_a_file_is_told() {
    let told = undriven("app/Pipfile.lock", "left", "1.1");
    assert_eq!(told.0, "app/Pipfile.lock belongs to Pipenv, which Trimtab does not run");
    assert_eq!(told.1, "raise left to 1.1 with Pipenv");
    let told = undriven("setup.cfg", "left", "1.1");
    assert_eq!(told.0, "no known package manager writes setup.cfg");
    assert_eq!(told.1, "raise left to 1.1 in setup.cfg by hand");
}

#[test]
fn the_words_of_a_tool_are_kept_whole() {
    let said = "npm error could not resolve\n  ".repeat(50);
    let told = in_words(&Refused::Unasked(said.clone()));
    assert!(!told.contains('\n') && told.chars().count() > 1000, "{told}");
    assert!(told.split(' ').eq(said.split_whitespace()), "{told}");
}

#[test]
fn what_brings_something_without_a_fix_is_looked_for_in_a_later_version() {
    let purl = |text: &str| text.parse().unwrap();
    let told = |parents: &[&str], tried: Vec<(&str, Refused)>| {
        let idea = Idea {
            to: None,
            parents: parents.iter().map(|parent| purl(parent)).collect(),
            ..idea("pkg:cargo/deep@1.0.0", Relation::Transitive, "2.0.0")
        };
        let wanted = BTreeSet::new();
        let case = Case {
            idea: &idea,
            place: Some(0),
            wanted,
            rest: BTreeSet::new(),
            weight: 1.0,
            unpublished: false,
        };
        let tried = tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
        without(&case, &tried, "deep")
    };
    let (top, other) = ("pkg:cargo/top@1.0.0", "pkg:cargo/other@1.0.0");
    assert_eq!(
        told(&[top], Vec::new()),
        format!(
            "look for a later version of top without deep (not tried), replace or remove top, {ACCEPT}"
        )
    );
    let both = told(&[top, other], vec![("raise top and other", Refused::Time)]);
    assert!(both.starts_with("look for later versions of top and other without deep"), "{both}");
    assert_eq!(
        told(&[top], vec![("raise top", Refused::Nothing)]),
        format!(
            "replace or remove top (no later version that was tried does without deep), {ACCEPT}"
        )
    );
    assert!(told(&[], Vec::new()).starts_with("replace or remove what brings deep, "));
}

/// `py` has a fix for one finding and none for another, and pytest brings it.
#[test]
fn of_what_has_no_fix_beside_what_has_one_it_is_told_whether_it_was_tried() {
    let idea = Idea {
        parents: vec!["pkg:pypi/pytest@7.0.0".parse().unwrap()],
        ..idea("pkg:pypi/py@1.8.2", Relation::Transitive, "1.10.0")
    };
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted: BTreeSet::new(),
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let tool = trimtab_connect::update::Tool::by_id("uv").unwrap();
    let place = Place { name: "uv.lock".into(), folder: "".into(), tool };
    // That no later pytest brings the fix says nothing of one without it.
    let tried = vec![("raise pytest".to_owned(), Refused::Nothing)];
    let told = |rest: &Tried| explain(&case, &tried, Some(&place), (Some(rest), false));
    let none = told(&Vec::new());
    assert_eq!(none.why, "no source names a fixed version");
    assert!(
        none.next.starts_with("look for a later version of pytest without py (not tried), "),
        "{}",
        none.next
    );
    let vain = told(&vec![("raise pytest".to_owned(), Refused::Nothing)]);
    let next = "replace or remove pytest (no later version that was tried does without py), ";
    assert!(vain.next.starts_with(next), "{}", vain.next);
    assert_eq!(vain.tried.len(), 2);
    let late = told(&vec![("raise pytest".to_owned(), Refused::Time)]);
    assert_eq!(late.next, none.next);
}

#[test]
fn what_a_package_manager_does_not_do_has_its_edit() {
    let idea = idea("pkg:composer/a/left@1.0.0", Relation::Direct, "2.0.0");
    let wanted = BTreeSet::new();
    let case = Case {
        idea: &idea,
        place: Some(0),
        wanted,
        rest: BTreeSet::new(),
        weight: 1.0,
        unpublished: false,
    };
    let told = |edits: Vec<Change>| {
        let reason = Reason::Unsupported("there is no composer.lock".to_owned());
        let refusal = Refusal { reason, edits, next: None, commands: Vec::new() };
        let tried = vec![("raise left".to_owned(), Refused::Tool(Box::new(refusal)))];
        refused(&case, &tried, "a/left", "2.0.0")
    };
    let after = Some(b"2.0.0".to_vec());
    let edit = Change { path: "composer.json".to_owned(), before: None, after };
    let known = told(vec![edit.clone()]);
    assert_eq!(known.edit, [edit]);
    assert_eq!(known.why, "raise left: there is no composer.lock");
    assert_eq!(known.next, format!("make the edit by hand, {ACCEPT}"));
    let unknown = told(Vec::new());
    assert!(unknown.edit.is_empty() && unknown.next.contains("raise a/left to 2.0.0 by hand"));
}
