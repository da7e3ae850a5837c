//! The charter file: its shape, its small languages, and the way to a checked charter.

pub mod read;
mod read_appeals;
mod read_numbers;
mod read_scales;
mod read_selection;
mod read_time;
mod read_values;
pub mod shape;
pub mod words;
