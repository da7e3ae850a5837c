//! Dockerfiles and Containerfiles: the images that a build starts from and copies from.
//!
//! Traps: `ARG`s before the first `FROM` may be used in every `FROM` (with `${X:-default}`); a
//! stage's name is not an image, and hides one of that name; `COPY --from` and
//! `RUN --mount=…,from=` name a stage, its number, or an image; here-documents may hold lines that
//! look like instructions; the escape character can be set; `scratch` is nothing.
//!
//! The image under the last stage is shipped and so of scope runtime, all others are of scope
//! build. What a `RUN` installs is not known without running it.

use std::collections::HashMap;

use trimtab_model::{Code, Diagnostic, FileInventory, Scope, Unmanaged, UnmanagedReason};

use super::image::{self, ImageReference};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "dockerfile",
    title: "Dockerfile",
    family: None,
    kind: FormatKind::Configuration,
    names: "Dockerfile, Containerfile, Dockerfile.*, *.Dockerfile",
    claims,
    sniff: None,
    extract,
};

fn claims(path: &str) -> bool {
    let name = view::file_name(path).to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|base| {
        name.strip_prefix(base).is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with('.') && rest != ".dockerignore")
        }) || name.strip_suffix(base).is_some_and(|rest| rest.ends_with('.'))
    })
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut build = Build::default();
    let (instructions, unfinished) = instructions(&text);
    if let Some(line) = unfinished {
        build.file.diagnostics.push(
            Diagnostic::new(Code::FileTruncated, "the file ends inside a here-document")
                .at_line(line),
        );
    }
    for (line, instruction) in instructions {
        let (keyword, rest) =
            instruction.split_once([' ', '\t']).unwrap_or((instruction.as_str(), ""));
        match keyword.to_ascii_uppercase().as_str() {
            "ARG" if build.stages.is_empty() => build.arguments(rest),
            "FROM" => build.from(rest, line),
            // ONBUILD runs in the build that uses this image as its base.
            "COPY" | "ADD" | "ONBUILD" => build.copies(rest, line),
            "RUN" => build.mounts(rest, line),
            _ => {}
        }
    }
    build.mark_shipped();
    Ok(build.file)
}

/// Instructions with the line where each starts: continuations joined, comments and
/// here-documents left out. Also the line of a here-document that does not end.
fn instructions(text: &str) -> (Vec<(u32, String)>, Option<u32>) {
    let escape = escape(text);
    let mut out: Vec<(u32, String)> = Vec::new();
    let mut open: Option<(u32, String)> = None;
    let mut here: Vec<(String, bool)> = Vec::new();
    for (line, number) in text.lines().zip(1u32..) {
        if let Some((word, tabs)) = here.first() {
            let candidate = if *tabs { line.trim_start_matches('\t') } else { line };
            if candidate == word {
                here.remove(0);
            }
            continue;
        }
        let trimmed = line.trim();
        // Comments and empty lines are left out even inside a continued instruction.
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (start, mut whole) = open.take().unwrap_or((number, String::new()));
        match trimmed.strip_suffix(escape) {
            Some(part) => {
                whole.push_str(part);
                whole.push(' ');
                open = Some((start, whole));
            }
            None => {
                whole.push_str(trimmed);
                here = here_documents(&whole);
                out.push((start, whole));
            }
        }
    }
    out.extend(open);
    let unfinished = out.last().map(|(line, _)| *line).filter(|_| !here.is_empty());
    (out, unfinished)
}

