//! Environment markers of Python requirements (PEP 508): `python_version < "3.8" and os_name == "nt"`. What their
//! comparisons come to is for whoever asks.
//!
//! Traps: `and` binds more tightly than `or`; a name may stand on either side; `not in` is one operator of two words; no
//! white space is needed round an operator.

/// The deepest parentheses that are followed.
const DEPTH: usize = 40;

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand<'t> {
    /// A variable: `os_name`.
    Name(&'t str),
    /// A quoted text, without its quotes.
    Text(&'t str),
}

/// A comparison: `os_name == "nt"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison<'t> {
    /// What stands before the operator.
    pub left: Operand<'t>,
    /// The operator as written, which may be none that PEP 508 knows; `not in` with one blank.
    pub operator: &'t str,
    /// What stands after it.
    pub right: Operand<'t>,
}

/// Whether a marker holds, by what each of its comparisons comes to. `None`: it is not a marker, its parentheses are too
/// deep, or what one of its comparisons comes to is not known.
pub fn holds(marker: &str, comes_to: &dyn Fn(Comparison<'_>) -> Option<bool>) -> Option<bool> {
    let tokens = tokens(marker)?;
    let mut reader = Reader { tokens: &tokens, at: 0, comes_to };
    let answer = reader.any_of(0)?;
    (reader.at == tokens.len()).then_some(answer)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Open,
    Close,
    /// A name, a keyword or an operator.
    Word(&'t str),
    /// A quoted text.
    Text(&'t str),
}

fn tokens(marker: &str) -> Option<Vec<Token<'_>>> {
    let is_operator = |c: char| matches!(c, '<' | '>' | '=' | '!' | '~');
    let mut all = Vec::new();
    let mut rest = marker.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => {
                all.push(if first == '(' { Token::Open } else { Token::Close });
                1
            }
            '\'' | '"' => {
                let text = rest.get(1..)?;
                let end = text.find(first)?;
                all.push(Token::Text(text.get(..end)?));
                end + 2
            }
            _ => {
                let stops = |c: char| {
                    c.is_whitespace()
                        || matches!(c, '(' | ')' | '\'' | '"')
                        || is_operator(c) != is_operator(first)
                };
                let end = rest.find(stops).unwrap_or(rest.len());
                all.push(Token::Word(rest.get(..end)?));
                end
            }
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(all)
}

struct Reader<'m, 't> {
    tokens: &'m [Token<'t>],
    at: usize,
    comes_to: &'m dyn Fn(Comparison<'_>) -> Option<bool>,
}

impl<'t> Reader<'_, 't> {
    fn next(&mut self) -> Option<Token<'t>> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Word(word));
        self.at += usize::from(found);
        found
    }

    fn any_of(&mut self, depth: usize) -> Option<bool> {
        let mut answer = self.all_of(depth)?;
        while self.word("or") {
            answer |= self.all_of(depth)?;
        }
        Some(answer)
    }

    fn all_of(&mut self, depth: usize) -> Option<bool> {
        let mut answer = self.one(depth)?;
        while self.word("and") {
            answer &= self.one(depth)?;
        }
        Some(answer)
    }

    fn one(&mut self, depth: usize) -> Option<bool> {
        let left = self.next()?;
        if left == Token::Open {
            let answer = (depth < DEPTH).then(|| self.any_of(depth + 1)).flatten()?;
            return (self.next()? == Token::Close).then_some(answer);
        }
        let Token::Word(mut operator) = self.next()? else { return None };
        if operator == "not" {
            operator = self.word("in").then_some("not in")?;
        }
        let (left, right) = (operand(left)?, operand(self.next()?)?);
        (self.comes_to)(Comparison { left, operator, right })
    }
}

fn operand(token: Token<'_>) -> Option<Operand<'_>> {
    match token {
        Token::Word(name) => Some(Operand::Name(name)),
        Token::Text(text) => Some(Operand::Text(text)),
        Token::Open | Token::Close => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is compared with `y` holds, with `n` does not, with anything else is unknown.
    fn told(marker: &str) -> Option<bool> {
        holds(marker, &|is| match is.right {
            Operand::Text("y") => Some(true),
            Operand::Text("n") => Some(false),
            _ => None,
        })
    }

    #[test]
    fn and_binds_more_tightly_than_or() {
        assert_eq!(told("a=='y' or b=='y' and c=='n'"), Some(true));
        assert_eq!(told("(a=='y' or b=='y') and c=='n'"), Some(false));
        assert_eq!(told("a=='n' and b=='y' or c=='n'"), Some(false));
    }

    #[test]
    fn both_sides_and_the_operator_are_told() {
        let is = |marker: &str, expected: (Operand<'_>, &str, Operand<'_>)| {
            let answer = holds(marker, &|is| Some((is.left, is.operator, is.right) == expected));
            assert_eq!(answer, Some(true), "{marker}");
        };
        is("os_name=='nt'", (Operand::Name("os_name"), "==", Operand::Text("nt")));
        is("\"3\" <= python_version", (Operand::Text("3"), "<=", Operand::Name("python_version")));
        is("'x' not  in extras", (Operand::Text("x"), "not in", Operand::Name("extras")));
    }

    #[test]
    fn what_is_no_marker_or_not_known_is_unknown() {
        for marker in ["", "a", "a ==", "a 'y'", "(a == 'y'", "a == 'y", "a == 'y' b", "a not 'y'"]
        {
            assert_eq!(told(marker), None, "{marker}");
        }
        assert_eq!(told("a == 'y' or a == 'z'"), None);
        assert_eq!(told(&format!("{}a == 'y'{}", "(".repeat(39), ")".repeat(39))), Some(true));
        assert_eq!(told(&format!("{}a == 'y'{}", "(".repeat(1_000), ")".repeat(1_000))), None);
        assert_eq!(told(&"(".repeat(100_000)), None);
    }
}
