//! Not written yet.

use crate::advisory::CvssVersion;

/// See the module.
pub fn base_score_tenths(_vector: &str) -> Option<(CvssVersion, u8)> {
    None
}
