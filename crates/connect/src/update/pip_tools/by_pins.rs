//! A compiled file with a package that has no wheel and stays: pip-compile would have to build it. The pins that move are written
//! in their lines, and pip tells whether all that is pinned, and all that the sources ask for, go together with them.

use trimtab_model::Purl;

use super::super::drive::Drive;
use super::super::edit::lines;
use super::super::proposal::{Kind, Wish};
use super::super::refusal::Reason;
use super::super::written::{self, Line};
use super::super::{pip, requirement};

/// What pip-compile leaves out of what it writes, unless it is told otherwise.
const UNSAFE: &[&str] = &["distribute", "pip", "setuptools"];

/// A compiled file as it is after a wish, if only versions of its pins move; hashes are as they were. `None`: more than that is
/// wished, or the file says more than pins (an address).
pub(super) fn moved(before: &str, wish: &Wish) -> Option<String> {
    let is_pin = |line: &Line| match line {
        Line::Wanted(text) => {
            requirement::name(text).is_some_and(|name| requirement::pin(text, name).is_some())
        }
        Line::Index(_) => true,
        _ => false,
    };
    let is_plain = written::lines(before).iter().all(is_pin);
    let has_versions = wish.packages().all(|(_, to)| to.is_some());
    if !is_plain || !has_versions || !matches!(wish.kind, Kind::Relock | Kind::Raise) {
        return None;
    }
    let edited = lines::each(before, |line| {
        let own = requirement::name(line).unwrap_or_default();
        let wanted = wish.packages().find(|(name, _)| requirement::same(name, own));
        let to = wanted.and_then(|(_, to)| to);
        Ok(to.and_then(|to| requirement::exact(line, to)).filter(|new| new != line))
    });
    Some(edited.ok()?.unwrap_or_else(|| before.to_owned()))
}

/// Whether pip agrees to the pins of a text, beside the sources that it was compiled from; paths below the root.
///
/// # Errors
/// What stands in the way.
pub(super) fn agrees(drive: &Drive<'_>, text: &str, sources: &[String]) -> Result<(), Reason> {
    let chosen = pip::together(drive, sources, text)?;
    match unpinned(text, &chosen) {
        None => Ok(()),
        Some(name) => {
            let why = format!("it brings in `{name}`, which `pip-compile` would have to write");
            Err(Reason::Unsupported(why))
        }
    }
}

/// The first of what is chosen that a text does not pin.
fn unpinned<'c>(text: &str, chosen: &'c [Purl]) -> Option<&'c str> {
    let names = chosen.iter().map(Purl::name);
    let mut left = names.filter(|name| !UNSAFE.contains(name));
    left.find(|name| requirement::pin(text, name).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# by pip-compile\n--index-url https://registry.example/simple\n\n\
                        django==3.2.12\n    # via\n    #   -r requirements.in\n    #   shop\n\
                        pyjwt[crypto]==2.3.0\n    # via shop\nshop==0.49.0\n    # via -r requirements.in\n";

    fn wish(kind: Kind, name: &str, to: Option<&str>, also: &[(&str, &str)]) -> Wish {
        let also = also.iter().map(|(name, to)| ((*name).to_owned(), Some((*to).to_owned())));
        Wish {
            kind,
            name: name.to_owned(),
            from: None,
            to: to.map(str::to_owned),
            other: None,
            child: None,
            also: also.collect(),
            others: Vec::new(),
        }
    }

    #[test]
    fn only_the_lines_of_what_moves_are_written_anew() {
        let of = |wish: &Wish| moved(FILE, wish);
        let both = wish(Kind::Relock, "Django", Some("3.2.25"), &[("pyjwt", "2.4.0")]);
        let text = FILE.replace("3.2.12", "3.2.25").replace("2.3.0", "2.4.0");
        assert_eq!(of(&both).as_deref(), Some(&*text));
        // What it does not pin is another file's.
        assert_eq!(of(&wish(Kind::Raise, "other", Some("2"), &[])).as_deref(), Some(FILE));
        assert_eq!(of(&wish(Kind::Relock, "django", None, &[])), None, "no version is wanted");
        assert_eq!(of(&wish(Kind::Remove, "django", Some("3.2.25"), &[])), None);
    }

    #[test]
    fn a_file_that_says_more_than_pins_is_for_its_program() {
        let relock = wish(Kind::Relock, "django", Some("3.2.25"), &[]);
        for more in ["a>=1\n", "-e .\n", "-r other.txt\n"] {
            assert_eq!(moved(&format!("{FILE}{more}"), &relock), None, "{more}");
        }
        // What moves is written into its line; its hashes are told by others.
        let hashed = FILE.replace("3.2.12", "3.2.12 \\\n    --hash=sha256:00");
        let to = hashed.replace("3.2.12", "3.2.25");
        assert_eq!(moved(&hashed, &relock).as_deref(), Some(&*to));
    }

    #[test]
    fn what_nothing_pins_yet_is_told() {
        let chosen = |name: &str| Purl::new("pypi", None, name).with_version("1");
        let known = [chosen("Django"), chosen("setuptools"), chosen("pyjwt")];
        assert_eq!(unpinned(FILE, &known), None);
        assert_eq!(unpinned(FILE, &[chosen("django"), chosen("tzdata")]), Some("tzdata"));
    }
}
