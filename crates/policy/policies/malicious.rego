# METADATA
# title: Malicious packages
# description: A package that an advisory calls malicious fails the gate, new or not; no exception covers it.
package trimtab.malicious

import data.trimtab.change
import rego.v1

deny contains object.union(change.place(finding), {
	"rule": "malicious",
	"finding": finding.id,
	"msg": sprintf("%s is malicious (%s)", [finding.package, finding.id]),
	"help": "remove it, and treat what it ran on as taken over: change the secrets that were there",
}) if {
	some finding in input.findings
	finding.kind == "malicious"
}
