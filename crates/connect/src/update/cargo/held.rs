//! What cargo holds without need: a package that was locked stays where it is, also where what is moved needs a later version
//! of it which everybody allows. Cargo says which, and then that is moved first, no further than it must.

use crate::program::Output;
use crate::update::drive::Drive;
use crate::update::refusal::Reason;

use super::is_above;

/// How many packages are moved so for one that is asked for.
const MOST: usize = 8;

/// Runs cargo, and where it holds something without need, after that was moved. What it wrote in the end; where nothing
/// helps, what it wrote at first.
pub(super) fn moving(
    drive: &Drive<'_>,
    arguments: &[&str],
    set: &[(&str, &str)],
) -> Result<Output, Reason> {
    let first = drive.try_run(arguments, set)?;
    let mut open: Vec<Held> = held(&first).into_iter().collect();
    let mut runs = 0;
    // What is to be moved may be held itself: that comes first.
    while let Some(next) = open.last() {
        runs += 1;
        if runs > MOST {
            return Ok(first);
        }
        let spec = format!("{}@{}", next.name, next.from);
        let moved = drive.try_run(&["update", "--package", &spec, "--precise", &next.to], set)?;
        if !moved.is_well() {
            match held(&moved).filter(|further| !open.contains(further)) {
                Some(further) => open.push(further),
                None => return Ok(first),
            }
            continue;
        }
        open.pop();
        if open.is_empty() {
            let again = drive.try_run(arguments, set)?;
            if again.is_well() {
                return Ok(again);
            }
            open.extend(held(&again));
        }
    }
    Ok(first)
}

/// A package that is held at a version, and the lowest one that is needed of it.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    name: String,
    from: String,
    to: String,
}

fn held(output: &Output) -> Option<Held> {
    if output.is_well() { None } else { read(&String::from_utf8_lossy(&output.stderr)) }
}

/// `failed to select a version for `a`.` … `versions that meet the requirements `^1.2` are: 1.3.0, 1.2.0` …
/// `previously selected package `a v1.0.0``
fn read(words: &str) -> Option<Held> {
    let lines = || words.lines().map(str::trim);
    let ticked = |line: &str| line.split('`').nth(1).map(str::to_owned);
    let name = lines().find(|line| line.contains("failed to select a version for `"))?;
    let name = ticked(name)?;
    let meet = lines().find(|line| line.starts_with("versions that meet the requirements `"))?;
    let (_, offered) = meet.split_once(" are: ")?;
    let lowest = offered.split(',').filter_map(|version| version.split_whitespace().next());
    let lowest = lowest.reduce(|held, next| if is_above(held, next) { next } else { held })?;
    let selected = lines().find(|line| line.starts_with("previously selected package `"))?;
    let selected = ticked(selected)?;
    let (own, version) = selected.split_once(" v")?;
    let from = version.split_whitespace().next()?;
    (own == name && is_above(lowest, from)).then(|| Held {
        name,
        from: from.to_owned(),
        to: lowest.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_read_out_of_its_words() {
        let words = |name: &str, from: &str, versions: &str| {
            format!(
                "error: failed to select a version for `{name}`.\n    ... required by package `c v2.0.0`\n\
                 versions that meet the requirements `^1.0.25` are: {versions}\n\n\
                 all possible versions conflict with previously selected packages.\n\n\
                 \x20 previously selected package `a v{from}`\n    ... which satisfies dependency `a = \"^1.0\"` \
                 (locked to {from}) of package `b v1.0.0`\n\n\
                 failed to select a version for `{name}` which could resolve this conflict\n"
            )
        };
        let of = |name: &str, from: &str, versions: &str| {
            read(&words(name, from, versions)).map(|held| held.to)
        };
        assert_eq!(of("a", "1.0.14", "1.0.47, 1.0.26, 1.0.25").as_deref(), Some("1.0.25"));
        assert_eq!(of("a", "1.0.14", "1.0.9, 1.0.47").as_deref(), None, "nothing moves down");
        assert_eq!(of("d", "1.0.14", "1.0.47"), None, "another is in the way");
        assert_eq!(read("error: no matching package named `a` found\n"), None);
    }
}
