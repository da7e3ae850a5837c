# METADATA
# title: Deadlines
# description: A finding whose deadline by the charter has passed fails the gate.
package trimtab.deadline

import data.trimtab.change
import rego.v1

late := [finding |
	some finding in input.findings
	finding.deadline_state == "passed"
	not change.settled(finding)
]

told(finding) := object.union(change.place(finding), {
	"rule": "deadline-passed",
	"finding": finding.id,
	"msg": sprintf("%s in %s is past its deadline of %s%s", [finding.id, finding.package, finding.deadline, by(finding)]),
	"help": next_step(finding),
})

by(finding) := sprintf(" by %s", [span(floor(finding.overdue_hours))]) if finding.overdue_hours != null

by(finding) := "" if finding.overdue_hours == null

# Hours as people say them: days from three days on.
span(hours) := "less than an hour" if hours < 1

span(hours) := "1 hour" if hours == 1

span(hours) := sprintf("%d hours", [hours]) if {
	hours > 1
	hours < 72
}

span(hours) := sprintf("%d days", [floor(hours / 24)]) if hours >= 72

next_step(finding) := sprintf("raise it to %s, or ask for an exception", [finding.fix]) if finding.fix != null

next_step(finding) := "no fixed version is known: replace, remove or mitigate it, or ask for an exception" if {
	finding.fix == null
}

deny contains told(finding) if {
	some finding in late
	change.blamed(finding)
}

warn contains told(finding) if {
	some finding in late
	not change.blamed(finding)
}

undated := [finding |
	some finding in input.findings
	finding.deadline_state == "unknown"
	not change.settled(finding)
]

unjudged(finding) := object.union(change.place(finding), {
	"rule": "deadline-unknown",
	"finding": finding.id,
	"msg": sprintf("the deadline of %s in %s cannot be told", [finding.id, finding.package]),
	"help": "say in the context file what the system is, and since when the finding is known",
})

unknown contains unjudged(finding) if {
	some finding in undated
	change.blamed(finding)
}

warn contains unjudged(finding) if {
	some finding in undated
	not change.blamed(finding)
}
