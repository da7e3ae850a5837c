package trimtab.malicious_test

import data.trimtab.malicious
import rego.v1

finding := {
	"id": "MAL-2024-1",
	"kind": "malicious",
	"package": "left-pda",
	"exception": {"id": "E-1", "until": null},
	"new": false,
	"file": null,
	"line": null,
}

test_no_exception_covers_it if count(malicious.deny) == 1 with input as {"only_new": true, "findings": [finding]}

test_a_vulnerability_is_another_matter if {
	count(malicious.deny) == 0 with input as {"findings": [object.union(finding, {"kind": "vulnerability"})]}
}
