//! The copies that others bring of what the project names itself. pnpm moves them only where they are forced.

use std::collections::BTreeSet;

use super::super::confirm::allows;
use super::super::drive::Drive;
use super::super::edit::json::{self, Document};
use super::super::javascript;
use super::super::proposal::Wish;
use super::super::refusal::Reason;
use super::lockfile::locked;
use super::settings::{forced_in, is_overrides};
use super::{LOCKFILE, OVERRIDES, WORKSPACE};

/// Moves the copies which others bring of what the project names itself: whatever pnpm is told, these it leaves. They are forced
/// for one run. What was locked by that stays when nothing forces it any more, where the ranges of those who ask allow it.
pub(super) fn copies(
    drive: &Drive<'_>,
    wish: &Wish,
    was: Option<&str>,
    pnpm: &dyn Fn(&[&str]) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let now = drive.text(LOCKFILE);
    let (Some(was), Some(now)) = (was, now) else { return Ok(()) };
    let held = held(wish, &javascript::named(drive.manifests), was, &now);
    if held.is_empty() {
        return Ok(());
    }
    let Some((path, before, forced)) = forced_once(drive, &held) else { return Ok(()) };
    drive.write(path, &forced)?;
    let install = || pnpm(&["install", "--no-frozen-lockfile"]);
    let ran = install();
    drive.write(path, &before)?;
    match ran.and_then(|()| install()) {
        // What was carried out without them holds.
        Err(reason) if !reason.stops() => drive.write(LOCKFILE, &now),
        // pnpm forces whatever is asked for in a range that has the version: a later copy may have gone down with it.
        Ok(()) if lost(&held, &now, &drive.text(LOCKFILE).unwrap_or_default()) => {
            drive.write(LOCKFILE, &now)
        }
        ended => ended,
    }
}

/// Whether more copies went than those which were to: of what is held, as `name@version`, and the version it is to have.
fn lost(held: &[(String, String)], was: &str, now: &str) -> bool {
    held.iter().any(|(what, _)| {
        let name = what.rsplit_once('@').map_or(&**what, |(name, _)| name);
        let is_meant =
            |version: &String| held.iter().any(|(other, _)| *other == format!("{name}@{version}"));
        let now = locked(now, name);
        !locked(was, name).difference(&now).all(is_meant)
    })
}

/// Copies that stayed where they were, with the version that they are to have: of what the project names, and no further away
/// than `^` allows.
fn held(wish: &Wish, own: &BTreeSet<String>, was: &str, now: &str) -> Vec<(String, String)> {
    let mut held = Vec::new();
    for (name, to) in wish.packages().filter(|(name, _)| own.contains(*name)) {
        let Some(to) = to else { continue };
        let (was, now) = (locked(was, name), locked(now, name));
        let is_near = |from: &&String| {
            from.as_str() != to && allows("npm", &format!("^{from}"), to) == Some(true)
        };
        let stayed = was.intersection(&now).filter(is_near);
        held.extend(stayed.map(|from| (format!("{name}@{from}"), to.to_owned())));
    }
    held
}

/// The file in which versions are forced for one run, its text, and the text that forces them.
fn forced_once(
    drive: &Drive<'_>,
    held: &[(String, String)],
) -> Option<(&'static str, String, String)> {
    if let Some(text) = drive.text(WORKSPACE).filter(|text| text.lines().any(is_overrides)) {
        let forced = forced_in(&text, held)?;
        return Some((WORKSPACE, text, forced));
    }
    let text = drive.text(javascript::MANIFEST)?;
    let document = Document::read(&text, javascript::MANIFEST).ok()?;
    let object = document.object_or_new(OVERRIDES).ok()?;
    held.iter().for_each(|(name, to)| json::set(&object, name, to));
    let forced = document.text();
    Some((javascript::MANIFEST, text, forced))
}

#[cfg(test)]
mod tests {
    use super::super::super::proposal::Kind;
    use super::*;

    #[test]
    fn copies_that_stay_beside_what_is_named_are_known() {
        let wish = Wish {
            kind: Kind::Relock,
            name: "left".to_owned(),
            from: Some("1.0.0".to_owned()),
            to: Some("1.2.0".to_owned()),
            other: None,
            child: None,
            also: vec![("right".to_owned(), Some("2.0.0".to_owned()))],
            others: Vec::new(),
        };
        let lock = |all: &[&str]| {
            all.iter()
                .fold("packages:\n".to_owned(), |text, key| format!("{text}\n  {key}: {{}}\n"))
        };
        let own = BTreeSet::from(["left".to_owned()]);
        let was = lock(&["left@1.0.0", "left@0.9.0", "right@1.9.0"]);
        let now = lock(&["left@1.0.0", "left@0.9.0", "left@1.3.0", "right@1.9.0"]);
        let one = [("left@1.0.0".to_owned(), "1.2.0".to_owned())];
        assert_eq!(held(&wish, &own, &was, &now), one, "not what is a major step away");
        assert!(held(&wish, &BTreeSet::new(), &was, &now).is_empty(), "others pnpm moves itself");
        let gone = lock(&["left@1.3.0", "left@0.9.0"]);
        assert!(held(&wish, &own, &was, &gone).is_empty());
    }

    #[test]
    fn a_copy_that_was_not_to_go_is_known() {
        let lock = |all: &[&str]| {
            all.iter()
                .fold("packages:\n".to_owned(), |text, key| format!("{text}\n  {key}: {{}}\n"))
        };
        let held = [("left@1.0.0".to_owned(), "1.2.0".to_owned())];
        let was = lock(&["left@1.0.0", "left@1.3.0", "right@2.0.0"]);
        assert!(!lost(&held, &was, &lock(&["left@1.2.0", "left@1.3.0", "right@2.0.1"])));
        assert!(lost(&held, &was, &lock(&["left@1.2.0", "right@2.0.0"])), "1.3.0 went down");
    }
}
