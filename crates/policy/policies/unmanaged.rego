# METADATA
# title: Unmanaged dependencies
# description: A dependency that nothing pins is taken as strictly as the charter says.
package trimtab.unmanaged

import data.trimtab.change
import rego.v1

strictness := input.charter.selection.unpinned

# By their reasons; a reason that is not among them is told as it stands.
reasons := {
	"no-lockfile": ["no lockfile fixes its version", "commit the lockfile"],
	"floating-version": ["its version floats", "name one version"],
	"unresolved": ["its version cannot be told without the network", "use a lockfile"],
}

loose contains object.union(change.place(dependency), {
	"rule": dependency.reason,
	"new": dependency.new,
	"msg": sprintf("%s: %s", [name(dependency), reason[0]]),
	"help": reason[1],
}) if {
	some dependency in input.unmanaged
	reason := object.get(reasons, dependency.reason, [dependency.reason, "pin it"])
}

loose contains object.union(change.place(component), {
	"rule": "unpinned",
	"new": component.new,
	"msg": sprintf("%s: its version is not fixed", [component.purl]),
	"help": "name one version, or use a lockfile",
}) if {
	some component in input.components
	component.pinned == false
	component.relation != "own"
}

name(dependency) := dependency.purl if dependency.purl != null

name(dependency) := "dependencies of this file" if dependency.purl == null

deny contains verdict if {
	strictness == "deny"
	some verdict in loose
	change.blamed(verdict)
}

warn contains verdict if {
	strictness == "deny"
	some verdict in loose
	not change.blamed(verdict)
}

warn contains verdict if {
	strictness == "warn"
	some verdict in loose
}
