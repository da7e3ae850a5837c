package trimtab.change_test

import data.trimtab.change
import rego.v1

test_all_is_blamed_without_a_comparison if {
	change.blamed({"new": false}) with input as {"only_new": false}
	change.blamed({"new": null}) with input as {}
}

test_the_change_is_blamed_and_not_the_calendar if {
	change.blamed({"new": true}) with input as {"only_new": true}
	not change.blamed({"new": false}) with input as {"only_new": true}
}

test_what_may_be_new_is_blamed if change.blamed({"new": null}) with input as {"only_new": true}

test_decisions_settle if {
	change.settled({"exception": {"id": "E-1", "until": null}, "vex": null})
	change.settled({"exception": null, "vex": "not_affected"})
	not change.settled({"exception": null, "vex": "under_investigation"})
	not change.settled({"exception": null, "vex": null})
}
