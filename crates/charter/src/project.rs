//! `trimtab.toml`: what the organisation knows about the systems of a repository.

mod apply;
pub mod shape;
mod systems;
mod team;

pub use apply::Apply;
pub use systems::Systems;
pub use team::{RHYTHMS, Team};

use trimtab_model::charter::Charter;
use trimtab_model::{Code, Diagnostic, DiagnosticSeverity, Exposure, System};

use crate::at::{At, Text, nearest};
use crate::file::read::in_order;

/// The name of the file.
pub const FILE: &str = "trimtab.toml";
/// The name of the charter beside it, if it names none.
pub const CHARTER_FILE: &str = "charter.toml";
/// The name of the exceptions beside it, if it names none.
pub const EXCEPTIONS_FILE: &str = "exceptions.toml";
/// The most systems of one repository.
const MAX_SYSTEMS: usize = 1000;

/// A repository's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    /// The charter's file, beside this one. `None`: the default name, if it exists.
    pub charter: Option<Box<str>>,
    /// The exceptions' file. `None`: the default name, if it exists.
    pub exceptions: Option<Box<str>>,
    /// VEX documents: files or folders.
    pub vex: Vec<Box<str>>,
    /// Policies: files or folders.
    pub policies: Vec<Box<str>>,
    /// Who does the work of a plan. What is not given is assumed, and labelled as assumed.
    pub team: Team,
    /// How updates are carried out and tested.
    pub apply: Apply,
    /// Names of images, and the tags on which builds are to start.
    pub images: Vec<(Box<str>, Box<str>)>,
    /// The systems; none: the repository is one unknown system.
    pub systems: Vec<System>,
    /// The lines of the file with the patterns of each system, in their order.
    pub lines: Vec<Vec<u32>>,
}

/// Where the charter of a project is, so that the file can be read before the systems are checked.
pub fn charter_file(text: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Only {
        charter: Option<String>,
    }
    toml::from_str::<Only>(text).ok()?.charter
}

/// Reads `trimtab.toml`; the names in it are those of the charter. `file` is its name for messages.
///
/// # Errors
/// What is wrong with it, each at its place. Warnings come with the project.
pub fn read(
    file: &str,
    text: &str,
    charter: &Charter,
) -> Result<(Project, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut text = Text::new(file, text);
    let Some(shape) = text.parse::<shape::Project>() else { return Err(text.problems) };
    let bad = !text.problems.is_empty();
    let mut reader = Reader { text, charter, bad };
    let project = reader.project(shape);
    if reader.bad {
        // What is unknown can wait until it is right.
        reader.text.problems.retain(|p| p.code.severity() == DiagnosticSeverity::Error);
        Err(in_order(reader.text.problems))
    } else {
        Ok((project, reader.text.problems))
    }
}

struct Reader<'t> {
    text: Text<'t>,
    charter: &'t Charter,
    bad: bool,
}

