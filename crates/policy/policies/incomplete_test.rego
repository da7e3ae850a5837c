package trimtab.incomplete_test

import data.trimtab.incomplete
import rego.v1

problem := {"code": "file-malformed", "incomplete": true, "message": "no JSON", "file": "a", "line": 1, "help": null}

component := {"purl": "pkg:npm/a", "reason": "no-version", "new": true, "file": "a", "line": 2}

test_a_file_that_was_not_read_is_unknown if {
	some verdict in incomplete.unknown with input as {"incomplete": true, "diagnostics": [problem], "unknowns": []}
	verdict.rule == "file-malformed"
}

test_incomplete_without_a_reason_is_unknown if {
	count(incomplete.unknown) == 1 with input as {"incomplete": true, "diagnostics": [], "unknowns": []}
	count(incomplete.unknown) == 0 with input as {"incomplete": false, "diagnostics": [], "unknowns": []}
}

test_what_could_not_be_matched_is_unknown if {
	some verdict in incomplete.unknown with input as {"incomplete": false, "diagnostics": [], "unknowns": [component]}
	verdict.msg == "pkg:npm/a could not be matched: it has no version"
}

test_what_was_there_before_is_warned_about if {
	before := [object.union(component, {"new": false})]
	count(incomplete.unknown) == 0 with input as {"only_new": true, "incomplete": false, "diagnostics": [], "unknowns": before}
	count(incomplete.warn) == 1 with input as {"only_new": true, "incomplete": false, "diagnostics": [], "unknowns": before}
}
