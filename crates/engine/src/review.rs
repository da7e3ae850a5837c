//! Reviews: an agenda out of data with a time for each part, what became of what was decided, and how good the
//! meetings were. Pure: who calls says what there is and what time it is.

mod agenda;
mod follow;
mod quality;

pub use agenda::{Part, Times, Topic, order, times};
pub use follow::{Closed, Decided, Follow};
pub use quality::{Held, Quality, quality, repeats};
