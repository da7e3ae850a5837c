//! Whether a version is still supported, by the release cycles of its product.

use trimtab_advisories::feed::lifecycle::{Cycle, End, Product};

use super::Lifecycle;

/// What the products that a package is say of one of its versions. Without products, it is none.
pub fn of(version: &str, products: &[Product]) -> Lifecycle {
    if products.is_empty() {
        return Lifecycle::NoProduct;
    }
    match cycle_of(version, products).map(|c| c.eol) {
        None | Some(End::Unknown) => Lifecycle::Unknown,
        Some(End::No) => Lifecycle::Supported,
        Some(End::Yes) => Lifecycle::Ended,
        Some(End::On(day)) => Lifecycle::Ends(day),
    }
}

/// The release cycle of a version: of several the one that says most of it.
pub fn cycle_of<'p>(version: &str, products: &'p [Product]) -> Option<&'p Cycle> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let cycles = products.iter().flat_map(|product| &product.cycles);
    cycles.filter(|c| is_in(version, c)).max_by_key(|c| c.name.len())
}

/// Whether a cycle (`3.1`, `v3`, `3.x`) is that of a version.
fn is_in(version: &str, cycle: &Cycle) -> bool {
    let name = cycle.name.strip_prefix('v').unwrap_or(&cycle.name);
    let name = name.strip_suffix(".x").unwrap_or(name);
    version.strip_prefix(name).is_some_and(|rest| {
        !name.is_empty() && (rest.is_empty() || rest.starts_with(['.', '-', '+']))
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_longest_cycle_of_a_version_says_when_it_ends() {
        let cycle = |name: &str, eol| Cycle { name: name.into(), eol, ..Cycle::default() };
        let product = Product {
            cycles: vec![
                cycle("4", End::No),
                cycle("4.1", End::On(date(2020, 1, 2))),
                cycle("v3.x", End::Yes),
                cycle("2", End::Unknown),
                cycle("", End::Yes),
            ],
            ..Product::default()
        };
        let told = |version| of(version, std::slice::from_ref(&product));
        for (version, is) in [
            ("4.1.7", Lifecycle::Ends(date(2020, 1, 2))),
            ("4.10.0", Lifecycle::Supported),
            ("v4", Lifecycle::Supported),
            ("3.9", Lifecycle::Ended),
            ("3", Lifecycle::Ended),
            ("2.0", Lifecycle::Unknown),
            ("40.1", Lifecycle::Unknown),
        ] {
            assert_eq!(told(version), is, "{version}");
        }
        assert_eq!(of("1", &[]), Lifecycle::NoProduct);
        let cycle = |version| cycle_of(version, std::slice::from_ref(&product)).map(|c| &*c.name);
        assert_eq!(
            (cycle("4.10.0"), cycle("v3.2"), cycle("14.1")),
            (Some("4"), Some("v3.x"), None)
        );
    }
}
