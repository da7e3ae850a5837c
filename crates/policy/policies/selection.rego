# METADATA
# title: Selection
# description: A new dependency follows the charter's rules on licence, registry, age, maintenance and refused packages.
package trimtab.selection

import data.trimtab.change
import rego.v1

rules := input.charter.selection

# What this change brought in, or may have brought in. The project's own packages are not selected.
chosen := [component |
	some component in input.components
	component.relation != "own"
	component.new != false
]

result(component, rule, msg, help) := object.union(change.place(component), {
	"rule": rule,
	"msg": sprintf("%s: %s", [component.purl, msg]),
	"help": help,
})

# --- licence

licences_ruled if count(rules.licences_allowed) > 0

licences_ruled if count(rules.licences_denied) > 0

licences_ruled if count(rules.licences_review) > 0

deny contains result(component, "licence-denied", sprintf("its licence %s is refused", [component.licence]), "take another package, or ask who answers for licences") if {
	some component in chosen
	component.licence_verdict == "denied"
}

warn contains result(component, "licence-review", sprintf("its licence %s needs a look", [component.licence]), "ask who answers for licences") if {
	some component in chosen
	component.licence_verdict == "review"
}

unknown contains result(component, "licence-unknown", "its licence is not known", "look it up, and record it for the package") if {
	licences_ruled
	some component in chosen
	component.licence_verdict == "unknown"
}

# --- registry

deny contains result(component, "registry", sprintf("it comes from %s, which is not among the allowed registries", [component.registry]), "take it from an allowed registry") if {
	count(rules.registries) > 0
	some component in chosen
	component.registry != null
	not from_allowed(component.registry)
}

from_allowed(registry) if {
	some allowed in rules.registries
	startswith(registry, allowed)
}

unknown contains result(component, "registry-unknown", "where it comes from is not known", "use a lockfile that records it") if {
	count(rules.registries) > 0
	some component in chosen
	component.registry == null
}

# --- refused packages

deny contains result(component, "package-denied", refused.reason, "take another package") if {
	count(rules.denied) > 0
	some component in chosen
	some refused in rules.denied
	matches(component.purl, refused.package)
}

matches(purl, package_) if purl == package_

matches(purl, package_) if startswith(purl, sprintf("%s@", [package_]))

matches(purl, package_) if startswith(purl, sprintf("%s?", [package_]))

matches(purl, package_) if {
	endswith(package_, "*")
	startswith(purl, trim_suffix(package_, "*"))
}

# --- age of the version

deny contains result(component, "too-young", sprintf("it was published %d days ago; the least age is %d", [floor(component.age_days), rules.minimum_age_days]), "take an older version, or wait") if {
	rules.minimum_age_days != null
	some component in chosen
	component.age_days != null
	component.age_days < rules.minimum_age_days
}

# --- what the charter takes as strictly as it says: by strictness, rule, message, next step

graded contains [strictness, result(component, "yanked", "the version was withdrawn by its authors", "take another version")] if {
	strictness := rules.yanked
	strictness != "allow"
	some component in chosen
	component.yanked == true
}

graded contains [strictness, result(component, "archived", "the project is archived", "take another package")] if {
	strictness := rules.archived
	strictness != "allow"
	some component in chosen
	component.archived == true
}

graded contains [strictness, result(component, "end-of-life", "the product is past its end of life", "take a supported version")] if {
	strictness := rules.end_of_life
	strictness != "allow"
	some component in chosen
	component.end_of_life == true
}

graded contains [strictness, result(component, "unhashed", "no integrity hash stands beside it", "let the package manager write hashes")] if {
	strictness := rules.unhashed
	strictness != "allow"
	some component in chosen
	component.hashed == false
}

graded contains [strictness, result(component, "unmaintained", sprintf("its last release was %d days ago; the most is %d", [floor(component.last_release_days), rules.last_release_days]), "take a package that is maintained")] if {
	strictness := rules.unmaintained
	strictness != "allow"
	rules.last_release_days != null
	some component in chosen
	component.last_release_days != null
	component.last_release_days > rules.last_release_days
}

graded contains [strictness, object.union(change.place(finding), {
	"rule": "unmaintained",
	"finding": finding.id,
	"msg": sprintf("%s: nobody maintains it (%s)", [finding.purl, finding.id]),
	"help": "take a package that is maintained",
})] if {
	strictness := rules.unmaintained
	strictness != "allow"
	some finding in input.findings
	finding.kind == "unmaintained"
	finding.new != false
	not change.settled(finding)
}

deny contains verdict if some ["deny", verdict] in graded

warn contains verdict if some ["warn", verdict] in graded

# What only a registry knows is asked about what this change brings in; one result for a component. It is
# unknown where the charter refuses, and said where it warns.
facts := {
	"age_days": "when it was published",
	"yanked": "whether the version was withdrawn",
	"archived": "whether the project is archived",
	"end_of_life": "whether the product is past its end of life",
	"hashed": "whether a hash stands beside it",
	"last_release_days": "when the package was last released",
}

asked["yanked"] := rules.yanked

asked["archived"] := rules.archived

asked["end_of_life"] := rules.end_of_life

asked["hashed"] := rules.unhashed

asked["age_days"] := "deny" if rules.minimum_age_days != null

asked["last_release_days"] := rules.unmaintained if rules.last_release_days != null

missing(component, strictness) := sort([name |
	some fact, name in facts
	asked[fact] == strictness
	component[fact] == null
])

untold(component, names) := result(component, "metadata-unknown", sprintf("not known is %s", [concat(", ", names)]), "run trimtab check-new for it: it asks the registry")

brought_in := [component |
	some component in chosen
	component.new == true
]

unknown contains untold(component, names) if {
	some component in brought_in
	names := missing(component, "deny")
	count(names) > 0
}

warn contains untold(component, names) if {
	some component in brought_in
	names := missing(component, "warn")
	count(names) > 0
}

# Where nothing was compared, everything may be new: told once, and not for every package.
uncompared(strictness) := [component |
	some component in chosen
	component.new == null
	count(missing(component, strictness)) > 0
]

uncompared_result(count_) := {
	"rule": "metadata-unknown",
	"msg": sprintf("what registries know of %d packages is not known", [count_]),
	"help": "compare with a state before (--against): then only what is new is asked about",
}

unknown contains uncompared_result(count(components)) if {
	components := uncompared("deny")
	count(components) > 0
}

warn contains uncompared_result(count(components)) if {
	components := uncompared("warn")
	count(components) > 0
}
