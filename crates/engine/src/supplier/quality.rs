//! How good an SBOM is: the share of its components that carry each minimum element, and what is not in that list but
//! makes a component checkable. 0 to 100, with how each part came about; a document without components has no score.
//!
//! Source of the elements: NTIA, *The Minimum Elements For a Software Bill of Materials (SBOM)*, 12 July 2021, *Data
//! Fields* (seven). Licences and hashes are recommended there, and weigh less here.

/// Something that an SBOM is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// Who makes a component.
    Supplier,
    /// What it is called.
    Name,
    /// Which version.
    Version,
    /// A purl, CPE or another id that is the same everywhere.
    Identifier,
    /// What needs what: it is part of a relationship, or is stated to need nothing.
    Relationship,
    /// Who wrote the document.
    Author,
    /// When.
    Timestamp,
    /// Under which licence.
    Licence,
    /// A digest of its bytes.
    Hash,
}

impl Element {
    /// Every element, those of the NTIA first.
    pub const ALL: [Element; 9] = [
        Element::Supplier,
        Element::Name,
        Element::Version,
        Element::Identifier,
        Element::Relationship,
        Element::Author,
        Element::Timestamp,
        Element::Licence,
        Element::Hash,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Element::Supplier => "supplier",
            Element::Name => "name",
            Element::Version => "version",
            Element::Identifier => "identifier",
            Element::Relationship => "relationship",
            Element::Author => "author",
            Element::Timestamp => "timestamp",
            Element::Licence => "licence",
            Element::Hash => "hash",
        }
    }

    /// How much of the hundred it is.
    pub const fn weight(self) -> f64 {
        match self {
            Element::Licence | Element::Hash => 8.0,
            _ => 12.0,
        }
    }

    /// Whether it is one of the minimum elements.
    pub const fn is_minimum(self) -> bool {
        !matches!(self, Element::Licence | Element::Hash)
    }
}

/// What an SBOM says of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an element that is there or not")]
pub struct Component {
    /// Who makes it.
    pub supplier: bool,
    /// What it is called.
    pub name: bool,
    /// Which version.
    pub version: bool,
    /// An id that is the same everywhere.
    pub identifier: bool,
    /// What it needs, or what needs it.
    pub relationship: bool,
    /// Its licence.
    pub licence: bool,
    /// A digest.
    pub hash: bool,
}

/// What an SBOM says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sbom {
    /// Who wrote it.
    pub author: bool,
    /// When.
    pub timestamp: bool,
    /// Of each component.
    pub components: Vec<Component>,
}

/// How often an element is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub element: Element,
    /// How often.
    pub have: usize,
    /// Out of how many.
    pub of: usize,
}

impl Part {
    /// The share, 0 to 1. Of nothing there is none.
    pub fn share(self) -> Option<f64> {
        // More than 2⁵³ components are in no document.
        #[expect(clippy::cast_precision_loss, reason = "documents are small")]
        (self.of > 0).then(|| self.have as f64 / self.of as f64)
    }
}

/// How good it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// 0 to 100. `None`: it lists no component, so there is no score.
    pub score: Option<f64>,
    /// How it came about, in the order of [`Element::ALL`].
    pub parts: Vec<Part>,
}

impl Quality {
    /// The score from its parts. `None`: a part has nothing of which it is a share.
    pub fn of_parts(parts: Vec<Part>) -> Quality {
        let points = parts.iter().map(|part| Some(part.share()? * part.element.weight()));
        let score = points.sum::<Option<f64>>().filter(|_| !parts.is_empty());
        Quality { score: score.map(|score| score.clamp(0.0, 100.0)), parts }
    }
}

/// How good an SBOM is.
pub fn of(sbom: &Sbom) -> Quality {
    let all = &sbom.components;
    let count = |has: fn(&Component) -> bool| all.iter().filter(|is| has(is)).count();
    let once = |has: bool| usize::from(has && !all.is_empty());
    let parts = Element::ALL.map(|element| {
        let (have, of) = match element {
            Element::Supplier => (count(|is| is.supplier), all.len()),
            Element::Name => (count(|is| is.name), all.len()),
            Element::Version => (count(|is| is.version), all.len()),
            Element::Identifier => (count(|is| is.identifier), all.len()),
            Element::Relationship => (count(|is| is.relationship), all.len()),
            Element::Licence => (count(|is| is.licence), all.len()),
            Element::Hash => (count(|is| is.hash), all.len()),
            Element::Author => (once(sbom.author), all.len().min(1)),
            Element::Timestamp => (once(sbom.timestamp), all.len().min(1)),
        };
        Part { element, have, of }
    });
    Quality::of_parts(parts.to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const FULL: Component = Component {
        supplier: true,
        name: true,
        version: true,
        identifier: true,
        relationship: true,
        licence: true,
        hash: true,
    };

    fn component(bits: u8) -> Component {
        let has = |bit: u8| bits >> bit & 1 == 1;
        Component {
            supplier: has(0),
            name: has(1),
            version: has(2),
            identifier: has(3),
            relationship: has(4),
            licence: has(5),
            hash: has(6),
        }
    }

    fn sbom(author: bool, timestamp: bool, bits: &[u8]) -> Sbom {
        Sbom { author, timestamp, components: bits.iter().copied().map(component).collect() }
    }

    #[test]
    fn the_whole_is_a_hundred_and_nothing_is_unknown() {
        assert!((Element::ALL.map(Element::weight).iter().sum::<f64>() - 100.0).abs() < 1e-9);
        let all = Sbom { author: true, timestamp: true, components: vec![FULL; 3] };
        assert_eq!(of(&all).score, Some(100.0));
        let empty = Sbom { author: true, timestamp: true, components: Vec::new() };
        assert_eq!(of(&empty).score, None);
        assert_eq!(of(&empty).parts.len(), 9);
        // Names and versions of two, the purl of one: 12 + 12 + 6.
        let named = Component { name: true, version: true, ..Component::default() };
        let half = Component { identifier: true, ..named };
        let some = Sbom { components: vec![named, half], ..Sbom::default() };
        assert_eq!(of(&some).score, Some(30.0));
        let parts: Vec<(usize, usize)> = of(&some).parts.iter().map(|p| (p.have, p.of)).collect();
        assert_eq!(parts, [(0, 2), (2, 2), (2, 2), (1, 2), (0, 2), (0, 1), (0, 1), (0, 2), (0, 2)]);
    }

    proptest! {
        /// What is added to a component or the document never makes it worse, and no score leaves its bounds.
        #[test]
        fn what_is_added_never_lowers_it(
            author: bool, timestamp: bool, bits in vec(0u8..128, 1..40), at in 0usize..40, more in 0u8..7
        ) {
            let before = of(&sbom(author, timestamp, &bits)).score.unwrap();
            let mut added = bits.clone();
            let at = at % bits.len();
            added[at] |= 1 << more;
            let after = of(&sbom(author, timestamp, &added)).score.unwrap();
            prop_assert!((0.0..=100.0).contains(&before) && (0.0..=100.0).contains(&after));
            prop_assert!(after >= before - 1e-9);
            for said in [sbom(true, timestamp, &bits), sbom(author, true, &bits)] {
                prop_assert!(of(&said).score.unwrap() >= before - 1e-9);
            }
            // A component that says everything never lowers it either.
            let mut longer = sbom(author, timestamp, &bits);
            longer.components.push(FULL);
            prop_assert!(of(&longer).score.unwrap() >= before - 1e-9);
        }
    }
}
