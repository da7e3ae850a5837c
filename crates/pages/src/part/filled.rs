//! How full something is: words, with a bar that only repeats them.

use askama::Template;

/// How much of a room is taken.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(
    ext = "html",
    source = r#"<p class="filled"><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="room" width="100" height="6"/><rect class="{{ class() }}" width="{{ width() }}" height="6"/></svg>{{ words }}</p>"#
)]
pub struct Filled {
    /// What it says: `4.5 of 8 points`.
    pub words: String,
    /// What is taken.
    pub taken: f64,
    /// All that there is.
    pub room: f64,
}

impl Filled {
    fn share(&self) -> f64 {
        if self.room > 0.0 { self.taken / self.room } else { f64::from(u8::from(self.taken > 0.0)) }
    }

    fn class(&self) -> &'static str {
        if self.share() > 1.0 { "over" } else { "taken" }
    }

    fn width(&self) -> u32 {
        (self.share().clamp(0.0, 1.0) * 100.0).round() as u32
    }
}

super::renders_itself!(Filled);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_longer_than_its_room() {
        let of = |taken, room| {
            let filled = Filled { words: String::new(), taken, room };
            (filled.width(), filled.class())
        };
        assert_eq!(of(4.0, 8.0), (50, "taken"));
        assert_eq!(of(9.0, 8.0), (100, "over"));
        assert_eq!(of(0.0, 0.0), (0, "taken"));
        assert_eq!(of(1.0, 0.0), (100, "taken"));
    }
}
