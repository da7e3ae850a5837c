package trimtab.selection_test

import data.trimtab.selection
import rego.v1

component := {
	"purl": "pkg:npm/left-pad@1.3.0",
	"relation": "direct",
	"licence": "MIT",
	"licence_verdict": "allowed",
	"registry": "https://registry.example/npm",
	"hashed": true,
	"yanked": false,
	"archived": false,
	"end_of_life": false,
	"age_days": 400.5,
	"last_release_days": 30,
	"new": true,
	"file": "package-lock.json",
	"line": 3,
}

rules := {
	"registries": ["https://registry.example/"],
	"licences_allowed": ["MIT"],
	"licences_denied": [],
	"licences_review": [],
	"minimum_age_days": 7,
	"last_release_days": 730,
	"yanked": "deny",
	"archived": "warn",
	"end_of_life": "allow",
	"unhashed": "warn",
	"unmaintained": "deny",
	"denied": [{"package": "pkg:npm/evil", "reason": "it was taken over"}, {"package": "pkg:npm/bad-*", "reason": "no"}],
}

gate(changes) := {
	"only_new": true,
	"charter": {"selection": rules},
	"findings": [],
	"components": [object.union(component, changes)],
}

# The rules that the change breaks, by effect.
broken(changes) := {"deny": denied, "warn": warned, "unknown": unknown} if {
	denied := {verdict.rule | some verdict in selection.deny} with input as gate(changes)
	warned := {verdict.rule | some verdict in selection.warn} with input as gate(changes)
	unknown := {verdict.rule | some verdict in selection.unknown} with input as gate(changes)
}

fine := {"deny": set(), "warn": set(), "unknown": set()}

test_a_good_choice_is_fine if broken({}) == fine

test_licence if {
	broken({"licence_verdict": "denied"}).deny == {"licence-denied"}
	broken({"licence_verdict": "review"}).warn == {"licence-review"}
	broken({"licence_verdict": "unknown", "licence": null}).unknown == {"licence-unknown"}
}

test_registry if {
	broken({"registry": "https://elsewhere.example/"}).deny == {"registry"}
	broken({"registry": null}).unknown == {"registry-unknown"}
}

test_age if {
	broken({"age_days": 0.5}).deny == {"too-young"}
	broken({"age_days": null}).unknown == {"metadata-unknown"}
}

test_yanked_is_denied_and_archived_warned_about if {
	broken({"yanked": true}).deny == {"yanked"}
	broken({"archived": true}).warn == {"archived"}
	broken({"end_of_life": true}) == fine
	broken({"hashed": false}).warn == {"unhashed"}
}

test_what_is_not_known_is_never_fine if {
	broken({"yanked": null}).unknown == {"metadata-unknown"}
	broken({"archived": null}).warn == {"metadata-unknown"}
	broken({"last_release_days": null}).unknown == {"metadata-unknown"}
	broken({"end_of_life": null}) == fine
}

test_maintenance if broken({"last_release_days": 1000}).deny == {"unmaintained"}

test_refused_packages if {
	broken({"purl": "pkg:npm/evil@1.0.0"}).deny == {"package-denied"}
	broken({"purl": "pkg:npm/evil-not@1.0.0"}) == fine
	broken({"purl": "pkg:npm/bad-idea@1.0.0"}).deny == {"package-denied"}
}

test_what_was_there_before_is_not_selected if broken({"yanked": true, "new": false}) == fine

test_what_may_be_new_is if broken({"yanked": true, "new": null}).deny == {"yanked"}

test_own_packages_are_not_selected if broken({"licence_verdict": "unknown", "relation": "own"}) == fine
