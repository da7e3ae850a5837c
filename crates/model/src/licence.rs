//! Licences as packages declare them: an SPDX identifier, an SPDX expression, or free text.
//!
//! Follows the SPDX licence list and Annex B of SPDX 2.3 (licence expressions), through the `spdx`
//! crate in its strict mode. Other spellings are rewritten only where their meaning is certain:
//! identifiers in another case, full names of the list, `/` between identifiers, and a short table
//! of common spellings. `GPL`, `BSD` or `Apache` name no licence (which version? which clauses?)
//! and stay free text; the lax mode of the crate would guess.
//!
//! Trap: deprecated identifiers (`GPL-2.0`, `LGPL-2.1+`) are on the list and stay as they are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use spdx::expression::{ExprNode, Operator};
use spdx::{Expression, ParseMode};

/// The longest text that is tried as an expression, in bytes. Longer ones are free text.
pub const MAX_EXPRESSION_LEN: usize = 2048;

const MODE: ParseMode =
    ParseMode { allow_deprecated: true, allow_postfix_plus_on_gpl: true, ..ParseMode::STRICT };

/// A declared licence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Licence {
    /// One identifier of the SPDX list, in its spelling.
    Id(Box<str>),
    /// A valid SPDX expression of more than one identifier, or with `+`, `WITH` or `LicenseRef-`.
    Expression(Box<str>),
    /// Anything else, as declared, trimmed; also `NONE` and `NOASSERTION`.
    Text(Box<str>),
}

impl Licence {
    /// Classifies a declared licence.
    pub fn read(text: &str) -> Licence {
        let text = text.trim();
        if text.len() > MAX_EXPRESSION_LEN || matches!(text, "" | "NONE" | "NOASSERTION") {
            return Licence::Text(text.into());
        }
        if let Some(id) = certain_id(text) {
            return Licence::Id(id.into());
        }
        parse(text)
            .or_else(|| parse(&rewritten(text)?))
            .unwrap_or_else(|| Licence::Text(text.into()))
    }

    /// The identifier, expression or text.
    pub fn as_str(&self) -> &str {
        match self {
            Licence::Id(text) | Licence::Expression(text) | Licence::Text(text) => text,
        }
    }

    /// Whether it is valid where SPDX wants an expression.
    pub fn is_spdx(&self) -> bool {
        !matches!(self, Licence::Text(_))
    }

    /// The identifiers of the SPDX list that it names.
    pub fn ids(&self) -> Vec<&'static str> {
        match self {
            Licence::Id(id) => {
                NAMES.ids.get(&id.to_ascii_lowercase()).copied().into_iter().collect()
            }
            Licence::Expression(text) => Expression::parse_mode(text, MODE).map_or_else(
                |_| Vec::new(),
                |e| e.requirements().filter_map(|r| Some(r.req.license.id()?.name)).collect(),
            ),
            Licence::Text(_) => Vec::new(),
        }
    }

    /// The value of the expression: each licence in it has one (given as the whole requirement, as in
    /// `GPL-2.0-only WITH Classpath-exception-2.0`), `OR` takes the lesser of two, for the choice is
    /// the user's, and `AND` the greater. `None` for free text: it has no value.
    pub fn weigh<T: Ord>(&self, mut value: impl FnMut(&str) -> T) -> Option<T> {
        if !self.is_spdx() {
            return None;
        }
        let expression = Expression::parse_mode(self.as_str(), MODE).ok()?;
        let mut stack: Vec<T> = Vec::new();
        for node in expression.iter() {
            let next = match node {
                ExprNode::Req(requirement) => value(&requirement.req.to_string()),
                ExprNode::Op(operator) => {
                    let (b, a) = (stack.pop()?, stack.pop()?);
                    match operator {
                        Operator::Or => a.min(b),
                        Operator::And => a.max(b),
                    }
                }
            };
            stack.push(next);
        }
        stack.pop()
    }
}

impl fmt::Display for Licence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An expression that the standard accepts, with operators in capitals.
fn parse(text: &str) -> Option<Licence> {
    Expression::parse_mode(text, MODE).ok()?;
    if let Some(id) = NAMES.ids.get(&text.trim_matches(['(', ')', ' ']).to_ascii_lowercase()) {
        return Some(Licence::Id((*id).into()));
    }
    let small = |word: &str| {
        ["AND", "OR", "WITH"].iter().any(|op| word.eq_ignore_ascii_case(op) && word != *op)
    };
    if text.split([' ', '\t', '\n', '(', ')']).any(small) {
        return parse(&rewritten(text)?);
    }
    Some(Licence::Expression(text.into()))
}

