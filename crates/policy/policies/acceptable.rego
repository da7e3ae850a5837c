# METADATA
# title: Acceptable level
# description: A finding above the level that the system's tier may keep fails the gate.
package trimtab.acceptable

import data.trimtab.change
import rego.v1

rank := {"low": 0, "medium": 1, "high": 2, "critical": 3}

open := [finding |
	some finding in input.findings
	not change.settled(finding)
]

above := [finding |
	some finding in open
	finding.acceptable == false
]

tolerated(finding) := "the tier of its system may keep none" if not finding.acceptable_level

tolerated(finding) := sprintf("the tier of its system may keep at most %s", [finding.acceptable_level]) if finding.acceptable_level

told(finding) := object.union(change.place(finding), {
	"rule": "level-above-acceptable",
	"finding": finding.id,
	"msg": sprintf("%s in %s is %s; %s", [finding.id, finding.package, finding.level, tolerated(finding)]),
	"help": next_step(finding),
})

next_step(finding) := sprintf("raise it to %s, or ask for an exception", [finding.fix]) if finding.fix != null

next_step(finding) := "no fixed version is known: replace, remove or mitigate it, or ask for an exception" if {
	finding.fix == null
}

deny contains told(finding) if {
	some finding in above
	change.blamed(finding)
}

warn contains told(finding) if {
	some finding in above
	not change.blamed(finding)
}

# The tier or the level is not known.
unjudged contains object.union(change.place(finding), {
	"rule": "acceptable-unknown",
	"finding": finding.id,
	"new": finding.new,
	"msg": sprintf("whether %s in %s may remain is not known: %s", [finding.id, finding.package, missing(finding)]),
	"help": "say in the context file what the system is; update the advisory data",
}) if {
	some finding in open
	finding.acceptable == null
}

# The level rests on assumptions, and could be above what may remain.
unjudged contains object.union(change.place(finding), {
	"rule": "level-uncertain",
	"finding": finding.id,
	"new": finding.new,
	"msg": sprintf("%s in %s is taken for %s and could be %s: not known are %s", [
		finding.id, finding.package, finding.level, finding.level_bounds[1], concat(", ", finding.unknowns),
	]),
	"help": "find out what is not known, or accept the finding by an exception",
}) if {
	some finding in open
	finding.acceptable == true
	finding.level_bounds != null
	rank[finding.level_bounds[1]] > rank[finding.acceptable_level]
}

missing(finding) := concat(", ", finding.unknowns) if count(finding.unknowns) > 0

missing(finding) := "its level or the system's tier" if count(finding.unknowns) == 0

unknown contains verdict if {
	some verdict in unjudged
	change.blamed(verdict)
}

warn contains verdict if {
	some verdict in unjudged
	not change.blamed(verdict)
}
