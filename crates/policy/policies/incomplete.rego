# METADATA
# title: What could not be judged
# description: Files that could not be read and components that could not be matched are unknown, never clean.
package trimtab.incomplete

import data.trimtab.change
import rego.v1

unknown contains object.union(change.place(problem), {
	"rule": problem.code,
	"msg": problem.message,
	"help": problem.help,
}) if {
	some problem in input.diagnostics
	problem.incomplete == true
}

# Said to be incomplete, and nothing says why.
unknown contains {
	"rule": "incomplete",
	"msg": "the scan is incomplete",
	"help": "look at its diagnostics",
} if {
	input.incomplete != false
	count([problem | some problem in input.diagnostics; problem.incomplete == true]) == 0
}

unjudged contains object.union(change.place(component), {
	"rule": component.reason,
	"new": component.new,
	"msg": sprintf("%s could not be matched: %s", [component.purl, object.get(reasons, component.reason, component.reason)]),
	"help": "give it a version, or decide about it by hand",
}) if {
	some component in input.unknowns
}

reasons := {
	"no-version": "it has no version",
	"unparsable-version": "its version cannot be read",
	"incomparable-range": "an advisory's range cannot be compared with its version",
	"not-from-registry": "it does not come from a registry",
	"no-ecosystem": "no advisories are published for its ecosystem",
}

unknown contains verdict if {
	some verdict in unjudged
	change.blamed(verdict)
}

warn contains verdict if {
	some verdict in unjudged
	not change.blamed(verdict)
}
