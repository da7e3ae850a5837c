"""To which entries a criterion of maturity points: the newest of its kind of the last 90 days that tells of what is counted, of
the systems that are looked at. Written from docs/ledger.md and docs/maturity.md."""

from grounds import LAST, REVIEWED
from lives import DAY

INVENTORY = ("inventory-begun", "inventory-whole", "all-watched", "all-current")
CHANGED = {
    "changes-gated": lambda data, what: what == "verdict",
    "refusals-answered": lambda data, what: what in ("verdict", "verdict-answered"),
    "suppliers-send": lambda data, what: what == "supplier-document" and data["kind"] == "sbom",
    "suppliers-answer": lambda data, what: what == "supplier-answer",
}
# Criteria of which any entry of a kind tells.
ANY = {
    "assessed": ("findings-weighed",),
    "planned": ("little-noise",),
    "fixed": ("deadlines-mostly", "deadlines-kept", "load-falls"),
    "deployed": ("running-told",),
}
# How long ago an entry may be of those that look at less than 90 days.
WITHIN = {"all-watched": 30 * DAY, "all-current": 7 * DAY, "changes-gated": 30 * DAY}


def tells(entry):
    """The criteria of which an entry tells, as far as it alone says so."""
    data, kind = entry.data, entry.kind
    if kind == "received" and "vex" not in data:
        yield from INVENTORY
    elif kind == "planned" and data.get("state") in ("scheduled", "moved"):
        yield "rhythm-chosen"
    elif kind == "decided" and data.get("state") == "approved":
        yield "decisions-of-two"
        if data.get("kind") == "not-affected":
            yield "not-affected-told"
    elif kind == "changed":
        yield from (id_ for id_, is_so in CHANGED.items() if is_so(data, entry.what))
    yield from ANY.get(kind, ())


def newest(ledger, team):
    """By criterion the newest entry, for the organisation or a team."""
    own = None if team is None else set(ledger.owned(team))
    reverted, of, found = {}, {}, {}
    for entry in ledger.entries:
        if entry.what == "review" and "of" in entry.data:
            of[entry.data["review"]] = entry.data["of"]
    for entry in reversed(ledger.entries):
        data, age = entry.data, ledger.now - entry.at
        if age > LAST:
            break
        system = entry.system if entry.system is not None else ledger.system_of.get(entry.asset)
        is_mine = own is None or system in own
        if entry.what == "update" and "reverted" in data:
            reverted.setdefault(data["update"], data["reverted"] is not None)
        names = [id_ for id_ in tells(entry) if is_mine]
        # A charter is of all, and a review of its team.
        names += ["charter-agreed"] if entry.what == "charter-agreed" else []
        if entry.what == "review" and data.get("state") == "open" and age <= REVIEWED:
            names += ["reviews-held"] if of[data["review"]] == f"team:{team}" or team is None and of[data["review"]] != "all" else []
        if is_mine and entry.what == "update" and data.get("tests") == "unharmed" and not reverted.get(data["update"]):
            names.append("updates-tested")
        for id_ in names:
            if age <= WITHIN.get(id_, LAST):
                found.setdefault(id_, entry.seq)
    return found
