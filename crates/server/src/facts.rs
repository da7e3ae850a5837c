//! The facts of one question, gathered in one place: pages draw them, the API writes them down. What somebody may
//! not see is left out here, or is not there.

pub(crate) mod counted;
pub(crate) mod finding;
pub(crate) mod groups;
pub(crate) mod handoffs;
pub(crate) mod lessons;
pub(crate) mod listing;
pub(crate) mod maturity;
pub(crate) mod needs;
pub(crate) mod package;
pub(crate) mod register;
pub(crate) mod release;
pub(crate) mod risks;
pub(crate) mod search;
pub(crate) mod sheet;
pub(crate) mod steps;
pub(crate) mod verified;
pub(crate) mod vulnerability;
pub(crate) mod within;
