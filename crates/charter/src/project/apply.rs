//! `[apply]`: how updates are carried out and tested.

use super::{Reader, shape};
use crate::at::At;

/// How updates are carried out and tested. What is not given has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Apply {
    /// The command that tests the project.
    pub test: Option<Box<str>>,
    /// The command that fetches what tests need.
    pub fetch: Option<Box<str>>,
    /// How long one run of the tests may take, in seconds.
    pub time_limit: Option<u32>,
    /// How much time of processors all processes of a run may take together, in seconds.
    pub processor_limit: Option<u32>,
    /// How much memory all processes of a run may fill together, in MiB.
    pub memory_limit: Option<u32>,
    /// Whether tests may reach the network.
    pub network: bool,
    /// Further variables of the environment that tests see.
    pub variables: Vec<Box<str>>,
    /// Further folders of the user's home that tests may read.
    pub folders: Vec<Box<str>>,
}

impl Reader<'_> {
    pub(super) fn apply(&mut self, shape: &shape::Apply) -> Apply {
        Apply {
            test: self.command("test", shape.test.as_ref()),
            fetch: self.command("fetch", shape.fetch.as_ref()),
            time_limit: self.within("time-limit", shape.time_limit.as_ref(), 1, 86_400, "seconds"),
            processor_limit: self.within(
                "processor-limit",
                shape.processor_limit.as_ref(),
                1,
                8_640_000,
                "seconds",
            ),
            memory_limit: self.within(
                "memory-limit",
                shape.memory_limit.as_ref(),
                64,
                1_048_576,
                "MiB",
            ),
            network: shape.network.unwrap_or_default(),
            variables: shape.variables.iter().map(|name| self.variable(name)).collect(),
            folders: shape.folders.iter().map(|path| self.folder(path)).collect(),
        }
    }

    fn command(&mut self, what: &str, at: Option<&At<String>>) -> Option<Box<str>> {
        let at = at?;
        if at.value.trim().is_empty() || at.value.contains(['\0', '\n']) {
            let help =
                "write the command as you would type it, on one line: `cargo test`".to_owned();
            self.wrong(&at.bytes, format!("`{what}` is not a command"), help);
        }
        Some(at.value.trim().into())
    }

    fn within(
        &mut self,
        what: &str,
        at: Option<&At<u32>>,
        least: u32,
        most: u32,
        unit: &str,
    ) -> Option<u32> {
        let at = at?;
        if !(least..=most).contains(&at.value) {
            let help = format!("use {least} to {most} {unit}");
            self.wrong(&at.bytes, format!("`{what}` cannot be {}", at.value), help);
        }
        Some(at.value)
    }

    /// A folder of a home, and not the home itself or what leads out of it again.
    fn folder(&mut self, at: &At<String>) -> Box<str> {
        let path = at.value.trim_end_matches('/');
        let plain = path.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
        let begins = path.starts_with("~/") || path.starts_with('/');
        if !plain || !begins || path.contains('\0') {
            let help = "start it at the home folder or the root: `~/share/fixtures`".to_owned();
            self.wrong(&at.bytes, format!("`{path}` is not a folder that tests may read"), help);
        }
        path.into()
    }

    fn variable(&mut self, at: &At<String>) -> Box<str> {
        let name = &at.value;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let ours = name.starts_with("TRIMTAB");
        if name.is_empty() || !name.chars().all(plain) || ours {
            let help = match ours {
                true => "tests see no variable of Trimtab".to_owned(),
                false => "write its name alone: `DATABASE_URL`".to_owned(),
            };
            self.wrong(&at.bytes, format!("`{name}` is not a variable that tests may see"), help);
        }
        name.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use trimtab_model::Code;

    fn read(text: &str) -> Result<super::Apply, Vec<(Option<u32>, String)>> {
        let charter = crate::preset::default();
        let text = format!("format = 1\n[apply]\n{text}\n[[system]]\nname = \"a\"\n");
        match super::super::read("trimtab.toml", &text, &charter) {
            Ok((project, _)) => Ok(project.apply),
            Err(problems) => {
                assert!(problems.iter().all(|p| p.code == Code::ConfigMalformed));
                Err(problems.into_iter().map(|p| (p.line, p.message.into())).collect())
            }
        }
    }

    #[test]
    fn what_is_said_is_read_and_the_rest_is_as_usual() {
        assert_eq!(read("").unwrap(), super::Apply::default());
        let text = "test = \" npm test \"\ntime-limit = 60\nnetwork = true\nvariables = [\"DATABASE_URL\"]";
        let apply = read(text).unwrap();
        assert_eq!(apply.test.as_deref(), Some("npm test"));
        assert_eq!((apply.time_limit, apply.memory_limit, apply.network), (Some(60), None, true));
        assert_eq!(apply.variables, ["DATABASE_URL".into()]);
    }

    #[test]
    fn slips_are_told_at_their_lines() {
        let text = "test = \" \"\ntime-limit = 0\nmemory-limit = 1\nvariables = [\"A=b\", \"TRIMTAB_TOKEN\"]\nprocessor-limit = 0\nfolders = [\"~\", \"~/../a\", \"a\", \"~/a/b\"]";
        let told = read(text).unwrap_err();
        let lines: Vec<_> = told.iter().map(|(line, _)| line.unwrap()).collect();
        assert_eq!(lines, [3, 4, 5, 6, 6, 7, 8, 8, 8], "{told:?}");
        assert!(read("tests = \"x\"").unwrap_err()[0].1.contains("tests"));
    }
}
