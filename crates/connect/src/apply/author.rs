//! Who makes a commit.

use std::path::Path;

use jiff::Timestamp;
use trimtab_model::{Code, Diagnostic};

use super::plumbing::{Whose, attempt};

/// The author of commits, and the moment that they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    author: Person,
    committer: Person,
    at: Timestamp,
}

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    name: String,
    mail: String,
}

impl Author {
    /// The author and the committer that the environment names (`GIT_AUTHOR_NAME` and the like, as git itself prefers them),
    /// else the user's configuration (`user.name`, `user.email`), for a repository.
    ///
    /// # Errors
    /// It names none: a name is not guessed.
    pub fn configured(repository: &Path, at: Timestamp) -> Result<Author, Diagnostic> {
        Author::of(repository, at, &|variable| std::env::var(variable).ok())
    }

    fn of(
        repository: &Path,
        at: Timestamp,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Author, Diagnostic> {
        let told = |key: &str| -> Result<String, Diagnostic> {
            let output = attempt(Whose::Users, repository, &["config", "--get", key], &[])?;
            let value = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if output.is_well() && !value.is_empty() {
                return Ok(value);
            }
            Err(Diagnostic::new(Code::Usage, format!("git has no `{key}`"))
                .help(format!("set it with: git config --global {key} \"…\"")))
        };
        let one = |variable: &str, key: &str| {
            let set = environment(variable).map(|value| value.trim().to_owned());
            set.filter(|value| !value.is_empty()).map_or_else(|| told(key), Ok)
        };
        let person = |who: &str| {
            let name = one(&format!("GIT_{who}_NAME"), "user.name")?;
            let mail = one(&format!("GIT_{who}_EMAIL"), "user.email")?;
            Ok::<_, Diagnostic>(Person { name, mail })
        };
        Ok(Author { author: person("AUTHOR")?, committer: person("COMMITTER")?, at })
    }

    /// Trimtab itself: of what no repository of the user's keeps.
    pub fn ours(at: Timestamp) -> Author {
        let ours = Person { name: "Trimtab".to_owned(), mail: "trimtab@localhost".to_owned() };
        Author { author: ours.clone(), committer: ours, at }
    }

    /// As git takes it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 6] {
        // With `@` small numbers are no years.
        let at = format!("@{} +0000", self.at.as_second());
        [
            ("GIT_AUTHOR_NAME", self.author.name.clone()),
            ("GIT_AUTHOR_EMAIL", self.author.mail.clone()),
            ("GIT_AUTHOR_DATE", at.clone()),
            ("GIT_COMMITTER_NAME", self.committer.name.clone()),
            ("GIT_COMMITTER_EMAIL", self.committer.mail.clone()),
            ("GIT_COMMITTER_DATE", at),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_says_of_who_commits_comes_first() {
        let set = [
            ("GIT_AUTHOR_NAME", "Ann"),
            ("GIT_AUTHOR_EMAIL", "ann@example.org"),
            ("GIT_COMMITTER_NAME", " Bot "),
            ("GIT_COMMITTER_EMAIL", "bot@example.org"),
        ];
        let told = |variable: &str| {
            let one = set.iter().find(|(name, _)| *name == variable);
            one.map(|(_, value)| (*value).to_owned())
        };
        let folder = tempfile::tempdir().unwrap();
        let who = Author::of(folder.path(), Timestamp::UNIX_EPOCH, &told).unwrap();
        let all = who.variables();
        let is = |name: &str| all.iter().find(|(is, _)| *is == name).unwrap().1.as_str();
        for (name, value) in set {
            assert_eq!(is(name), value.trim());
        }
    }
}
