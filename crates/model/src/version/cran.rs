//! R packages (CRAN, Bioconductor): R's `package_version`.
//!
//! Numbers separated by `.` or `-`, compared one by one; a version that another one continues is
//! below it, so `1.0 < 1.0.0`. Anything else is unknown.

use super::push_numbers;

pub(super) fn key(text: &str) -> Option<Vec<u8>> {
    push_numbers(text.split(['.', '-']))
}
