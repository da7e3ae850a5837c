//! Names and values, one a line.

use askama::Template;

use super::Value;

/// A list of names and values.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(
    ext = "html",
    source = r#"<dl class="pairs">{% for (name, value) in self.0 %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>
{% endfor %}</dl>"#
)]
pub struct Pairs(pub Vec<(String, Value)>);

super::renders_itself!(Pairs);