impl Reader<'_> {
    fn wrong(&mut self, at: &std::ops::Range<usize>, message: String, help: String) {
        self.bad = true;
        self.text.problem(Code::ConfigMalformed, at.clone(), message, help);
    }

    fn name(&mut self, what: &str, at: &At<String>, known: &[&str]) {
        if known.contains(&at.value.as_str()) {
            return;
        }
        let help = match nearest(&at.value, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the charter `{}` has: {}", self.charter.name, known.join(", ")),
        };
        self.wrong(&at.bytes, format!("the charter has no {what} `{}`", at.value), help);
    }

    /// A path relative to the file: never out of the repository.
    fn beside(&mut self, at: &At<String>) -> Box<str> {
        let path = std::path::Path::new(&at.value);
        let climbs = path
            .components()
            .any(|c| !matches!(c, std::path::Component::Normal(_) | std::path::Component::CurDir));
        if climbs || at.value.is_empty() {
            let help = "name a file or folder inside the repository".to_owned();
            self.wrong(&at.bytes, format!("`{}` leads out of the repository", at.value), help);
        }
        at.value.as_str().into()
    }

    fn image(&mut self, image: &shape::Image) -> (Box<str>, Box<str>) {
        let plain = |text: &str, more: &[u8]| {
            let fine =
                |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b) || more.contains(&b);
            (1..=256).contains(&text.len()) && text.bytes().all(fine)
        };
        if !plain(&image.name.value, b"/:") {
            let help = "write it as Dockerfiles do: `debian`".to_owned();
            let message = format!("`{}` is not the name of an image", image.name.value);
            self.wrong(&image.name.bytes, message, help);
        }
        if !plain(&image.to.value, b"@:") {
            let help = "write the tag alone: `12.8-slim`".to_owned();
            let message = format!("`{}` is not the tag of an image", image.to.value);
            self.wrong(&image.to.bytes, message, help);
        }
        (image.name.value.as_str().into(), image.to.value.as_str().into())
    }

    fn project(&mut self, shape: shape::Project) -> Project {
        if shape.format.value != 1 {
            let message = format!("the file has layout {}", shape.format.value);
            self.wrong(&shape.format.bytes, message, "this version reads layout 1".to_owned());
        }
        let mut project = Project {
            charter: shape.charter.as_ref().map(|at| self.beside(at)),
            exceptions: shape.exceptions.as_ref().map(|at| self.beside(at)),
            vex: shape.vex.iter().map(|at| self.beside(at)).collect(),
            policies: shape.policies.iter().map(|at| self.beside(at)).collect(),
            team: shape.team.map(|team| self.team(team)).unwrap_or_default(),
            apply: shape.apply.map(|apply| self.apply(&apply)).unwrap_or_default(),
            images: shape.image.iter().map(|image| self.image(image)).collect(),
            systems: Vec::new(),
            lines: Vec::new(),
        };
        if shape.system.is_empty() {
            let message = "the file names no system";
            let help = "add `[[system]]` with its name; until then all is weighed by the charter's assumptions";
            self.text.problem(Code::ContextUnknown, shape.format.bytes.clone(), message, help);
        }
        let names: Vec<String> = shape.system.iter().map(|s| s.name.value.clone()).collect();
        let several = shape.system.len() > 1;
        if let Some(system) = shape.system.get(MAX_SYSTEMS) {
            let message = format!("there are more than {MAX_SYSTEMS} systems");
            self.wrong(&system.name.bytes, message, "split the repository's file".to_owned());
        }
        for system in shape.system.into_iter().take(MAX_SYSTEMS) {
            if system.name.value.trim().is_empty() {
                let help = "name it as the business does".to_owned();
                self.wrong(&system.name.bytes, "a system has no name".to_owned(), help);
            }
            for path in &system.paths {
                self.path(path);
            }
            for needed in &system.depends_on {
                self.needed(&system.name.value, needed, &names);
            }
            if project.systems.iter().any(|s| *s.name == *system.name.value) {
                let message = format!("system `{}` appears twice", system.name.value);
                self.wrong(
                    &system.name.bytes,
                    message,
                    "give every system its own name".to_owned(),
                );
            }
            if several && system.paths.is_empty() {
                let message = format!(
                    "system `{}` does not say which folders are its own",
                    system.name.value
                );
                let help = "add `paths = [\"folder/**\"]`: with several systems, each needs them"
                    .to_owned();
                self.wrong(&system.name.bytes, message, help);
            }
            let lines = system.paths.iter().map(|at| self.line(at)).collect();
            let at = system.name.bytes.clone();
            let system = self.system(system);
            let same = |other: &&System| !system.paths.is_empty() && other.paths == system.paths;
            if let Some(other) = project.systems.iter().find(same) {
                let message = format!("`{}` has the same paths as `{}`", system.name, other.name);
                let help = "a file belongs to the first system that has it: give each its own";
                self.text.problem(Code::SystemEmpty, at, message, help);
            }
            project.systems.push(system);
            project.lines.push(lines);
        }
        project
    }

    /// A pattern of a system's files, which are named from the folder of this file, with `/`.
    fn path(&mut self, at: &At<String>) {
        let path = &at.value;
        let help = "write a folder as `services/pay/**`, from where this file is".to_owned();
        if let Err(error) = pattern(path) {
            self.wrong(
                &at.bytes,
                format!("`{path}` is not a valid pattern: {}", error.kind()),
                help,
            );
        } else if path.contains('\\') {
            let meant = path.replace('\\', "/");
            let message = format!("`{path}` matches nothing: folders are told apart by `/`");
            self.wrong(&at.bytes, message, format!("write `{meant}`"));
        } else if path.split('/').any(|part| part == "..") {
            self.wrong(&at.bytes, format!("`{path}` leads out of the repository"), help);
        } else if let Some(rest) = path.strip_prefix('/').or(path.strip_prefix("./")) {
            let message = format!("`{path}` matches nothing: no file has such a name");
            self.wrong(&at.bytes, message, format!("write `{}`", rest.trim_start_matches('/')));
        }
    }

    /// A system that another one needs. It may be of another repository; a mistyped name of this
    /// one is reported.
    fn needed(&mut self, system: &str, at: &At<String>, names: &[String]) {
        if at.value == system {
            let help = "leave it out".to_owned();
            self.wrong(&at.bytes, format!("system `{system}` depends on itself"), help);
        } else if !names.contains(&at.value)
            && let Some(near) = nearest(&at.value, names.iter().map(String::as_str))
        {
            let message = format!("no system of this file is named `{}`", at.value);
            let help = format!("did you mean `{near}`? One of another repository is fine");
            self.text.problem(Code::ContextUnknown, at.bytes.clone(), message, help);
        }
    }

    fn line(&self, at: &At<String>) -> u32 {
        let before = self.text.text.get(..at.bytes.start).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    fn system(&mut self, shape: shape::System) -> System {
        let charter = self.charter;
        let tiers: Vec<&str> = charter.tiers.iter().map(|t| &*t.name).collect();
        let classes: Vec<&str> = charter.data.iter().map(|d| &*d.name).collect();
        let environments: Vec<&str> = charter.environments.iter().map(|e| &*e.name).collect();
        if let Some(tier) = &shape.tier {
            self.name("tier", tier, &tiers);
        }
        for class in shape.data.iter().flatten() {
            self.name("class of data", class, &classes);
        }
        for environment in shape.environments.iter().flatten() {
            self.name("environment", environment, &environments);
        }
        let exposure = shape.exposure.as_ref().and_then(|at| {
            let found = Exposure::from_word(&at.value);
            if found.is_none() {
                let known = Exposure::ALL.iter().map(|e| e.as_str());
                let help = match nearest(&at.value, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "use `internet`, `internal` or `isolated`".to_owned(),
                };
                self.wrong(&at.bytes, format!("`{}` is not an exposure", at.value), help);
            }
            found
        });
        let unknown: Vec<&str> = [
            ("tier", shape.tier.is_none()),
            ("exposure", shape.exposure.is_none()),
            ("data", shape.data.is_none()),
            ("environments", shape.environments.as_ref().is_none_or(Vec::is_empty)),
        ]
        .into_iter()
        .filter_map(|(what, missing)| missing.then_some(what))
        .collect();
        if !unknown.is_empty() {
            let message =
                format!("system `{}` does not say its {}", shape.name.value, unknown.join(", "));
            let help =
                "say it here; until then the charter's assumptions are used, and shown as such";
            self.text.problem(Code::ContextUnknown, shape.name.bytes.clone(), message, help);
        }
        let boxed = |text: Option<String>| text.map(String::into_boxed_str);
        let names =
            |list: Vec<At<String>>| list.into_iter().map(|at| at.value.into_boxed_str()).collect();
        System {
            name: shape.name.value.into(),
            owner: boxed(shape.owner),
            product_owner: boxed(shape.product_owner),
            operations: boxed(shape.operations),
            tier: boxed(shape.tier.map(|at| at.value)),
            exposure,
            data: shape.data.map(names),
            environments: shape.environments.map(names),
            failure: boxed(shape.failure),
            paths: names(shape.paths),
            depends_on: names(shape.depends_on),
        }
    }
}

/// A pattern of paths: `*` stays within a folder.
fn pattern(path: &str) -> Result<globset::Glob, globset::Error> {
    globset::GlobBuilder::new(path).literal_separator(true).build()
}
