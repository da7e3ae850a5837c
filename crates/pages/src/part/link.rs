//! Addresses and links. An address comes from many hands (advisories, package metadata, settings);
//! what does not lead into this site or to the web is dropped, and its text stands alone.

use std::fmt;

use askama::Template;

/// An address that may stand in a page; empty where there is none, or none that is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Href(String);

impl Href {
    /// Keeps an address of this site (`/…`, `?…`, `#…`) or of the web; anything else becomes empty.
    pub fn new(address: impl Into<String>) -> Href {
        let address = address.into();
        let inner = match address.as_bytes() {
            [b'/', b'/' | b'\\', ..] => false,
            [b'/' | b'?' | b'#', ..] => true,
            _ => false,
        };
        let web = ["https://", "http://", "mailto:"].iter().any(|s| address.starts_with(s));
        let plain = !address.chars().any(|c| c.is_control() || c == '\\');
        Href(if (inner || web) && plain { address } else { String::new() })
    }

    /// Whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it leads out of this site.
    pub fn is_outside(&self) -> bool {
        self.0.starts_with("http") || self.0.starts_with("mailto:")
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Href {
    fn from(address: &str) -> Href {
        Href::new(address)
    }
}

impl From<String> for Href {
    fn from(address: String) -> Href {
        Href::new(address)
    }
}

/// Words that lead somewhere; without an address, the words alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Template)]
#[template(
    ext = "html",
    source = r#"{%- if href.is_empty() -%}{{ text }}
    {%- else -%}<a href="{{ href }}"{% if href.is_outside() %} rel="noreferrer"{% endif %}>{{ text }}</a>
    {%- endif -%}"#
)]
pub struct Link {
    /// The words; they say where it leads.
    pub text: String,
    /// Where it leads.
    pub href: Href,
}

impl Link {
    /// A link.
    pub fn to(text: impl Into<String>, href: impl Into<Href>) -> Link {
        Link { text: text.into(), href: href.into() }
    }

    /// Words without an address.
    pub fn words(text: impl Into<String>) -> Link {
        Link { text: text.into(), href: Href::default() }
    }
}

super::renders_itself!(Link);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_run_or_mislead_are_dropped() {
        for kept in
            ["/findings?level=high", "?page=2", "#h", "https://a.example/", "mailto:a@b.example"]
        {
            assert_eq!(Href::new(kept).as_str(), kept);
        }
        for dropped in [
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "//evil.example",
            "/\\evil.example",
            "/\tx",
            " /x",
            "x",
            "",
            "vbscript:x",
            "https:evil",
            "/a\\b",
            "\u{1}javascript:x",
        ] {
            assert!(Href::new(dropped).is_empty(), "{dropped:?}");
        }
    }

    #[test]
    fn words_stay_without_an_address() {
        let link = Link::to("<b>", "javascript:x").render().expect("renders");
        assert_eq!(link, "&#60;b&#62;");
    }
}
