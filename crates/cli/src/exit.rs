//! Exit codes: the same for every verb and every output format.

use std::process::ExitCode;

/// How a run ended. Where several apply, the highest code wins: an answer that is not complete is
/// never taken for a verdict. The gate alone puts a broken rule first (decision 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, nothing against the policy.
    Clean = 0,
    /// Done, and the policy that was asked for is violated.
    Violated = 1,
    /// The command line or the configuration is wrong; nothing was done.
    Usage = 2,
    /// Something that should have been looked at was not.
    Incomplete = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
