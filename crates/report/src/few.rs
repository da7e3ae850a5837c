//! The first of many names, and how many more there are.

/// How many are named of what nobody asked for by name.
pub(crate) const NAMED: usize = 5;

/// `a, b and 3 more`. One more than are to be named is named as well: to count it takes as much room.
pub(crate) fn few(names: &[String], most: usize) -> String {
    match names.len().saturating_sub(most) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names.get(..most).unwrap_or(names).join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_the_rest_is_counted() {
        let all = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!(few(&all, 5), "a, b, c, d");
        assert_eq!(few(&all, 3), "a, b, c, d");
        assert_eq!(few(&all, 2), "a, b and 2 more");
        assert_eq!(few(&[], 2), "");
    }
}
