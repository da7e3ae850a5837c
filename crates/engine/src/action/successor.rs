//! What the publisher of a package recommends instead, taken from the text with which a registry
//! marks a version as deprecated. Only a text that names exactly one package counts.

use trimtab_model::Purl;

/// Words after which a name follows.
const AFTER: &[&str] = &[
    "use",
    "moved to",
    "renamed to",
    "replaced by",
    "replaced with",
    "superseded by",
    "switch to",
    "migrate to",
    "in favor of",
    "in favour of",
    "advise",
];
/// What can be in the place of a name, and is none: ordinary words, and what a platform itself
/// provides.
const NO_NAMES: &str = "\
    a an another assert buffer built-in builtin built-ins crypto es6 fetch fs git http https \
    instead it javascript js json latest map native newer node node-js nodejs npm object one \
    our package path pnpm process promise promises set stream string that the this \
    typescript url util v2 version web yarn";
/// Words before a phrase that turn it round.
const NO: [&str; 4] = ["not", "don't", "never", "longer"];
/// The longest text that is read, and the longest name.
const LONGEST: (usize, usize) = (2000, 214);

/// The one package that an advice names, without version. `None`: it names none, or several.
pub fn successor(package: &Purl, advice: &str) -> Option<Purl> {
    if advice.len() > LONGEST.0 || !matches!(package.purl_type(), "npm" | "composer") {
        return None;
    }
    let words: Vec<&str> = advice.split_whitespace().collect();
    let mut found: Option<Purl> = None;
    for phrase in AFTER.iter().map(|phrase| phrase.split(' ').collect::<Vec<_>>()) {
        for at in 0..words.len().saturating_sub(phrase.len()) {
            let here = &words[at..at + phrase.len()];
            if !here.iter().zip(&phrase).all(|(a, b)| plain(a).eq_ignore_ascii_case(b)) {
                continue;
            }
            let before = at.checked_sub(1).and_then(|at| words.get(at)).map(|word| plain(word));
            if before.is_some_and(|word| NO.iter().any(|no| word.eq_ignore_ascii_case(no))) {
                continue;
            }
            let mut rest = words[at + phrase.len()..].iter().copied();
            let article = |word: &&str| ["the", "package"].contains(&&*word.to_ascii_lowercase());
            let Some(word) = rest.find(|word| !article(word)) else { continue };
            let next = rest.next();
            if next.is_some_and(|next| is_command(package, word, next)) {
                let Some(named) = added(package, rest) else { continue };
                if found.as_ref().is_some_and(|held| *held != named) {
                    return None;
                }
                found = Some(named);
                continue;
            }
            let Some(named) = named(package, word, next) else { continue };
            // "use a, b or c" and "use a or b" leave the choice to people.
            if word.ends_with(',')
                && next.is_some_and(|next| self::named(package, next, None).is_some())
            {
                return None;
            }
            if next.is_some_and(|next| ["or", "and", "/"].contains(&&*next.to_ascii_lowercase())) {
                return None;
            }
            if found.as_ref().is_some_and(|held| *held != named) {
                return None;
            }
            found = Some(named);
        }
    }
    found.filter(|found| *found != package.package())
}

/// A word without the signs around it.
fn plain(word: &str) -> &str {
    word.trim_matches(|c: char| "\"'`()[]{}<>,;:.!?*".contains(c))
}

/// Whether two words begin the command that adds a package: `npm install`.
fn is_command(package: &Purl, program: &str, does: &str) -> bool {
    package.purl_type() == "npm"
        && ["npm", "pnpm", "yarn"].contains(&plain(program))
        && ["install", "i", "add"].contains(&does)
}

/// The package that a command adds, which ends with it.
fn added<'w>(package: &Purl, rest: impl Iterator<Item = &'w str>) -> Option<Purl> {
    let mut rest = rest.skip_while(|word| word.starts_with('-'));
    let word = rest.next()?;
    let ends = word.ends_with(['`', '\'', '"', '.', ',', ';', '!'])
        || rest.next().is_none_or(|next| plain(next).eq_ignore_ascii_case("instead"));
    ends.then(|| named(package, &format!("`{}`", plain(word)), None)).flatten()
}

/// The package of a word. One that is not marked as a name must look like one, and end what is said.
fn named(package: &Purl, word: &str, next: Option<&str>) -> Option<Purl> {
    let name = plain(word);
    // A mark ends with the word: `npx create-foo` names no package `npx`.
    let mark = word.chars().next().filter(|c| ['`', '\'', '"'].contains(c));
    let marked = mark.is_some_and(|mark| word.matches(mark).count() > 1);
    let ends = word.ends_with(['.', ',', ';', '!'])
        || next.is_none_or(|next| plain(next).eq_ignore_ascii_case("instead"));
    let name = match name.char_indices().skip(1).find(|(_, c)| *c == '@') {
        Some((at, _)) => &name[..at],
        None => name,
    };
    let lower = |part: &str| {
        let first =
            part.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        first
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
    };
    if name.len() > LONGEST.1 || NO_NAMES.split(' ').any(|none| none == name) {
        return None;
    }
    let text = match (package.purl_type(), name.split_once('/')) {
        ("composer", Some((vendor, name))) if lower(vendor) && lower(name) => {
            format!("pkg:composer/{vendor}/{name}")
        }
        ("npm", Some((scope, name))) if lower(name) => {
            let scope = scope.strip_prefix('@').filter(|scope| lower(scope))?;
            format!("pkg:npm/%40{scope}/{name}")
        }
        // What left its scope has its name still.
        ("npm", None)
            if lower(name)
                && (marked || ends && (name.contains('-') || name == package.name())) =>
        {
            format!("pkg:npm/{name}")
        }
        _ => return None,
    };
    text.parse().ok()
}
