package trimtab.deadline_test

import data.trimtab.deadline
import rego.v1

finding := {
	"id": "CVE-2024-1",
	"package": "left-pad",
	"deadline": "2026-01-01T00:00:00Z",
	"deadline_state": "passed",
	"overdue_hours": 30.5,
	"exception": null,
	"vex": null,
	"fix": "1.3.0",
	"new": true,
	"file": "package-lock.json",
	"line": 7,
}

with_member(member, value) := {"only_new": true, "findings": [object.union(finding, {member: value})]}

test_a_passed_deadline_is_denied if {
	some verdict in deadline.deny with input as {"only_new": true, "findings": [finding]}
	verdict.finding == "CVE-2024-1"
	verdict.line == 7
	contains(verdict.msg, "by 30 hours")
	contains(verdict.help, "1.3.0")
}

test_days_are_told_from_three_days_on if {
	some verdict in deadline.deny with input as with_member("overdue_hours", 56969)
	contains(verdict.msg, "by 2373 days")
	some short in deadline.deny with input as with_member("overdue_hours", 0.4)
	contains(short.msg, "by less than an hour")
	some one in deadline.deny with input as with_member("overdue_hours", 1.2)
	contains(one.msg, "by 1 hour")
}

test_an_open_deadline_is_not if {
	count(deadline.deny) == 0 with input as with_member("deadline_state", "open")
	count(deadline.unknown) == 0 with input as with_member("deadline_state", "open")
}

test_what_was_there_before_is_warned_about if {
	count(deadline.deny) == 0 with input as with_member("new", false)
	count(deadline.warn) == 1 with input as with_member("new", false)
}

test_an_exception_holds if count(deadline.deny) == 0 with input as with_member("exception", {"id": "E-1", "until": null})

test_a_deadline_that_is_not_known_is_unknown if {
	count(deadline.unknown) == 1 with input as with_member("deadline_state", "unknown")
	count(deadline.deny) == 0 with input as with_member("deadline_state", "unknown")
}

test_no_fix_and_no_hours_are_told if {
	some verdict in deadline.deny with input as {"findings": [object.union(finding, {"fix": null, "overdue_hours": null})]}
	contains(verdict.help, "no fixed version")
}
