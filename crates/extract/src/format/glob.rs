//! The patterns by which workspaces name the folders of their members (npm, yarn, pnpm, bun,
//! Cargo): `*` and `?` inside one part of a path, `**` over any number of parts, `[a-z]`-free,
//! one level of `{a,b}`. Matching is quadratic at worst and never recurses.

/// How many alternatives the braces of one pattern may make.
const MAX_ALTERNATIVES: usize = 64;

/// Whether a folder is named by a list of patterns in which a leading `!` takes folders out again.
pub(crate) fn any_matches<'p>(patterns: impl IntoIterator<Item = &'p str>, folder: &str) -> bool {
    let mut named = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(out) => named &= !matches(out, folder),
            None => named |= matches(pattern, folder),
        }
    }
    named
}

/// Whether a pattern holds a wildcard at all.
pub(crate) fn is_literal(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '{', '!'])
}

/// Whether one pattern names a folder. Both are relative, with `/` between parts.
pub(crate) fn matches(pattern: &str, folder: &str) -> bool {
    let folder: Vec<&str> = parts(folder).collect();
    alternatives(pattern).iter().any(|pattern| {
        let pattern: Vec<&str> = parts(pattern).collect();
        parts_match(&pattern, &folder)
    })
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|p| !p.is_empty() && *p != ".")
}

fn alternatives(pattern: &str) -> Vec<String> {
    let mut open = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(pattern) = open.pop() {
        let braces = pattern.find('{').and_then(|start| {
            let end = start + pattern.get(start..)?.find('}')?;
            Some((pattern.get(..start)?, pattern.get(start + 1..end)?, pattern.get(end + 1..)?))
        });
        match braces {
            Some((before, inner, after)) if open.len() + done.len() < MAX_ALTERNATIVES => {
                open.extend(inner.split(',').map(|one| format!("{before}{one}{after}")));
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// `reach[j]`: the pattern read so far can end after `j` parts of the folder.
fn parts_match(pattern: &[&str], folder: &[&str]) -> bool {
    let mut reach = vec![false; folder.len() + 1];
    reach[0] = true;
    for part in pattern {
        if *part == "**" {
            for j in 1..reach.len() {
                reach[j] |= reach[j - 1];
            }
        } else {
            for j in (1..reach.len()).rev() {
                reach[j] = reach[j - 1] && part_matches(part.as_bytes(), folder[j - 1].as_bytes());
            }
            reach[0] = false;
        }
    }
    reach[folder.len()]
}

/// Greedy matching that remembers the last star.
fn part_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(&want) if want == b'?' || want == byte => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    p = after;
                    t = from + 1;
                    star = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_folders() {
        for (pattern, folder, named) in [
            ("packages/*", "packages/a", true),
            ("packages/*", "packages/a/b", false),
            ("./packages/*/", "packages/a", true),
            ("packages/**", "packages/a/b", true),
            ("packages/**", "packages", true),
            ("**/x", "x", true),
            ("**/x", "a/b/x", true),
            ("**/x", "a/b/y", false),
            ("app-*-?", "app-one-1", true),
            ("app-*-?", "app-one", false),
            ("{apps,libs}/*", "libs/a", true),
            ("{apps,libs}/*", "other/a", false),
            ("a", "a", true),
            (".", "", true),
        ] {
            assert_eq!(matches(pattern, folder), named, "{pattern} {folder}");
        }
    }

    #[test]
    fn a_later_exclamation_mark_takes_out_again() {
        let patterns = ["packages/*", "!packages/old*"];
        assert!(any_matches(patterns, "packages/new"));
        assert!(!any_matches(patterns, "packages/older"));
    }

    #[test]
    fn hostile_patterns_cost_little() {
        let stars = "*a".repeat(2_000);
        assert!(!matches(&stars, &"b".repeat(2_000)));
        let braces = "{a,b}".repeat(50);
        assert!(!matches(&braces, "c"));
    }
}
