//! Typosquat nearness: whether a name is one typing error, or one confusable character, away from
//! the name of a popular package. The popular names are data (`popular/<ecosystem>.txt`), made and
//! measured by `cargo run -p trimtab-engine --example popular`; `docs/selection.md` has the
//! figures.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use trimtab_model::{Family, Purl};

/// Names shorter than this have too many honest neighbours for one typing error to mean anything.
const SHORTEST_EDITED: usize = 5;
/// The same for two typing errors, and the shortest word in which they may be.
const SHORTEST_TWICE: usize = 10;
const SHORTEST_WORD: usize = 7;
/// Names shorter than this are not compared with an affix more or less.
const SHORTEST_AFFIXED: usize = 6;
/// Names shorter than this are not compared without their separators or affixes either.
const SHORTEST_FOLDED: usize = 4;
/// Longer names are not compared. The longest that a registry allows has 214 characters.
const LONGEST: usize = 256;
/// What squatters put before and behind a name, by family.
const AFFIXES: &[(Family, &[&str], &[&str])] = &[
    (Family::Npm, &["node-", "npm-", "js-"], &["-js", ".js", "js", "-node", "-npm"]),
    (Family::PyPI, &["python-", "python", "py-", "pip-"], &["-python", "-py", "python"]),
    (Family::CratesIo, &["rust-", "rust"], &["-rs", "-rust"]),
    (Family::RubyGems, &["ruby-"], &["-ruby", "-gem", "-rb"]),
];

/// The popular names of one ecosystem, ready to be compared with.
#[derive(Debug)]
pub struct Popular {
    family: Family,
    names: Vec<Box<str>>,
    known: HashSet<Box<str>>,
    /// By [`folded`].
    folded: HashMap<Box<str>, Vec<u32>>,
}

/// In what a name is near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slip {
    /// One character more, less or other, in a long name perhaps twice.
    Edit,
    /// Two characters beside each other, swapped.
    Swap,
    /// The same but for separators (`lodash.js`, `lodash_js`), a dropped scope included.
    Separators,
    /// The same to the eye (`rn` for `m`, `0` for `o`, `1` for `l`).
    Lookalike,
    /// The same with `python-`, `-js` or the like.
    Affix,
}

impl Slip {
    /// What it is, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Slip::Edit => "one letter differs",
            Slip::Swap => "two letters are swapped",
            Slip::Separators => "only separators differ",
            Slip::Lookalike => "it looks alike",
            Slip::Affix => "a common affix is added or left out",
        }
    }
}

/// The popular name that another is near to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near<'p> {
    /// The popular name.
    pub popular: &'p str,
    /// In what they differ.
    pub slip: Slip,
}

macro_rules! lists {
    ($( $family:ident, $file:literal; )*) => {
        static LISTS: LazyLock<Vec<Popular>> = LazyLock::new(|| vec![
            $( Popular::read(Family::$family, include_str!(concat!("popular/", $file))), )*
        ]);
    };
}

lists! {
    Npm, "npm.txt";
    PyPI, "pypi.txt";
    CratesIo, "cargo.txt";
    Go, "go.txt";
    RubyGems, "gem.txt";
}

