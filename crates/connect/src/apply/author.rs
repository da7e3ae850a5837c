//! Who makes a commit.

use std::path::Path;

use jiff::Timestamp;
use trimtab_model::{Code, Diagnostic};

use super::plumbing::{Whose, attempt};

/// The author of commits, and the moment that they carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    name: String,
    mail: String,
    at: Timestamp,
}

impl Author {
    /// The author that the user's configuration names (`user.name`, `user.email`), for a repository.
    ///
    /// # Errors
    /// It names none: a name is not guessed.
    pub fn configured(repository: &Path, at: Timestamp) -> Result<Author, Diagnostic> {
        let told = |key: &str| -> Result<String, Diagnostic> {
            let output = attempt(Whose::Users, repository, &["config", "--get", key], &[])?;
            let value = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if output.is_well() && !value.is_empty() {
                return Ok(value);
            }
            Err(Diagnostic::new(Code::Usage, format!("git has no `{key}`"))
                .help(format!("set it with: git config --global {key} \"…\"")))
        };
        Ok(Author { name: told("user.name")?, mail: told("user.email")?, at })
    }

    /// Trimtab itself: of what no repository of the user's keeps.
    pub fn ours(at: Timestamp) -> Author {
        Author { name: "Trimtab".to_owned(), mail: "trimtab@localhost".to_owned(), at }
    }

    /// As git takes it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 6] {
        // With `@` small numbers are no years.
        let at = format!("@{} +0000", self.at.as_second());
        [
            ("GIT_AUTHOR_NAME", self.name.clone()),
            ("GIT_AUTHOR_EMAIL", self.mail.clone()),
            ("GIT_AUTHOR_DATE", at.clone()),
            ("GIT_COMMITTER_NAME", self.name.clone()),
            ("GIT_COMMITTER_EMAIL", self.mail.clone()),
            ("GIT_COMMITTER_DATE", at),
        ]
    }
}
