//! Which system of a repository a file belongs to.

use trimtab_model::{Code, Diagnostic, System};

use super::{FILE, Project, pattern};

/// Which system a file belongs to.
pub struct Systems<'p> {
    systems: &'p [System],
    lines: &'p [Vec<u32>],
    patterns: Vec<Option<globset::GlobSet>>,
}

impl<'p> Systems<'p> {
    /// The systems of a project, their patterns compiled.
    ///
    /// # Errors
    /// A pattern is not one.
    pub fn new(project: &'p Project) -> Result<Systems<'p>, Diagnostic> {
        let compile = |system: &System| {
            if system.paths.is_empty() {
                return Ok(None);
            }
            let mut set = globset::GlobSetBuilder::new();
            for path in &system.paths {
                set.add(pattern(path).map_err(|e| {
                    let message = format!("`{path}` is not a valid pattern: {}", e.kind());
                    Diagnostic::new(Code::ConfigMalformed, message)
                        .in_file(FILE)
                        .help("write a folder as `services/pay/**`")
                })?);
            }
            let set = set.build().map_err(|e| {
                Diagnostic::new(
                    Code::ConfigMalformed,
                    format!("the patterns of `{}` cannot be used: {e}", system.name),
                )
                .in_file(FILE)
            })?;
            Ok(Some(set))
        };
        let patterns = project.systems.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Systems { systems: &project.systems, lines: &project.lines, patterns })
    }

    /// The first system that a file, relative to the repository, belongs to. `None`: no system says so.
    pub fn of(&self, file: &str) -> Option<&'p System> {
        self.systems
            .iter()
            .zip(&self.patterns)
            .find(|(_, patterns)| patterns.as_ref().is_none_or(|p| p.is_match(file)))
            .map(|(system, _)| system)
    }

    /// The patterns that match none of some files, and the systems whose files all belong to others before them.
    pub fn unused(&self, files: &[impl AsRef<str>]) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        let owners: Vec<Option<&System>> =
            files.iter().map(|file| self.of(file.as_ref())).collect();
        for (at, system) in self.systems.iter().enumerate() {
            let idle = |path: &str| {
                let matcher = pattern(path).ok().map(|p| p.compile_matcher());
                matcher.is_some_and(|m| !files.iter().any(|file| m.is_match(file.as_ref())))
            };
            let none: Vec<usize> =
                (0..system.paths.len()).filter(|p| idle(&system.paths[*p])).collect();
            for path in &none {
                let message = format!(
                    "`{}` of system `{}` matches no file that lists components",
                    system.paths[*path], system.name
                );
                all.push(self.about(at, *path, message, "correct the pattern, or leave it out"));
            }
            let owns = owners.iter().any(|o| o.is_some_and(|o| o.name == system.name));
            if !owns && none.is_empty() && !files.is_empty() {
                let message =
                    format!("every file of system `{}` belongs to one above it", system.name);
                let help = "a file belongs to the first system that has it: put this one first";
                all.push(self.about(at, 0, message, help));
            }
        }
        all
    }

    fn about(&self, system: usize, path: usize, message: String, help: &str) -> Diagnostic {
        let told = Diagnostic::new(Code::SystemEmpty, message).in_file(FILE).help(help);
        match self.lines.get(system).and_then(|lines| lines.get(path)) {
            Some(line) => told.at_line(*line),
            None => told,
        }
    }
}
