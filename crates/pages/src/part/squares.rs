//! A picture of dark and light squares that a camera reads (QR), dark on light in every theme.

use askama::Template;

/// The picture.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<svg class="squares" role="img" aria-label="{{ label }}" viewBox="-4 -4 {{ size + 8 }} {{ size + 8 }}" shape-rendering="crispEdges"><path d="{{ path() }}"/></svg>"##
)]
pub struct Squares {
    /// What it says, for people who do not see it; it stands beside it as text.
    pub label: String,
    /// Squares to a side, without the light margin of four.
    pub size: usize,
    /// The dark ones: column and row.
    pub dark: Vec<(usize, usize)>,
}

impl Squares {
    /// The dark squares as one path: neighbours in a row are one bar.
    fn path(&self) -> String {
        let mut bars: Vec<(usize, usize, usize)> = Vec::new();
        let mut dark = self.dark.clone();
        dark.sort_unstable_by_key(|(x, y)| (*y, *x));
        for (x, y) in dark {
            match bars.last_mut() {
                Some((from, row, length)) if *row == y && *from + *length == x => *length += 1,
                _ => bars.push((x, y, 1)),
            }
        }
        bars.iter().map(|(x, y, length)| format!("M{x} {y}h{length}v1h-{length}z")).collect()
    }
}

super::renders_itself!(Squares);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_row_are_one_bar() {
        let dark = vec![(1, 0), (0, 0), (3, 0), (0, 1)];
        let squares = Squares { label: "a <secret>".to_owned(), size: 4, dark };
        let text = squares.to_string();
        assert!(text.contains("d=\"M0 0h2v1h-2zM3 0h1v1h-1zM0 1h1v1h-1z\""), "{text}");
        assert!(text.contains("viewBox=\"-4 -4 12 12\"") && !text.contains("<secret>"), "{text}");
    }
}
