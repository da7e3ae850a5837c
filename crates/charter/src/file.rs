//! The charter file: its shape, its small languages, and the way to a checked charter.

pub mod read;
mod read_appeals;
mod read_numbers;
mod read_selection;
mod read_time;
pub mod shape;
pub mod words;
