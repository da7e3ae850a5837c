//! The policies that come with Trimtab. They are files like anybody else's: read them, test them,
//! replace them.

/// A policy that comes with Trimtab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The package, without `data.`.
    pub package: &'static str,
    /// The file's name in messages.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The name of the file of its tests.
    pub test_name: &'static str,
    /// The text of its tests.
    pub test: &'static str,
}

macro_rules! files {
    ($($name:literal,)*) => {
        /// All of them, by name.
        pub const FILES: &[BuiltIn] = &[ $( BuiltIn {
            package: concat!("trimtab.", $name),
            name: concat!("trimtab/", $name, ".rego"),
            text: include_str!(concat!("../policies/", $name, ".rego")),
            test_name: concat!("trimtab/", $name, "_test.rego"),
            test: include_str!(concat!("../policies/", $name, "_test.rego")),
        }, )* ];
    };
}

files! {
    "acceptable",
    "change",
    "deadline",
    "incomplete",
    "malicious",
    "selection",
    "unmanaged",
}
