//! What can be done about findings: the ways, and a proposal that a package manager can be asked to
//! carry out.

use std::fmt;

use crate::purl::Purl;

/// A way to remove findings. In the order in which they change the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Move what is locked, within the existing constraints.
    Relock,
    /// Raise the dependency that the project names itself.
    Raise,
    /// Raise the one that brings it.
    RaiseParent,
    /// Force the version.
    Override,
    /// Build on another tag of the image that has it.
    BaseImage,
    /// Put another package into its place.
    Replace,
    /// Do without it.
    Remove,
}

impl Way {
    /// Every way, the one that changes the least first.
    pub const ALL: &[Way] = &[
        Way::Relock,
        Way::Raise,
        Way::RaiseParent,
        Way::Override,
        Way::BaseImage,
        Way::Replace,
        Way::Remove,
    ];

    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Relock => "relock",
            Way::Raise => "raise",
            Way::RaiseParent => "raise-parent",
            Way::Override => "override",
            Way::BaseImage => "base-image",
            Way::Replace => "replace",
            Way::Remove => "remove",
        }
    }

    /// Reads the word. `None` if it is not one.
    pub fn from_word(word: &str) -> Option<Way> {
        Way::ALL.iter().copied().find(|way| way.as_str() == word)
    }
}

/// A change that could remove findings. Where the purl of a package has a version, that is the one
/// which is locked now: with it, nothing is moved to a lower one, and of several only it is moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proposal {
    /// Raises a direct dependency, in every manifest of the project that names it.
    Raise {
        /// The dependency.
        package: Purl,
        /// The version that is wanted, exactly; manifests keep the kind of range that they have.
        to: Box<str>,
    },
    /// Raises the direct dependency that brings a package, and then that package as far as the new
    /// constraints allow.
    RaiseParent {
        /// The direct dependency.
        parent: Purl,
        /// Its version.
        to: Box<str>,
        /// What it brings.
        child: Purl,
    },
    /// Moves what is locked, within the existing constraints.
    Relock {
        /// The package.
        package: Purl,
        /// The version that is wanted. `None`, or a tool that cannot: the newest that is allowed.
        to: Option<Box<str>>,
    },
    /// Forces the version of a package that others bring.
    Override {
        /// The package.
        package: Purl,
        /// The version.
        to: Box<str>,
    },
    /// Builds on another tag of the image that a build starts from.
    BaseImage {
        /// The image, at the tag that is there.
        image: Purl,
        /// The tag that is wanted, with the digest where that is pinned: `12.8-slim@sha256:…`.
        to: Box<str>,
    },
    /// Removes a direct dependency.
    Remove {
        /// The dependency.
        package: Purl,
    },
    /// Puts another package into the place of a direct dependency.
    Replace {
        /// The dependency.
        package: Purl,
        /// The other.
        with: Purl,
        /// The version of the other.
        version: Box<str>,
    },
    /// Several at the same time, as one change: the first, and the others. None of them is of several.
    Together(Box<Proposal>, Vec<Proposal>),
}

impl Proposal {
    /// Some as one. `None`: there are none.
    pub fn together(all: impl IntoIterator<Item = Proposal>) -> Option<Proposal> {
        let mut parts = all.into_iter().flat_map(|proposal| match proposal {
            Proposal::Together(first, others) => {
                std::iter::once(*first).chain(others).collect::<Vec<_>>()
            }
            one => vec![one],
        });
        let first = parts.next()?;
        let others: Vec<Proposal> = parts.collect();
        Some(if others.is_empty() { first } else { Proposal::Together(Box::new(first), others) })
    }

    /// What it is made of: of several each, else itself.
    pub fn parts(&self) -> impl Iterator<Item = &Proposal> {
        let (first, others) = match self {
            Proposal::Together(first, others) => (&**first, &others[..]),
            one => (one, &[][..]),
        };
        std::iter::once(first).chain(others)
    }

    /// Its way; of several, the way of the first.
    pub fn way(&self) -> Way {
        match self {
            Proposal::Together(first, _) => first.way(),
            Proposal::Raise { .. } => Way::Raise,
            Proposal::RaiseParent { .. } => Way::RaiseParent,
            Proposal::Relock { .. } => Way::Relock,
            Proposal::Override { .. } => Way::Override,
            Proposal::BaseImage { .. } => Way::BaseImage,
            Proposal::Remove { .. } => Way::Remove,
            Proposal::Replace { .. } => Way::Replace,
        }
    }

