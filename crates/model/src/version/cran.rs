//! R packages (CRAN, Bioconductor): R's version numbers.
//!
//! Numbers separated by `.` or `-`, compared one by one; a version that another one continues is
//! below it, so `1.0 < 1.0.0`, as `compareVersion` has it. Anything else is unknown.
//!
//! Trap: the operators of `numeric_version` take `1.0` and `1.0.0` for equal (seen in R 4.2).

use super::push_numbers;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    push_numbers(text.split(['.', '-']))
}