impl Popular {
    /// The list that this build has for a family. `None`: it has none, and nearness is unknown.
    pub fn of(family: Family) -> Option<&'static Popular> {
        LISTS.iter().find(|list| list.family == family)
    }

    /// Reads a list: a name a line; lines that begin with `# ` are comments.
    pub fn read(family: Family, text: &str) -> Popular {
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("# "));
        let mut names: Vec<Box<str>> = lines.map(|name| spelled(family, name)).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| name.len() <= LONGEST);
        let mut list = Popular {
            family,
            known: names.iter().cloned().collect(),
            names: Vec::new(),
            folded: HashMap::new(),
        };
        for (at, name) in (0u32..).zip(&names) {
            if name.len() >= SHORTEST_FOLDED {
                list.folded.entry(folded(name)).or_default().push(at);
            }
        }
        list.names = names;
        list
    }

    /// How many names it has.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a name is popular itself.
    pub fn contains(&self, name: &str) -> bool {
        self.known.contains(&spelled(self.family, name))
    }

    /// The popular name that a package's name is near to; a popular name is near to none.
    pub fn near_purl(&self, purl: &Purl) -> Option<Near<'_>> {
        self.near(&self.family.package_name(purl))
    }

    /// The same of a name as the ecosystem spells it.
    pub fn near(&self, name: &str) -> Option<Near<'_>> {
        let name = spelled(self.family, name);
        if name.len() > LONGEST || self.known.contains(&name) {
            return None;
        }
        self.alike(&name).or_else(|| self.affixed(&name)).or_else(|| self.edited(&name))
    }

    fn alike(&self, name: &str) -> Option<Near<'_>> {
        if name.len() < SHORTEST_FOLDED {
            return None;
        }
        let near = self.folded.get(&*folded(name))?.iter().map(|at| &*self.names[*at as usize]);
        near.filter(|popular| !self.same_owner(name, popular) && comparable(name, popular))
            .map(|popular| {
                let slip =
                    if bare(name) == bare(popular) { Slip::Separators } else { Slip::Lookalike };
                Near { popular, slip }
            })
            .next()
    }

    fn affixed(&self, name: &str) -> Option<Near<'_>> {
        let (_, before, behind) = AFFIXES.iter().find(|(family, ..)| *family == self.family)?;
        // A scope belongs to somebody: an affix within it is theirs.
        if name.starts_with('@') {
            return None;
        }
        let without = before
            .iter()
            .filter_map(|affix| name.strip_prefix(affix))
            .chain(behind.iter().filter_map(|affix| name.strip_suffix(affix)));
        let with =
            before.iter().filter(|a| a.ends_with('-')).map(|affix| format!("{affix}{name}")).chain(
                behind
                    .iter()
                    .filter(|a| a.starts_with(['-', '.']))
                    .map(|affix| format!("{name}{affix}")),
            );
        without
            .map(str::to_owned)
            .chain(with)
            .filter(|other| other.len() >= SHORTEST_AFFIXED && name.len() >= SHORTEST_AFFIXED)
            .find_map(|other| self.known.get(&*other))
            .map(|popular| Near { popular, slip: Slip::Affix })
    }

    fn edited(&self, name: &str) -> Option<Near<'_>> {
        let letters: Vec<char> = name.chars().collect();
        if letters.len() < SHORTEST_EDITED {
            return None;
        }
        let near = |twice: bool| {
            self.names.iter().find(|popular| {
                popular.len().abs_diff(name.len()) <= 1 + usize::from(twice)
                    && match twice {
                        false => is_one_slip(&letters, &popular.chars().collect::<Vec<_>>()),
                        true => is_two_slips(name, popular),
                    }
                    && !self.same_owner(name, popular)
            })
        };
        let popular = near(false).or_else(|| near(true))?;
        let slip = if is_swap(name, popular) { Slip::Swap } else { Slip::Edit };
        Some(Near { popular, slip })
    }

    /// Whether one party publishes both, as the names themselves say: an npm scope, or the owner
    /// of a Go repository.
    fn same_owner(&self, a: &str, b: &str) -> bool {
        match self.family {
            Family::Npm => {
                let scope = |name: &str| {
                    name.split_once('/')
                        .filter(|(s, _)| s.starts_with('@'))
                        .map(|(s, _)| s.to_owned())
                };
                scope(a).is_some() && scope(a) == scope(b)
            }
            Family::Go => {
                let owner =
                    |name: &str| name.split('/').take(2).map(str::to_owned).collect::<Vec<_>>();
                // Without a repository behind the owner (`gopkg.in/yaml.v3`) the name says nothing.
                a.split('/').count() > 2 && owner(a) == owner(b)
            }
            _ => false,
        }
    }
}

/// A name as lists and questions spell it: normalised, in lower case; a Go module without its
/// major version.
fn spelled(family: Family, name: &str) -> Box<str> {
    let name = family.normalise(name).to_lowercase();
    if family == Family::Go
        && let Some((path, last)) = name.rsplit_once('/')
        && last
            .strip_prefix('v')
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    {
        return path.into();
    }
    name.into()
}

/// Whether a name without separators may be taken for another: a scope and the same words without it
/// often are one project's new and old name, `@types/x` and `types-x` are not.
fn comparable(name: &str, popular: &str) -> bool {
    name.starts_with('@') == popular.starts_with('@') || popular.starts_with("@types/")
}

/// Without separators.
fn bare(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | '/' | '@')).collect()
}

/// Without separators, and with one spelling for what looks the same.
fn folded(name: &str) -> Box<str> {
    bare(name).replace("rn", "m").replace("vv", "w").replace('0', "o").replace('1', "l").into()
}

