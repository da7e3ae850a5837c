//! Suppliers: how good their documents are, and whether they keep their promises. Pure: what came
//! and what was found is passed in, with the time.

pub mod obligations;
pub mod quality;
