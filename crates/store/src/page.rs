//! Pages of a list by key: the next one begins after the last row seen, however many there are.

/// Where a page begins: the sort value and the id of the last row before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The sort value of that row.
    pub value: i64,
    /// Its id.
    pub id: i64,
}

impl Cursor {
    /// As text for addresses.
    pub fn to_text(self) -> String {
        format!("{}.{}", self.value, self.id)
    }

    /// From the text of an address. `None`: it is none.
    pub fn from_text(text: &str) -> Option<Cursor> {
        let (value, id) = text.split_once('.')?;
        Some(Cursor { value: value.parse().ok()?, id: id.parse().ok()? })
    }
}

/// Rows of a page, and where the next one begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins. `None`: this is the last.
    pub next: Option<Cursor>,
}

/// The most rows of a page.
pub(crate) const MOST: usize = 500;

impl<T> Page<T> {
    /// Makes a page of `limit + 1` rows that were asked for.
    pub(crate) fn cut(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Page { rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor { value: -3, id: 42 };
        assert_eq!(Cursor::from_text(&cursor.to_text()), Some(cursor));
        for wrong in ["", "1", "a.b", "1.2.3", "99999999999999999999.1"] {
            assert_eq!(Cursor::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let cursor = |id: &i64| Cursor { value: 0, id: *id };
        assert_eq!(Page::cut(vec![1, 2, 3], 2, cursor).next, Some(Cursor { value: 0, id: 2 }));
        assert_eq!(Page::cut(vec![1, 2], 2, cursor).next, None);
    }
}
