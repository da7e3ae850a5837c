//! What pages are made of. A part is plain data that renders itself from the template of its name.

mod chart;
mod dial;
mod diff;
mod facet;
mod factor;
mod figure;
mod filled;
mod form;
mod history;
mod link;
mod mark;
mod notice;
mod pairs;
mod paths;
mod plot;
mod squares;
mod steps;
mod table;
mod tabs;
mod ticked;
mod value;
mod voices;
mod when;

pub use chart::{Chart, Kind, Point, Series, Tone};
pub use dial::{Day, Dial, Move, Size};
pub use diff::{Diff, Line};
pub use facet::{Choice, Facet, Filter};
pub use factor::{Effect, Factor, Factors};
pub use figure::{Figure, Figures};
pub use filled::Filled;
pub use form::{Field, Form, Input};
pub use history::{Event, History};
pub use link::{Href, Link};
pub use mark::Mark;
pub use notice::{Notice, Urgency};
pub use pairs::Pairs;
pub use paths::Paths;
pub use plot::{number, tenth};
pub use squares::Squares;
pub use steps::{State, Step, Steps};
pub use table::{Align, Bulk, Cell, Column, Empty, Pager, Row, Table};
pub use tabs::Tabs;
pub use ticked::{Ticked, ticked};
pub use value::Value;
pub use voices::Voices;
pub use when::When;

/// Says that a type's template escapes what it writes, so that it is not escaped again where it
/// stands in another one.
macro_rules! renders_itself {
    ($($part:ty),+ $(,)?) => { $(impl askama::filters::HtmlSafe for $part {})+ };
}
pub(crate) use renders_itself;
