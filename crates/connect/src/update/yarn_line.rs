//! Which yarn a program is. yarn 1 and what came after it write different lockfiles under one name, and each takes the
//! other's for one of its own: it would resolve everything anew.

use super::drive::Drive;
use super::refusal::Reason;

/// A line of yarn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// yarn 1.
    Classic,
    /// yarn 2 and later.
    Berry,
}

impl Line {
    /// That the `yarn` which is run is of this line. One that does not say which it is is taken for it.
    ///
    /// # Errors
    /// It is of the other: the one of this line is missing.
    pub(crate) fn is_run(self, drive: &Drive<'_>, set: &[(&str, &str)]) -> Result<(), Reason> {
        let output = drive.try_untold(&["--version"], set)?;
        let said = String::from_utf8_lossy(&output.stdout);
        match Line::of(&said).filter(|_| output.is_well()) {
            Some(line) if line != self => Err(self.missing()),
            _ => Ok(()),
        }
    }

    /// By a version.
    fn of(said: &str) -> Option<Line> {
        let first = said.trim().split('.').next()?.parse::<u32>().ok()?;
        Some(if first < 2 { Line::Classic } else { Line::Berry })
    }

    fn missing(self) -> Reason {
        match self {
            Line::Classic => Reason::ToolMissing { program: "yarn 1", install: "yarn 1" },
            Line::Berry => Reason::ToolMissing { program: "yarn 2 or later", install: "yarn 4" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn a_line_is_known_by_its_version() {
        for (said, line) in [
            ("1.22.22\n", Some(Line::Classic)),
            ("0.27.5\n", Some(Line::Classic)),
            ("3.8.7\n", Some(Line::Berry)),
            ("4.0.0-rc.1\n", Some(Line::Berry)),
            ("yarn\n", None),
            ("", None),
        ] {
            assert_eq!(Line::of(said), line, "{said}");
        }
    }
}
