//! Every factor of an assessment: what it is, its value, what it does, who says so.

use askama::Template;

use super::{Link, Value};

/// Which way a factor moved the assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Makes it graver.
    Raises,
    /// Makes it less grave.
    Lowers,
    /// Changes nothing.
    None,
    /// Where it starts.
    Base,
}

impl Effect {
    fn class(self) -> &'static str {
        match self {
            Effect::Raises => "worse",
            Effect::Lowers => "better",
            Effect::None | Effect::Base => "aside",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Effect::Raises => "↑",
            Effect::Lowers => "↓",
            Effect::None => "·",
            Effect::Base => "=",
        }
    }
}

/// One factor.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Which way it moves the assessment.
    pub effect: Effect,
    /// By how much, in words: `odds × 3`, `floor: high`.
    pub by: String,
    /// Who says so.
    pub source: Link,
}

/// The factors of an assessment, in the order in which they are applied.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(path = "part/factors.html")]
pub struct Factors(pub Vec<Factor>);

super::renders_itself!(Factors);
