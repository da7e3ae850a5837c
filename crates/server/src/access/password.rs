//! Passwords: argon2id with the parameters of OWASP's cheat sheet (19 MiB, two passes, one lane).

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};

/// The fewest characters of a password (NIST SP 800-63B-4: 15 where it stands alone).
pub(crate) const LEAST: usize = 15;
/// The most: hashing more would only cost.
pub(crate) const MOST: usize = 256;

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Why a password is not taken. `None`: it is.
pub(crate) fn refused(password: &str) -> Option<&'static str> {
    let count = password.chars().count();
    if count < LEAST {
        Some("Choose at least 15 characters: a few words in a row will do.")
    } else if count > MOST {
        Some("Choose at most 256 characters.")
    } else {
        None
    }
}

/// The hash of a password, in PHC form.
///
/// # Errors
/// The system has no random bytes.
pub(crate) fn hash(password: &str) -> Result<String, String> {
    let hash = argon2().hash_password(password.as_bytes()).map_err(|e| e.to_string())?;
    Ok(hash.to_string())
}

/// Whether a password is the one of a hash. Without a hash the same time is spent, so that nobody
/// learns whether an account exists.
pub(crate) fn is_right(password: &str, phc: Option<&str>) -> bool {
    // Of no password: its salt and hash are any.
    const NONE: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(hash) = PasswordHash::new(phc.unwrap_or(NONE)) else { return false };
    let right = argon2().verify_password(password.as_bytes(), &hash).is_ok();
    right && phc.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_is_right() {
        let phc = hash("correct horse battery").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(is_right("correct horse battery", Some(&phc)));
        assert!(!is_right("correct horse batterz", Some(&phc)));
        assert!(!is_right("correct horse battery", None));
        assert!(!is_right("", Some("not a hash")));
        assert_ne!(phc, hash("correct horse battery").unwrap(), "each has its own salt");
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(refused("short").is_some());
        assert!(refused(&"x".repeat(257)).is_some());
        assert!(refused("a few words in a row").is_none());
    }
}
