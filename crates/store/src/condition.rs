//! A condition of SQL with its values, made up of parts. The texts are ours; what people send is a value.

use crate::Org;
use crate::db::Value;

/// What stands after `WHERE`, and its values. `$1` is the organisation.
pub(crate) struct Condition {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Condition {
    /// Rows of an organisation.
    pub(crate) fn of(column: &str, org: Org) -> Condition {
        Condition { text: format!("{column} = $1"), values: vec![Value::from(org.0)] }
    }

    /// Narrows it, where there is a value: `text` stands before it.
    pub(crate) fn and(&mut self, text: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let value = self.value(value);
            self.text += &format!(" AND {text}{value}");
        }
    }

    /// Adds a value. Returns what stands for it.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}

/// Ids for a list of SQL, which is never empty.
pub(crate) fn listed(ids: &[i64]) -> String {
    let all: Vec<String> = ids.iter().map(ToString::to_string).collect();
    if all.is_empty() { "NULL".to_owned() } else { all.join(", ") }
}

/// What follows a condition on `asset`, for some systems; `None`: for all.
pub(crate) fn within(systems: Option<&[i64]>) -> String {
    systems
        .map_or_else(String::new, |systems| format!(" AND asset.system IN ({})", listed(systems)))
}

/// What `LIKE … ESCAPE '!'` finds a text with, wherever it stands.
pub(crate) fn contains(text: &str) -> String {
    let mut like = String::with_capacity(text.len() + 2);
    like.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            like.push('!');
        }
        like.push(c);
    }
    like.push('%');
    like
}

#[cfg(test)]
mod tests {
    #[test]
    fn signs_of_a_pattern_are_letters() {
        assert_eq!(super::contains("50%_!"), "%50!%!_!!%");
    }
}