/// The text with `OR` for `/` and `|`, operators in capitals and identifiers in the spelling of
/// the list. `None` if that changes nothing, or the meaning of a `/` is not certain.
fn rewritten(text: &str) -> Option<String> {
    if text.eq_ignore_ascii_case("MIT/X11") {
        // One licence under two names to some, two to others.
        return None;
    }
    let mut spaced = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '/' | '|' => spaced.push_str(" OR "),
            '(' | ')' => spaced.extend([' ', c, ' ']),
            c => spaced.push(c),
        }
    }
    let mut out = String::with_capacity(spaced.len());
    for word in spaced.replace(" OR  OR ", " OR ").split_ascii_whitespace() {
        let word = rewritten_word(word);
        let tight = out.is_empty() || out.ends_with('(') || word == ")";
        if !tight {
            out.push(' ');
        }
        out.push_str(&word);
    }
    (out != text).then_some(out)
}

fn rewritten_word(word: &str) -> Cow<'_, str> {
    let lower = word.to_ascii_lowercase();
    if matches!(&*lower, "and" | "or" | "with") {
        return Cow::Owned(word.to_ascii_uppercase());
    }
    if let Some(id) = NAMES.ids.get(&lower).or_else(|| NAMES.exceptions.get(&lower)) {
        return Cow::Borrowed(id);
    }
    match lower.strip_suffix('+').and_then(|base| NAMES.ids.get(base)) {
        Some(id) => Cow::Owned(format!("{id}+")),
        None => Cow::Borrowed(word),
    }
}

/// The identifier that a whole text names beyond doubt.
fn certain_id(text: &str) -> Option<&'static str> {
    let lower = normal(text);
    let common = || COMMON.iter().find(|(spelling, _)| *spelling == lower).map(|(_, id)| *id);
    NAMES.ids.get(&lower).or_else(|| NAMES.full_names.get(&lower)).copied().or_else(common)
}

/// Lower case, single spaces.
fn normal(text: &str) -> String {
    text.to_ascii_lowercase().split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// The SPDX list by spelling in lower case.
struct Names {
    ids: HashMap<String, &'static str>,
    full_names: HashMap<String, &'static str>,
    exceptions: HashMap<String, &'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let licences = || spdx::identifiers::LICENSES.iter().filter(|l| l.name != "NOASSERTION");
    let mut full_names = HashMap::new();
    // Names of deprecated identifiers are also names of their successors: these win.
    let deprecated = |l: &spdx::License| l.flags & spdx::flags::IS_DEPRECATED != 0;
    for licence in licences().filter(|l| deprecated(l)).chain(licences().filter(|l| !deprecated(l)))
    {
        full_names.insert(normal(licence.full_name), licence.name);
    }
    Names {
        ids: licences().map(|l| (l.name.to_ascii_lowercase(), l.name)).collect(),
        full_names,
        exceptions: spdx::identifiers::EXCEPTIONS
            .iter()
            .map(|e| (e.name.to_ascii_lowercase(), e.name))
            .collect(),
    }
});

/// Spellings that leave no doubt, in lower case.
const COMMON: &[(&str, &str)] = &[
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache2.0", "Apache-2.0"),
    ("apache v2", "Apache-2.0"),
    ("apache v2.0", "Apache-2.0"),
    ("apache license 2", "Apache-2.0"),
    ("apache license v2", "Apache-2.0"),
    ("apache license v2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("apache software license - version 2.0", "Apache-2.0"),
    ("apache software license, version 2.0", "Apache-2.0"),
    ("the apache license, version 2.0", "Apache-2.0"),
    ("the apache software license, version 2.0", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("mit license (mit)", "MIT"),
    ("expat", "MIT"),
    ("isc license (iscl)", "ISC"),
    ("2-clause bsd license", "BSD-2-Clause"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("the bsd 2-clause license", "BSD-2-Clause"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("3-clause bsd license", "BSD-3-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-3-clause license", "BSD-3-Clause"),
    ("the bsd 3-clause license", "BSD-3-Clause"),
    ("new bsd license", "BSD-3-Clause"),
    ("the new bsd license", "BSD-3-Clause"),
    ("mpl 2.0", "MPL-2.0"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mozilla public license, version 2.0", "MPL-2.0"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    ("eclipse public license - v 1.0", "EPL-1.0"),
    ("eclipse public license - v 2.0", "EPL-2.0"),
    ("eclipse public license v2.0", "EPL-2.0"),
    ("epl 2.0", "EPL-2.0"),
    ("boost software license, version 1.0", "BSL-1.0"),
    ("cc0", "CC0-1.0"),
    ("cc0 1.0", "CC0-1.0"),
    ("the unlicense (unlicense)", "Unlicense"),
];
