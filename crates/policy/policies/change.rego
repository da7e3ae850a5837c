# METADATA
# title: What the change is blamed for
# description: Functions that the other policies share; it denies nothing itself.
package trimtab.change

import rego.v1

# Whether an entry fails the gate, or is only warned about because it was there before the change. An entry
# of which it is not known (`null`) is blamed: it may be new.
blamed(_) if not input.only_new

blamed(entry) if {
	input.only_new
	entry.new != false
}

# Whether people have decided about a finding already: an exception is in force, or a statement says that it
# does not concern the product.
settled(finding) if finding.exception != null

settled(finding) if finding.vex in {"not_affected", "fixed"}

# The members that put a verdict at its place.
place(entry) := {"file": entry.file, "line": entry.line}
