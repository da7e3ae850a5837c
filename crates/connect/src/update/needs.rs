//! What a change asks of whoever builds the project, beside what it moves.

use std::fmt;

use trimtab_model::version::Scheme;

use super::change::Change;
use super::go;
use super::npm;
use super::pnpm::lockfile::format as pnpm_format;

/// Something that whoever builds or locks the project needs from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A later Go: the line `go` of a `go.mod` went up.
    Go {
        /// The `go.mod`.
        file: String,
        /// What it asked for before; empty: nothing.
        from: String,
        /// What it asks for now.
        to: String,
    },
    /// A cargo that reads a later format of the lockfile.
    LockFormat {
        /// The lockfile.
        file: String,
        /// The format before.
        from: u8,
        /// The format now.
        to: u8,
    },
    /// A Poetry that writes a later format of the lockfile.
    PoetryFormat {
        /// The lockfile.
        file: String,
        /// The format before.
        from: String,
        /// The format now.
        to: String,
    },
    /// An npm that writes another version of the lockfile, as the project's configuration says.
    NpmFormat {
        /// The lockfile.
        file: String,
        /// The version before.
        from: u64,
        /// The version now.
        to: u64,
    },
    /// A pnpm that writes a later format of the lockfile.
    PnpmFormat {
        /// The lockfile.
        file: String,
        /// The format before.
        from: String,
        /// The format now.
        to: String,
    },
}

impl Need {
    /// Whether it is another version of the language, and not only a later release of one: then checks and meaning of
    /// the sources may be others.
    pub fn is_language(&self) -> bool {
        let release = |version: &str| -> Vec<String> {
            version.split('.').take(2).map(str::to_owned).collect()
        };
        match self {
            Need::Go { from, to, .. } => release(from) != release(to),
            Need::LockFormat { .. }
            | Need::PoetryFormat { .. }
            | Need::NpmFormat { .. }
            | Need::PnpmFormat { .. } => false,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Go { file, from, to } => {
                write!(f, "whoever builds it needs Go {to} or later: the line `go` of {file} ")?;
                if from.is_empty() { f.write_str("is new") } else { write!(f, "was {from}") }
            }
            Need::LockFormat { file, from, to } => {
                let (version, all) = match to {
                    0..=2 => ("1.41", ""),
                    3 => ("1.53", ""),
                    _ => ("1.78", ", so that all of its lines may change"),
                };
                write!(
                    f,
                    "cargo writes {file} anew in format {to} (it was {from}){all}: cargo before {version} does not read it"
                )
            }
            Need::PoetryFormat { file, from, to } => write!(
                f,
                "Poetry writes {file} anew in format {to} (it was {from}), so that many of its lines change: earlier releases warn that they may not read it"
            ),
            Need::NpmFormat { file, from, to } => write!(
                f,
                "npm writes {file} anew in lockfile version {to} (it was {from}), as the project's .npmrc says, so that many of its lines change{}",
                if *to > 2 { ": npm before 7 does not read it" } else { "" }
            ),
            Need::PnpmFormat { file, from, to } => write!(
                f,
                "pnpm writes {file} anew in format {to} (it was {from}), so that many of its lines change: earlier releases do not read it"
            ),
        }
    }
}

/// What some changes ask for. Of several changes of a file the first state and the last count.
pub fn needs(changes: &[Change]) -> Vec<Need> {
    let text = |bytes: &Option<Vec<u8>>| {
        String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
    };
    let one = |change: &Change| -> Option<Need> {
        let file = change.path.clone();
        let (before, after) = (text(&change.before), text(&change.after));
        match change.path.rsplit('/').next()? {
            "go.mod" => {
                let (from, to) = (go::line(&before).unwrap_or_default(), go::line(&after)?);
                let is_up = from.is_empty()
                    || Scheme::Go.compare(to, from).is_some_and(std::cmp::Ordering::is_gt);
                is_up.then(|| Need::Go { file, from: from.to_owned(), to: to.to_owned() })
            }
            "Cargo.lock" => {
                change.before.as_ref().zip(change.after.as_ref())?;
                let (from, to) = (format(&before), format(&after));
                (to > from).then_some(Need::LockFormat { file, from, to })
            }
            "poetry.lock" => {
                change.before.as_ref().zip(change.after.as_ref())?;
                let (from, to) = (poetry_format(&before)?, poetry_format(&after)?);
                let is_up = Scheme::Pep440.compare(to, from).is_some_and(std::cmp::Ordering::is_gt);
                let (from, to) = (from.to_owned(), to.to_owned());
                is_up.then_some(Need::PoetryFormat { file, from, to })
            }
            "package-lock.json" | "npm-shrinkwrap.json" => {
                change.before.as_ref().zip(change.after.as_ref())?;
                let (from, to) = (npm::format(&before)?, npm::format(&after)?);
                (from != to).then_some(Need::NpmFormat { file, from, to })
            }
            "pnpm-lock.yaml" => {
                change.before.as_ref().zip(change.after.as_ref())?;
                let (from, to) =
                    (pnpm_format(&before)?.to_owned(), pnpm_format(&after)?.to_owned());
                // Within a line it is read.
                let line = |format: &str| format.split('.').next().map(str::to_owned);
                (line(&from) != line(&to)).then_some(Need::PnpmFormat { file, from, to })
            }
            _ => None,
        }
    };
    changes.iter().filter_map(one).collect()
}

