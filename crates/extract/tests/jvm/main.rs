//! Java and Go: the public suites, real projects, our own cases, and mutated input.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod cases;
mod comparison;
mod go;
mod gradle;
mod maven;
