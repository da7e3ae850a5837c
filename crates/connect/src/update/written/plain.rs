//! Requirements for which pip builds nothing where it is asked for wheels alone: versions of a package, and a wheel at an
//! address. They are written anew, so that nothing else of a line reaches pip.

/// What a name or version may not end in: pip takes such a word for a file, and builds it where it is there.
const ARCHIVES: &[&str] = &[
    ".zip",
    ".whl",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tlz",
    ".tar.lz",
    ".tar.lzma",
];
const OPERATORS: &[&str] = &["==", "===", "!=", "<=", ">=", "~=", "<", ">"];

/// A requirement (PEP 508) as it is passed on to pip. `None`: it is none, or not one of those that are known to be harmless.
pub(crate) fn plain(text: &str) -> Option<String> {
    let is_known = |c: char| matches!(c, ' ' | '\t') || c.is_ascii_graphic();
    let text = text.trim_matches([' ', '\t']);
    if !text.chars().all(is_known) {
        return None;
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        let (address, rest) = cut(text);
        return marked(wheel(address)?.to_owned(), rest);
    }
    let is_named = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let (name, rest) = text.split_at(text.find(|c| !is_named(c)).unwrap_or(text.len()));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !is_name {
        return None;
    }
    let (extras, rest) = extras(rest.trim_start())?;
    if let Some(rest) = rest.strip_prefix('@') {
        let (address, rest) = cut(rest.trim_start());
        return marked(format!("{name}{extras} @ {}", wheel(address)?), rest);
    }
    let (range, rest) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
    let versions = versions(range)?;
    let lower = format!("{name}{versions}").to_ascii_lowercase();
    if ARCHIVES.iter().any(|end| lower.ends_with(end)) {
        return None;
    }
    marked(format!("{name}{extras}{versions}"), rest)
}

/// A word, and what follows it.
fn cut(text: &str) -> (&str, &str) {
    text.split_once([' ', '\t']).unwrap_or((text, ""))
}

/// `[a,b]`, and what follows.
fn extras(text: &str) -> Option<(String, &str)> {
    let Some(rest) = text.strip_prefix('[') else { return Some((String::new(), text)) };
    let (all, rest) = rest.split_once(']')?;
    let is_known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let all: Vec<&str> = all.split(',').map(str::trim).collect();
    let are_names = all.iter().all(|one| {
        one.starts_with(|c: char| c.is_ascii_alphanumeric()) && one.chars().all(is_known)
    });
    are_names.then(|| (format!("[{}]", all.join(",")), rest.trim_start()))
}

/// `>=1,<2` or `(>=1,<2)`.
fn versions(text: &str) -> Option<String> {
    let text = text.trim();
    let text = match text.strip_prefix('(') {
        Some(rest) => rest.strip_suffix(')')?.trim(),
        None => text,
    };
    if text.is_empty() {
        return Some(String::new());
    }
    let is_known = |c: char| c.is_ascii_alphanumeric() || "._*+!-".contains(c);
    let one = |part: &str| {
        let part = part.trim();
        let is_operator = |c: char| "<>=!~".contains(c);
        let (operator, version) = part.split_at(part.find(|c| !is_operator(c))?);
        let version = version.trim_start();
        let is_one = OPERATORS.contains(&operator)
            && version.starts_with(|c: char| c.is_ascii_alphanumeric())
            && version.chars().all(is_known);
        is_one.then(|| format!("{operator}{version}"))
    };
    let all: Option<Vec<String>> = text.split(',').map(one).collect();
    Some(all?.join(","))
}

/// An address of a wheel, without what follows `#`. pip tells by the end of the path what is one.
fn wheel(address: &str) -> Option<&str> {
    let bare = address.split('#').next()?;
    let is_web = bare.starts_with("https://") || bare.starts_with("http://");
    let is_known = |c: char| c.is_ascii_alphanumeric() || "._~:/%+-@".contains(c);
    (is_web && bare.ends_with(".whl") && bare.chars().all(is_known)).then_some(bare)
}

/// A requirement with the marker that follows it.
fn marked(what: String, rest: &str) -> Option<String> {
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(what);
    }
    let marker = rest.strip_prefix(';')?;
    let is_known = |c: char| c.is_ascii_alphanumeric() || " \t._-'\"<>=!~(),*+".contains(c);
    let words: Vec<&str> = marker.split_whitespace().collect();
    // A word that begins so is an option to pip, also behind a marker.
    let is_plain = !words.is_empty() && !words.iter().any(|word| word.starts_with('-'));
    (is_plain && marker.chars().all(is_known)).then(|| format!("{what} ; {}", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn versions_of_packages_and_wheels_are_written_anew() {
        for (text, written) in [
            ("a", "a"),
            ("A.b-c_d == 1.0", "A.b-c_d==1.0"),
            (
                "a [x, y] >=1 , <2!3.0+l ; python_version<'3.9'",
                "a[x,y]>=1,<2!3.0+l ; python_version<'3.9'",
            ),
            ("a (>=1,<2)", "a>=1,<2"),
            ("a==1.*", "a==1.*"),
            ("backports.lzma==0.0.14", "backports.lzma==0.0.14"),
            (
                "a @ https://host.example/a-1-py3-none-any.whl#sha256=00 ; sys_platform == \"linux\"",
                "a @ https://host.example/a-1-py3-none-any.whl ; sys_platform == \"linux\"",
            ),
            (
                "https://host.example/a-1-py3-none-any.whl",
                "https://host.example/a-1-py3-none-any.whl",
            ),
        ] {
            assert_eq!(plain(text).as_deref(), Some(written), "{text}");
        }
    }

    #[test]
    fn what_pip_would_build_is_none() {
        for text in [
            "",
            "a ;\n-e git+https://host.example/x#egg=x",
            "a\n--no-binary=:all:",
            "a\r-e .",
            "a\u{2028}-e .",
            "a\u{c}git+https://host.example/x",
            "a ; python_version > '3' -e git+https://host.example/x",
            "a ; --no-binary=:all:",
            "a==1 --no-binary=:all:",
            "https://host.example/a-1-py3-none-any.whl;/evil-1.0.tar.gz",
            "https://host.example/a-1.tar.gz#a.whl",
            "https://host.example/a-1.tar.gz?a.whl",
            "a @ git+https://host.example/a.whl",
            "a @ file:///a-1-py3-none-any.whl",
            "git+https://host.example/x",
            "./lib",
            "lib/",
            ".",
            "a-1.tar.gz",
            "a==1.zip",
            "a.TGZ",
            "-e .",
            "a==${X}",
            "a == -1",
            "\u{430}==1",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
