//! What can go wrong with the store, sorted by who must act.

use thiserror::Error;

/// An error of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database cannot be reached or does not answer: worth trying again.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// Something else changed the same rows first: worth trying again.
    #[error("somebody else changed the same rows: {0}")]
    Busy(String),
    /// A name or key that must be unique stands already.
    #[error("`{0}` exists already")]
    Exists(String),
    /// The database was written by a newer build.
    #[error("the database has layout {found}, this build knows {known}")]
    Newer {
        /// The layout that was found.
        found: i64,
        /// The newest layout that this build knows.
        known: i64,
    },
    /// A stored value is not what it should be.
    #[error("a stored value cannot be read: {0}")]
    Damaged(String),
    /// The address of a store is not one.
    #[error("`{0}` is not a store: give a file, or postgres://…")]
    Address(String),
    /// A text has a character that the database does not keep.
    #[error("a text has a character that the database does not keep: {0}")]
    Character(String),
    /// Anything else that the database says.
    #[error("the database refuses: {0}")]
    Refused(String),
}

impl StoreError {
    /// Whether trying again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Unavailable(_) | StoreError::Busy(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                let text = database.message().to_owned();
                match database.kind() {
                    ErrorKind::UniqueViolation => StoreError::Exists(text),
                    // SQLITE_BUSY and LOCKED; serialisation failure, deadlock, lock not available.
                    _ if ["5", "6", "261", "517", "40001", "40P01", "55P03"]
                        .contains(&code.as_str()) =>
                    {
                        StoreError::Busy(text)
                    }
                    // PostgreSQL keeps no NUL.
                    _ if matches!(&*code, "22021" | "22P05") => StoreError::Character(text),
                    // PostgreSQL shuts down, starts, or has no connection left.
                    _ if code.starts_with("57P") || code == "53300" || code.starts_with("08") => {
                        StoreError::Unavailable(text)
                    }
                    _ => StoreError::Refused(text),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_) => StoreError::Unavailable(error.to_string()),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. } => StoreError::Damaged(error.to_string()),
            _ => StoreError::Refused(error.to_string()),
        }
    }
}

/// What the store answers.
pub type Result<T> = std::result::Result<T, StoreError>;
