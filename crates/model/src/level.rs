//! Levels, and the two bands from which they are computed.

use std::fmt;

macro_rules! bands {
    ($(#[$about:meta])* $name:ident { $( $(#[$meaning:meta])* $variant:ident = $text:literal, )* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $( $(#[$meaning])* $variant, )* }

        impl $name {
            /// All of them, the least first.
            pub const ALL: &[$name] = &[ $( $name::$variant, )* ];

            /// The word used in all files and output.
            pub const fn as_str(self) -> &'static str { match self { $( $name::$variant => $text, )* } }

            /// Reads the word. `None` if it is not one.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $( $text => Some($name::$variant), )* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.as_str()) }
        }
    };
}
pub(crate) use bands;

bands! {
    /// The contextual priority of a finding, by the charter. Never a raw score. Ordered, critical last.
    Level {
        /// At the next opportunity.
        Low = "low",
        /// In the backlog, by a date.
        Medium = "medium",
        /// Soon: usually this sprint.
        High = "high",
        /// Before other work.
        Critical = "critical",
    }
}

impl Level {
    /// The level one step lower; low stays low.
    #[must_use]
    pub const fn lowered(self) -> Level {
        match self {
            Level::Critical => Level::High,
            Level::High => Level::Medium,
            Level::Medium | Level::Low => Level::Low,
        }
    }
}

bands! {
    /// How likely exploitation is. The bounds are those of the design: 0.01, 0.1, 0.5.
    LikelihoodBand {
        /// Below 0.01.
        Unlikely = "unlikely",
        /// From 0.01.
        Possible = "possible",
        /// From 0.1.
        Likely = "likely",
        /// From 0.5: exploited, or as good as.
        Active = "active",
    }
}

impl LikelihoodBand {
    /// The band of a probability (0 to 1; what is not a number counts as the gravest).
    pub fn of(probability: f64) -> LikelihoodBand {
        match probability {
            p if p < 0.01 => LikelihoodBand::Unlikely,
            p if p < 0.1 => LikelihoodBand::Possible,
            p if p < 0.5 => LikelihoodBand::Likely,
            _ => LikelihoodBand::Active,
        }
    }
}

bands! {
    /// What exploitation would mean for the system.
    ImpactBand {
        /// A nuisance.
        Minor = "minor",
        /// Part of the system, for a while.
        Moderate = "moderate",
        /// The system, or data that matters.
        Major = "major",
        /// The business, or people.
        Severe = "severe",
    }
}

impl ImpactBand {
    /// The band of a number of steps: 0 and less is minor, 3 and more is severe.
    pub const fn of_steps(steps: i8) -> ImpactBand {
        match steps {
            i8::MIN..=0 => ImpactBand::Minor,
            1 => ImpactBand::Moderate,
            2 => ImpactBand::Major,
            3..=i8::MAX => ImpactBand::Severe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_their_lower_bound() {
        let band = LikelihoodBand::of;
        assert_eq!(
            [band(0.0), band(0.0099), band(0.01), band(0.1), band(0.5), band(1.0), band(f64::NAN)],
            {
                use LikelihoodBand::*;
                [Unlikely, Unlikely, Possible, Likely, Active, Active, Active]
            }
        );
        assert_eq!(ImpactBand::of_steps(-3), ImpactBand::Minor);
        assert_eq!(ImpactBand::of_steps(2), ImpactBand::Major);
        assert_eq!(ImpactBand::of_steps(7), ImpactBand::Severe);
    }

    #[test]
    fn words_are_read_back() {
        for level in Level::ALL {
            assert_eq!(Level::from_word(level.as_str()), Some(*level));
        }
        assert_eq!(Level::from_word("High"), None);
        assert!(Level::Critical > Level::High && Level::Low.lowered() == Level::Low);
    }
}
