//! Tabs. Each is a link to a page, so that what is shown is in the address.

use askama::Template;

use super::Link;

/// Tabs, one of them shown. One alone tells nothing apart, and is not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Template)]
#[template(
    ext = "html",
    source = r#"{% if tabs.len() > 1 %}<nav class="tabs" aria-label="{{ label }}">
{%- for tab in tabs -%}
<a href="{{ tab.href }}"{% if self.is_shown(loop.index0) %} aria-current="true"{% endif %}>{{ tab.text }}</a>
{%- endfor -%}
</nav>{% endif %}"#
)]
pub struct Tabs {
    /// What they tell apart.
    pub label: String,
    /// The tabs.
    pub tabs: Vec<Link>,
    /// Which of them is shown.
    pub shown: usize,
}

impl Tabs {
    fn is_shown(&self, index: &usize) -> bool {
        *index == self.shown
    }
}

super::renders_itself!(Tabs);