/// Whether one character was added, left out, replaced, or swapped with the next, and that is not how
/// honest series of names differ: in a digit at an end or beside others, a plural, the first letter.
fn is_one_slip(a: &[char], b: &[char]) -> bool {
    if a.len().abs_diff(b.len()) > 1 || a.len().min(b.len()) + 1 < SHORTEST_EDITED {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail =
        a[same..].iter().rev().zip(b[same..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (left, right) = (&a[same..a.len() - tail], &b[same..b.len() - tail]);
    let letter = |at: Option<&char>| at.is_some_and(|c| c.is_alphabetic());
    // A digit is a slip only in the middle of a word.
    let inside =
        || same > 0 && letter(a.get(same - 1)) && tail > 0 && letter(a.get(a.len() - tail));
    let counts = |c: &char| if c.is_ascii_digit() { inside() } else { c.is_alphabetic() };
    match (left, right) {
        ([x], []) | ([], [x]) => {
            let long = a.len().min(b.len());
            // Many a short honest name is another and a letter (`color`, `colord`).
            let plural = *x == 's' && same > 0 && a[same - 1] != 's';
            let end = tail == 0 && (plural || long <= SHORTEST_EDITED);
            counts(x) && same > 0 && long >= SHORTEST_EDITED && !end
        }
        ([x], [y]) => same > 0 && a.len() > SHORTEST_EDITED && counts(x) && counts(y),
        ([x, y], [p, q]) => x == q && y == p && letter(Some(x)) && letter(Some(y)),
        _ => false,
    }
}

/// Whether two names are the same but for two characters beside each other.
fn is_swap(a: &str, b: &str) -> bool {
    let differ: Vec<_> = a.chars().zip(b.chars()).filter(|(x, y)| x != y).collect();
    a.len() == b.len() && matches!(*differ, [(x, y), (p, q)] if x == q && y == p)
}

/// Whether two long names with the same number of words differ by two typing errors within long
/// words.
fn is_two_slips(a: &str, b: &str) -> bool {
    const SEPARATORS: [char; 5] = ['-', '_', '.', '/', '@'];
    if a.len().min(b.len()) < SHORTEST_TWICE || a.chars().next() != b.chars().next() {
        return false;
    }
    let (mut x, mut y) = (a.split(SEPARATORS), b.split(SEPARATORS));
    let mut slips = 0;
    loop {
        match (x.next(), y.next()) {
            (None, None) => return (1..=2).contains(&slips),
            (Some(x), Some(y)) if x == y => {}
            (Some(x), Some(y)) if x.len().min(y.len()) >= SHORTEST_WORD => {
                slips += distance(x, y);
                if slips > 2 || x.bytes().chain(y.bytes()).any(|b| b.is_ascii_digit()) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// The edit distance with swaps of neighbours (optimal string alignment), or 3 where it is more
/// than two.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let mut before = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let other = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (row[j] + 1).min(next[j - 1] + 1).min(row[j - 1] + other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            next[j] = least;
        }
        if next.iter().all(|d| *d > 2) {
            return 3;
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()].min(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Popular {
        Popular::read(
            Family::Npm,
            "lodash\nlodash-es\n@types/node\n@babel/core\ncross-env\nmoment\nexpress\n# not a name\nms\n",
        )
    }

    #[test]
    fn slips_of_the_hand_and_tricks_of_the_eye_are_near() {
        let list = list();
        let slip = |name: &str| list.near(name).map(|n| (n.popular.to_owned(), n.slip));
        for (name, popular, slip_of) in [
            ("lodahs", "lodash", Slip::Swap),
            ("lodassh", "lodash", Slip::Edit),
            ("expres", "express", Slip::Edit),
            ("crossenv", "cross-env", Slip::Separators),
            ("cross.env", "cross-env", Slip::Separators),
            ("types-node", "@types/node", Slip::Separators),
            ("rnoment", "moment", Slip::Lookalike),
            ("1odash", "lodash", Slip::Lookalike),
            ("lodash-js", "lodash", Slip::Affix),
            ("node-express", "express", Slip::Affix),
            ("@bable/core", "@babel/core", Slip::Swap),
        ] {
            assert_eq!(slip(name), Some((popular.to_owned(), slip_of)), "{name}");
        }
    }

    #[test]
    fn the_popular_their_owners_and_the_short_are_not_near() {
        let list = list();
        for name in ["lodash", "lodash-es", "@types/nodes", "mz", "left-pad", "expresss5", ""] {
            assert_eq!(list.near(name), None, "{name}");
        }
    }

    #[test]
    fn lists_have_names_and_no_popular_name_is_near_another() {
        for family in [Family::Npm, Family::PyPI, Family::CratesIo, Family::Go, Family::RubyGems] {
            let list = Popular::of(family).unwrap();
            assert!(list.len() > 100, "{family}: {}", list.len());
            for name in &list.names {
                assert_eq!(list.near(name), None, "{family} {name}");
            }
        }
        assert!(Popular::of(Family::Debian).is_none());
    }
}
