package trimtab.unmanaged_test

import data.trimtab.unmanaged
import rego.v1

dependency := {"reason": "no-lockfile", "purl": null, "new": true, "file": "package.json", "line": null}

component := {"purl": "pkg:npm/a", "relation": "direct", "pinned": false, "new": true, "file": "go.mod", "line": 2}

gate(strictness, new) := {
	"only_new": true,
	"charter": {"selection": {"unpinned": strictness}},
	"unmanaged": [object.union(dependency, {"new": new})],
	"components": [object.union(component, {"new": new})],
}

test_by_strictness if {
	count(unmanaged.deny) == 2 with input as gate("deny", true)
	count(unmanaged.deny) == 0 with input as gate("warn", true)
	count(unmanaged.warn) == 2 with input as gate("warn", true)
	count(unmanaged.warn) == 0 with input as gate("allow", true)
}

test_what_was_there_before_is_warned_about if {
	count(unmanaged.deny) == 0 with input as gate("deny", false)
	count(unmanaged.warn) == 2 with input as gate("deny", false)
}

test_it_is_told_where if {
	some verdict in unmanaged.deny with input as gate("deny", null)
	verdict.file == "package.json"
	verdict.msg == "dependencies of this file: no lockfile fixes its version"
}