    /// The package that is named or moved: of a parent's, the parent; of several, that of the first.
    pub fn package(&self) -> &Purl {
        match self {
            Proposal::Together(first, _) => first.package(),
            Proposal::Raise { package, .. }
            | Proposal::RaiseParent { parent: package, .. }
            | Proposal::Relock { package, .. }
            | Proposal::Override { package, .. }
            | Proposal::BaseImage { image: package, .. }
            | Proposal::Remove { package }
            | Proposal::Replace { package, .. } => package,
        }
    }

    /// The version that is wanted; of several, that of the first.
    pub fn to(&self) -> Option<&str> {
        match self {
            Proposal::Together(first, _) => first.to(),
            Proposal::Raise { to, .. }
            | Proposal::RaiseParent { to, .. }
            | Proposal::Override { to, .. }
            | Proposal::BaseImage { to, .. }
            | Proposal::Replace { version: to, .. } => Some(to),
            Proposal::Relock { to, .. } => to.as_deref(),
            Proposal::Remove { .. } => None,
        }
    }
}

/// A package as people say it: namespace and name, without type and version.
struct Said<'p>(&'p Purl);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.namespace(), self.0.purl_type()) {
            (Some(group), "maven") => write!(f, "{group}:{}", self.0.name()),
            (Some(namespace), _) => write!(f, "{namespace}/{}", self.0.name()),
            (None, _) => f.write_str(self.0.name()),
        }
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Said(self.package());
        match self {
            Proposal::Raise { to, .. } => write!(f, "raise {name} to {to}"),
            Proposal::RaiseParent { to, child, .. } => {
                write!(f, "raise {name} to {to}, which brings {}", Said(child))
            }
            Proposal::Relock { to: Some(to), .. } => write!(f, "relock {name} at {to}"),
            Proposal::Relock { to: None, .. } => write!(f, "relock {name}"),
            Proposal::Override { to, .. } => write!(f, "force {name} to {to}"),
            Proposal::BaseImage { to, .. } => write!(f, "build on {name} {to}"),
            Proposal::Remove { .. } => write!(f, "remove {name}"),
            Proposal::Replace { with, version, .. } => {
                write!(f, "replace {name} by {} {version}", Said(with))
            }
            Proposal::Together(first, others) => match &others[..] {
                [] => write!(f, "{first}"),
                [second] => write!(f, "{first}, and {second}"),
                [_, rest @ ..] => write!(f, "{first}, and {} more together", rest.len() + 1),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_as_they_are_written() {
        for way in Way::ALL {
            assert_eq!(Way::from_word(way.as_str()), Some(*way));
        }
        assert_eq!(Way::from_word("upgrade"), None);
        assert!(Way::ALL.is_sorted());
    }

    #[test]
    fn proposals_are_told_as_people_say_them() {
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        let raise =
            Proposal::Raise { package: purl("pkg:npm/%40babel/core@7.0.0"), to: "7.1.0".into() };
        assert_eq!(raise.to_string(), "raise @babel/core to 7.1.0");
        assert_eq!((raise.way(), raise.to()), (Way::Raise, Some("7.1.0")));
        let parent = Proposal::RaiseParent {
            parent: purl("pkg:maven/org.example/a@1"),
            to: "2".into(),
            child: purl("pkg:maven/org.example/b@1"),
        };
        assert_eq!(parent.to_string(), "raise org.example:a to 2, which brings org.example:b");
        let relock = Proposal::Relock { package: purl("pkg:cargo/time@0.1.0"), to: None };
        assert_eq!(relock.to_string(), "relock time");
        let both = Proposal::together([raise.clone(), relock.clone()]).unwrap();
        assert_eq!(both.to_string(), "raise @babel/core to 7.1.0, and relock time");
        assert_eq!((both.way(), both.package()), (Way::Raise, raise.package()));
        let three = Proposal::together([both, relock.clone()]).unwrap();
        assert_eq!(three.to_string(), "raise @babel/core to 7.1.0, and 2 more together");
        assert_eq!(three.parts().collect::<Vec<_>>(), [&raise, &relock, &relock]);
        assert_eq!(Proposal::together([relock.clone()]), Some(relock));
        assert_eq!(Proposal::together([]), None);
    }
}