/// The escape character: a backslash, unless a parser directive at the top says otherwise.
fn escape(text: &str) -> char {
    for line in text.lines() {
        let Some(directive) = line.trim().strip_prefix('#') else { break };
        let Some((name, value)) = directive.split_once('=') else { break };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

/// The end words of the here-documents that an instruction opens, and whether tabs are stripped.
fn here_documents(instruction: &str) -> Vec<(String, bool)> {
    let keyword = instruction.split([' ', '\t']).next().unwrap_or_default();
    if !["RUN", "COPY", "ADD"].iter().any(|k| keyword.eq_ignore_ascii_case(k)) {
        return Vec::new();
    }
    instruction
        .split_ascii_whitespace()
        .filter_map(|token| {
            // A redirection may have a number before it (`3<<EOF`).
            let token = token.trim_start_matches(|c: char| c.is_ascii_digit());
            let word = token.strip_prefix("<<")?;
            let (word, tabs) = match word.strip_prefix('-') {
                Some(word) => (word, true),
                None => (word, false),
            };
            let word: String = word
                .trim_matches(['"', '\''])
                .chars()
                .take_while(|c| !";|&>".contains(*c))
                .collect();
            let named = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            named.then_some((word, tabs))
        })
        .take(16)
        .collect()
}

#[derive(Default)]
struct Build {
    file: FileInventory,
    /// Global build arguments; `None` where only the command line knows.
    arguments: HashMap<String, Option<String>>,
    stages: Vec<Base>,
    /// The latest stage of a name, in lower case.
    names: HashMap<String, usize>,
}

/// What a stage starts from.
enum Base {
    Image(u32),
    Stage(usize),
    Nothing,
}

impl Build {
    fn arguments(&mut self, rest: &str) {
        for argument in rest.split_ascii_whitespace() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, self.expand(value.trim_matches(['"', '\'']))),
                None => (argument, None),
            };
            self.arguments.insert(name.to_owned(), value);
        }
    }

    fn from(&mut self, rest: &str, line: u32) {
        let mut words = rest.split_ascii_whitespace().filter(|w| !w.starts_with("--"));
        let image = words.next().unwrap_or_default();
        let name = match (words.next(), words.next()) {
            (Some(word), Some(name)) if word.eq_ignore_ascii_case("as") => {
                Some(name.to_ascii_lowercase())
            }
            _ => None,
        };
        let base = match self.expand(image) {
            None => {
                self.unresolved(image, line);
                Base::Nothing
            }
            Some(image) => match self.stage(&image) {
                Some(at) => Base::Stage(at),
                None if image.eq_ignore_ascii_case("scratch") => Base::Nothing,
                None => self.image(&image, line).map_or(Base::Nothing, Base::Image),
            },
        };
        if let Some(name) = name {
            self.names.insert(name, self.stages.len());
        }
        self.stages.push(base);
    }

    fn copies(&mut self, rest: &str, line: u32) {
        let flags = rest.split_ascii_whitespace().skip_while(|w| w.eq_ignore_ascii_case("copy"));
        for flag in flags.take_while(|w| w.starts_with("--")) {
            if let Some(source) = flag.strip_prefix("--from=") {
                self.source(source, line);
            }
        }
    }

    fn mounts(&mut self, rest: &str, line: u32) {
        for flag in rest.split_ascii_whitespace().take_while(|w| w.starts_with("--")) {
            let options = flag.strip_prefix("--mount=").unwrap_or_default();
            for option in options.split(',') {
                if let Some(source) = option.strip_prefix("from=") {
                    self.source(source, line);
                }
            }
        }
    }

    /// A stage, its number, or an image.
    fn source(&mut self, source: &str, line: u32) {
        let source = source.trim_matches(['"', '\'']);
        if source.contains('$') {
            self.unresolved(source, line);
        } else if self.stage(source).is_none()
            && source.parse::<usize>().is_err()
            && !source.eq_ignore_ascii_case("scratch")
        {
            self.image(source, line);
        }
    }

    fn image(&mut self, text: &str, line: u32) -> Option<u32> {
        match ImageReference::parse(text) {
            Some(reference) => Some(image::add(&mut self.file, &reference, Scope::Build, line)),
            None => {
                self.file.diagnostics.push(
                    Diagnostic::new(
                        Code::EntryMalformed,
                        format!("`{text}` is not a reference to an image"),
                    )
                    .at_line(line),
                );
                None
            }
        }
    }

    fn stage(&self, name: &str) -> Option<usize> {
        self.names.get(&name.to_ascii_lowercase()).copied()
    }

    fn unresolved(&mut self, text: &str, line: u32) {
        self.file.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::Unresolved,
            package: None,
            requirement: Some(text.into()),
            line: Some(line),
        });
    }

    /// Puts in build arguments: `$X`, `${X}`, `${X:-default}`, `${X:+other}`. `None` if one is not
    /// known.
    fn expand(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (value, after) = match after.strip_prefix('{') {
                Some(inner) => {
                    let (inner, after) = inner.split_once('}')?;
                    (self.braced(inner)?, after)
                }
                None => {
                    let end = after
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .unwrap_or(after.len());
                    let (name, after) = after.split_at(end);
                    (self.arguments.get(name)?.clone()?, after)
                }
            };
            out.push_str(&value);
            if out.len() > 4096 {
                return None;
            }
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    fn braced(&self, inner: &str) -> Option<String> {
        let known = |name: &str| self.arguments.get(name).cloned().flatten();
        if let Some((name, default)) = inner.split_once(":-") {
            // The command line may say otherwise, as it may for every argument.
            return Some(
                known(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned()),
            );
        }
        if let Some((name, other)) = inner.split_once(":+") {
            let set = known(name).is_some_and(|v| !v.is_empty());
            return Some(if set { other.to_owned() } else { String::new() });
        }
        if let Some((name, default)) = inner.split_once('-') {
            return Some(known(name).unwrap_or_else(|| default.to_owned()));
        }
        known(inner)
    }

    /// Follows the last stage down to its image. A stage's base is an earlier stage, so this ends.
    fn mark_shipped(&mut self) {
        let mut stage = self.stages.last();
        while let Some(base) = stage {
            stage = match base {
                Base::Stage(at) => self.stages.get(*at),
                Base::Image(at) => {
                    if let Some(component) = self.file.components.get_mut(*at as usize) {
                        component.scope = Scope::Runtime;
                    }
                    None
                }
                Base::Nothing => None,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_claimed() {
        for name in
            ["Dockerfile", "a/Dockerfile.dev", "b/app.Dockerfile", "Containerfile", "x.dockerfile"]
        {
            assert!(claims(name), "{name}");
        }
        for name in ["Dockerfile.dockerignore", "dockerfiles", "a/Dockerfile/b", "mydockerfile"] {
            assert!(!claims(name), "{name}");
        }
    }
}
