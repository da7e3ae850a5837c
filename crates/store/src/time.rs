//! Moments are stored as microseconds since 1970, UTC.

use jiff::Timestamp;

use crate::error::{Result, StoreError};

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn moment(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Damaged(format!("{micros} is no moment")))
}

pub(crate) fn maybe(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(moment).transpose()
}
