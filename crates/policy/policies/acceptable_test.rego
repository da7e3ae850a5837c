package trimtab.acceptable_test

import data.trimtab.acceptable
import rego.v1

finding := {
	"id": "CVE-2024-1",
	"package": "left-pad",
	"level": "high",
	"level_bounds": ["high", "high"],
	"acceptable": false,
	"acceptable_level": "medium",
	"exception": null,
	"vex": null,
	"fix": null,
	"new": true,
	"file": "package-lock.json",
	"line": 7,
	"unknowns": [],
}

gate(changes) := {
	"only_new": true,
	"charter": {"acceptable": "medium"},
	"findings": [object.union(finding, changes)],
}

test_a_level_above_is_denied if {
	some verdict in acceptable.deny with input as gate({})
	verdict.msg == "CVE-2024-1 in left-pad is high; the tier of its system may keep at most medium"
}

test_an_exception_covers_it if {
	count(acceptable.deny) == 0 with input as gate({"exception": {"id": "E-1", "until": "2026-12-31"}})
}

test_what_was_there_before_is_warned_about if {
	count(acceptable.deny) == 0 with input as gate({"new": false})
	count(acceptable.warn) == 1 with input as gate({"new": false})
}

test_without_a_tier_it_is_unknown if {
	count(acceptable.unknown) == 1 with input as gate({"acceptable": null, "unknowns": ["tier"]})
	count(acceptable.deny) == 0 with input as gate({"acceptable": null})
}

test_a_level_that_could_be_above_is_unknown if {
	low := {"level": "low", "level_bounds": ["low", "critical"], "acceptable": true, "unknowns": ["severity"]}
	some verdict in acceptable.unknown with input as gate(low)
	verdict.rule == "level-uncertain"
	sure := object.union(low, {"level_bounds": ["low", "medium"]})
	count(acceptable.unknown) == 0 with input as gate(sure)
}