/// The format of a lockfile of cargo. The first two do not say theirs: sums stand in a table at the end of the first.
pub(super) fn format(text: &str) -> u8 {
    let said = text.lines().take_while(|line| !line.starts_with('[')).find_map(|line| {
        line.strip_prefix("version")?.trim_start().strip_prefix('=')?.trim().parse().ok()
    });
    said.unwrap_or(if text.contains("\n[metadata]") { 1 } else { 2 })
}

/// `lock-version = "2.1"`
fn poetry_format(text: &str) -> Option<&str> {
    let said = text.lines().find_map(|line| line.strip_prefix("lock-version"))?;
    said.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, before: &str, after: &str) -> Change {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        Change { path: path.to_owned(), before: bytes(before), after: bytes(after) }
    }

    #[test]
    fn a_higher_go_line_needs_a_later_go() {
        let of = |before: &str, after: &str| {
            needs(&[change(
                "a/go.mod",
                &format!("module m\n{before}"),
                &format!("module m\n{after}"),
            )])
        };
        let [need] = &of("go 1.12\n", "go 1.25.13\n")[..] else { panic!() };
        assert!(need.is_language());
        assert_eq!(
            need.to_string(),
            "whoever builds it needs Go 1.25.13 or later: the line `go` of a/go.mod was 1.12"
        );
        let [need] = &of("go 1.25.0\n", "go 1.25.13\n")[..] else { panic!() };
        assert!(!need.is_language());
        assert!(of("go 1.25.0\n", "go 1.25.0\n").is_empty());
        // The number 9 is below 12.
        assert_eq!(of("go 1.9\n", "go 1.12\n").len(), 1);
        assert!(of("go 1.12\n", "go 1.9\n").is_empty());
    }

    #[test]
    fn a_lockfile_of_another_poetry_is_told() {
        let lock = |version: &str| format!("[metadata]\nlock-version = \"{version}\"\n");
        let of = |before: &str, after: &str| {
            needs(&[change("a/poetry.lock", &lock(before), &lock(after))])
        };
        let [need] = &of("2.0", "2.1")[..] else { panic!() };
        assert!(!need.is_language());
        let told = need.to_string();
        assert!(told.contains("a/poetry.lock anew in format 2.1 (it was 2.0)"), "{told}");
        assert!(of("2.1", "2.1").is_empty() && of("2.10", "2.9").is_empty());
    }

    #[test]
    fn a_lockfile_of_another_version_of_npm_is_told() {
        let lock = |version: u8| format!("{{\n  \"lockfileVersion\": {version}\n}}\n");
        let of = |before: u8, after: u8| {
            needs(&[change("a/package-lock.json", &lock(before), &lock(after))])
        };
        let [need] = &of(2, 3)[..] else { panic!() };
        assert!(!need.is_language());
        let told = need.to_string();
        assert!(
            told.contains("a/package-lock.json anew in lockfile version 3 (it was 2)"),
            "{told}"
        );
        assert!(told.ends_with("npm before 7 does not read it"), "{told}");
        assert!(of(3, 3).is_empty());
    }

    #[test]
    fn a_lockfile_of_another_pnpm_is_told() {
        let lock = |format: &str| format!("lockfileVersion: '{format}'\n\nsettings: {{}}\n");
        let of = |before: &str, after: &str| {
            needs(&[change("a/pnpm-lock.yaml", &lock(before), &lock(after))])
        };
        let [need] = &of("6.0", "9.0")[..] else { panic!() };
        assert!(!need.is_language());
        let told = need.to_string();
        assert!(told.contains("a/pnpm-lock.yaml anew in format 9.0 (it was 6.0)"), "{told}");
        assert!(of("9.0", "9.0").is_empty() && of("6.0", "6.1").is_empty());
    }

    #[test]
    fn a_lockfile_of_another_format_needs_a_later_cargo() {
        let first = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[metadata]\n\"checksum a\" = \"0\"\n";
        let second = "# made\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n";
        let fourth = "# made\nversion = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.1.0\"\n";
        for (before, from) in [(first, "1"), (second, "2")] {
            let [need] = &needs(&[change("Cargo.lock", before, fourth)])[..] else { panic!() };
            let told = need.to_string();
            assert!(told.contains("format 4") && told.contains(&format!("was {from}")), "{told}");
            assert!(told.contains("1.78"), "{told}");
        }
        assert!(needs(&[change("Cargo.lock", fourth, fourth)]).is_empty());
        let third = fourth.replace("= 4", "= 3");
        assert!(needs(&[change("Cargo.lock", &third, &third)]).is_empty());
    }
}
