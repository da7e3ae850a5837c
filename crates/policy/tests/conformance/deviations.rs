//! Where policies give something else than OPA's cases expect, class by class, with the reason.

/// Cases that differ for one reason.
pub(crate) struct Class {
    /// Why.
    pub(crate) reason: &'static str,
    /// The cases, by OPA's names. They differ in both suites; with `v0!` or `v1!` before, only in that one.
    pub(crate) notes: &'static [&'static str],
}

/// The classes.
pub(crate) const DEVIATIONS: &[Class] = &[
    Class {
        reason: "The result as one more argument (`any(list, x)`) of a built-in that the engine does not know itself: write `x := any(list)`.",
        notes: &[
            "v0!all/array fail",
            "v0!all/array success",
            "v0!all/empty array",
            "v0!all/empty set",
            "v0!all/other types",
            "v0!all/set fail",
            "v0!all/set success",
            "v0!any/array fail",
            "v0!any/array success",
            "v0!any/empty array",
            "v0!any/empty set",
            "v0!any/other types",
            "v0!any/set fail",
            "v0!any/set success",
            "v0!casts/boolean valid",
            "v0!casts/null valid",
            "v0!casts/obj valid",
            "netcidrintersects/cidr ipv6 subnet does not overlap",
            "netcidrintersects/cidr ipv6 subnet overlaps",
            "netcidrintersects/cidr subnet does not overlap",
            "netcidrintersects/cidr subnet overlaps",
            "v0!sets/set_diff: refs",
            "v0!toarray/array input",
            "v0!toarray/set input",
            "v0!toset/array input",
            "v0!toset/set input",
        ],
    },
    Class {
        reason: "A data document may not stand in the place of a package: it could answer for its rules.",
        notes: &[
            "baseandvirtualdocs/base/virtual",
            "baseandvirtualdocs/base/virtual: conflicts",
            "baseandvirtualdocs/base/virtual: ground key",
            "baseandvirtualdocs/base/virtual: prefix",
            "baseandvirtualdocs/base/virtual: set",
            "baseandvirtualdocs/base/virtual: undefined-2",
            "v1!baseandvirtualdocs/enumerate/key in base and virtual doc yielded once",
            "v1!baseandvirtualdocs/enumerate/key in base and virtual doc yielded once at data root",
            "v1!baseandvirtualdocs/enumerate/key in base and virtual doc yielded once with values",
            "v1!baseandvirtualdocs/enumerate/keys only in virtual doc still yielded",
            "negation/neg: ref with variable (hit) and virtual doc (miss))",
            "negation/neg: ref with variable (miss) and virtual doc (hit)",
        ],
    },
    Class {
        reason: "All rules below a name at once (`data.a` of several packages): only what was asked for by name is there.",
        notes: &["fix1863/is defined", "topdowndynamicdispatch/dynamic dispatch"],
    },
    Class {
        reason: "Single cases of the engine: a path of `walk` that is partly given, `in` with a changed input, an empty alternative of a glob, a set below a dotted head.",
        notes: &[
            "v1!aggregates/member check set with with both key and value",
            "globmatch/empty pattern alternative",
            "refheads/general, set leaf, deep query",
            "v1!walkbuiltin/array path not overwritten",
        ],
    },
    Class {
        reason: "Nothing as input: the gate's input is always there, and where it is missing it is `null`.",
        notes: &[
            "inputvalues/loopback undefined",
            "withkeyword/builtin-value: arity-1, input must still be defined",
        ],
    },
    Class {
        reason: "Numbers: one without a fraction is whole, and what does not fit 64 bits or a binary fraction is refused or undefined.",
        notes: &[
            "v1!comparisonexpr/decimals order like the numbers they denote",
            "v1!jsonbuiltins/unmarshal number with large exponent within limits",
            "v1!numbersrangestep/big int step",
            "sprintf/float/exponent",
            "sprintf/float/zero_fraction",
            "strings/sprintf: float too big",
        ],
    },
    Class {
        reason: "An array or set in a rule's text with a member that is undefined is taken without it, or for defined: the rule holds where OPA's is undefined.",
        notes: &[
            "virtualdocs/undefined: in array coprehension body",
            "virtualdocs/undefined: in array literal",
            "virtualdocs/undefined: in set coprehension body",
            "virtualdocs/undefined: in set literal",
        ],
    },
    Class {
        reason: "A built-in by its name as the replacement of another (`with f as count`): the file is refused.",
        notes: &[
            "withkeyword/builtin-builtin: arity 1, replacement is compound",
            "withkeyword/builtin-builtin: arity 1, replacement is simple",
            "withkeyword/function: direct call, built-in replacement, arity 1",
            "withkeyword/function: direct call, built-in replacement, arity 1, result captured",
        ],
    },
    Class {
        reason: "`not` with a body of its own, of OPA's second version of the language, and what it imports.",
        notes: &["v1!negation/not-body: explicit body, future.keywords wildcard import"],
    },
];

/// Folders of which some cases differ for one reason: suite, folder, how many, why.
pub(crate) const FOLDERS: &[(&str, &str, usize, &str)] =
    &[("v0", "keywordrefs", 55, KEYWORDS), ("v1", "keywordrefs", 58, KEYWORDS)];
const KEYWORDS: &str = "Words of the language after a dot (`input.package`, a rule `p.not`): the file is refused. Write `input[\"package\"]`.";

/// Language that is not claimed: what stands in the text of a case that is left out, and why.
pub(crate) const NOT_CLAIMED: &[(&str, &str)] = &[
    ("$\"", "templates in strings"),
    ("$`", "templates in strings"),
    ("import rego.v2", "the second version of the language, which is an experiment of OPA"),
    ("future.keywords.and", "`and`, of the second version"),
    ("future.keywords.or", "`or`, of the second version"),
    ("future.keywords.not", "`not` with a body, of the second version"),
    (
        "e10000000E",
        "a number of ten million digits: whether it or the time limit comes first depends on the machine",
    ),
];
