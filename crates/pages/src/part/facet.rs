//! The filter above a list: a plain form whose answer is the address. What is chosen stands as a
//! chip that takes itself away.

use askama::Template;

use super::{Href, Link};

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value in the address.
    pub value: String,
    /// The words.
    pub text: String,
    /// How many rows it leaves; unknown where counting would cost too much.
    pub count: Option<u64>,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A question that rows are told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The name in the address.
    pub name: String,
    /// The words.
    pub text: String,
    /// Its values.
    pub choices: Vec<Choice>,
    /// Whether only one of them can be chosen: then the words say which.
    pub single: bool,
}

impl Facet {
    /// The words of the one that is chosen.
    fn answer(&self) -> &str {
        self.choices.iter().find(|c| c.chosen).map_or("any", |c| c.text.as_str())
    }

    fn chosen(&self) -> usize {
        self.choices.iter().filter(|c| c.chosen).count()
    }
}

/// The filter of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Template)]
#[template(path = "part/filter.html")]
pub struct Filter {
    /// The list's address without a query.
    pub action: Href,
    /// What else the address holds: name and value.
    pub kept: Vec<(String, String)>,
    /// Words to look for, where the list can be searched: name in the address, label, value.
    pub search: Option<(String, String, String)>,
    /// Other words that narrow it: name in the address, label, value.
    pub also: Vec<(String, String, String)>,
    /// Days that bound what is shown: name in the address, label, value.
    pub dates: Vec<(String, String, String)>,
    /// The questions.
    pub facets: Vec<Facet>,
    /// What is chosen, each leading to the list without it.
    pub chips: Vec<Link>,
    /// The list without any filter.
    pub clear: Href,
}

super::renders_itself!(Filter);
