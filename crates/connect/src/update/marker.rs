//! Whether a marker of a Python requirement (PEP 508) holds in an environment: `python_version < "3.8" and os_name == "nt"`.

use std::collections::BTreeMap;

/// The deepest parentheses that are followed.
const DEPTH: usize = 40;
/// What is compared as a version, and not as a text.
const VERSIONS: &[&str] = &["python_version", "python_full_version", "implementation_version"];

/// What markers ask about, by name: `os_name` is `posix`.
pub(super) type Environment = BTreeMap<String, String>;

/// Whether a marker holds. `None`: it is not understood, or asks for what is not known of the environment.
pub(super) fn holds(marker: &str, environment: &Environment) -> Option<bool> {
    let tokens = tokens(marker)?;
    let mut reader = Reader { tokens: &tokens, at: 0, environment };
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
    let is_operator = |c: char| "<>=!~".contains(c);
    let mut all = Vec::new();
    let mut rest = marker.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => {
                all.push(Token::Open);
                1
            }
            ')' => {
                all.push(Token::Close);
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
                    c.is_whitespace() || "()'\"".contains(c) || is_operator(c) != is_operator(first)
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

struct Reader<'m> {
    tokens: &'m [Token<'m>],
    at: usize,
    environment: &'m Environment,
}

impl<'m> Reader<'m> {
    fn next(&mut self) -> Option<Token<'m>> {
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
        let right = self.next()?;
        let is_version =
            |token: Token<'_>| matches!(token, Token::Word(name) if VERSIONS.contains(&name));
        let (a, b) = (self.value(left)?, self.value(right)?);
        match operator {
            "in" => return Some(b.contains(a)),
            "not in" => return Some(!b.contains(a)),
            _ => {}
        }
        if is_version(left) {
            return super::confirm::allows("pypi", &format!("{operator}{b}"), a);
        }
        if is_version(right) {
            // `"3.8" > python_version`
            let turned = match operator {
                "<" => ">",
                "<=" => ">=",
                ">" => "<",
                ">=" => "<=",
                other => other,
            };
            return super::confirm::allows("pypi", &format!("{turned}{a}"), b);
        }
        match operator {
            "==" | "===" => Some(a == b),
            "!=" => Some(a != b),
            "<" => Some(a < b),
            "<=" => Some(a <= b),
            ">" => Some(a > b),
            ">=" => Some(a >= b),
            _ => None,
        }
    }

    fn value(&self, token: Token<'m>) -> Option<&'m str> {
        match token {
            Token::Text(text) => Some(text),
            Token::Word(name) => self.environment.get(name).map(String::as_str),
            Token::Open | Token::Close => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values are those of PEP 508 for CPython 3.11 on Linux.
    #[test]
    fn markers_hold_or_not() {
        let environment: Environment = [
            ("python_version", "3.11"),
            ("python_full_version", "3.11.4"),
            ("os_name", "posix"),
            ("sys_platform", "linux"),
            ("platform_machine", "x86_64"),
            ("platform_python_implementation", "CPython"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (marker, answer) in [
            ("python_version < '3.8'", Some(false)),
            // As a text, 3.11 would be before 3.8.
            ("python_version >= \"3.8\"", Some(true)),
            ("'3.8' <= python_version", Some(true)),
            ("\"3.12\" > python_version", Some(true)),
            ("python_version == '3.*'", Some(true)),
            ("python_version ~= '3.8'", Some(true)),
            ("python_version in '3.6 3.7'", Some(false)),
            ("python_version not in '3.6,3.7'", Some(true)),
            ("python_full_version<'3.11.5'", Some(true)),
            ("sys_platform=='win32'", Some(false)),
            (
                "sys_platform != 'win32' and (os_name == 'nt' or platform_machine == 'x86_64')",
                Some(true),
            ),
            ("os_name == 'nt' or sys_platform == 'win32' and python_version > '3'", Some(false)),
            ("'linux' in sys_platform", Some(true)),
            ("platform_python_implementation != 'PyPy'", Some(true)),
            ("extra == 'x'", None),
            ("platform_release > '5'", None),
            ("python_version", None),
            ("python_version < 3.8", None),
            ("(python_version < '3.8'", None),
            ("python_version < '3.8", None),
            ("", None),
        ] {
            assert_eq!(holds(marker, &environment), answer, "{marker}");
        }
        let deep = format!("{}os_name == 'nt'{}", "(".repeat(1_000), ")".repeat(1_000));
        assert_eq!(holds(&deep, &environment), None);
    }
}
