"""What maturity is judged by, as far as the ledger tells it. Written from docs/ledger.md and docs/maturity.md."""

import collections

import shown
from deciding import Decisions
from lives import DAY
from periods import numbers
from saying import cell, may, say


def facts(ledger, team=None):
    """What maturity is judged by, as far as the ledger tells it: how many are so, and of how many; by criterion."""
    now, last = ledger.now, ledger.now // DAY
    owned = ledger.owned(team) if team is not None else list(ledger.systems)
    described, cadence, inventory, opened, updates = {}, {}, {}, collections.defaultdict(list), []
    for entry in ledger.entries:
        data = entry.data
        if entry.what == "system":
            described[entry.system] = all(data[name] is not None for name in ("tier", "exposure", "data"))
        elif entry.kind == "received" and data.get("snapshot") is not None and data["branch"] is None:
            inventory[entry.asset] = entry.at
        elif entry.what == "review" and data.get("state") == "open":
            opened[data["review"]] = entry.at
    of = {entry.data["review"]: entry.data["of"] for entry in ledger.entries if entry.what == "review" and "of" in entry.data}
    held = {int(of[id_].split(":")[1]) for id_, at in opened.items() if of[id_].startswith("team:") and at >= now - 37 * DAY}
    assets = [a for a in ledger.assets if team is None or ledger.system_of.get(a) in owned]
    with_ = {ledger.system_of.get(a) for a in assets if a in inventory}
    fresh = lambda days: sum(inventory.get(a, 0) >= now - days * DAY for a in assets)
    runs = {ledger.system_of.get(a) for a in shown.running(ledger)}
    counts = [f.counts_at(now) for f in ledger.of(team) if f.counts_at(now)]
    updates = [u for u in ledger.updates.values() if u.at >= now - 90 * DAY and u.outcome not in ("nothing", "refused")]
    updates = [u for u in updates if team is None or ledger.system_of.get(u.asset) in owned]
    systems = [s for s in owned]
    teams = [t for t in ledger.teams if ledger.owned(t) and team in (None, t)]
    told = [one for one in ledger.told if team is None or one[2] == team]
    is_ = numbers(ledger, ledger.of(team), told, len(ledger.teams) if team is None else 1, last - 89, last)
    due = is_["deadlines"]
    quiet = falling = 0
    for one in teams:
        told = [is_ for is_ in ledger.told if is_[2] == one]
        a = numbers(ledger, ledger.of(one), told, 1, last - 89, last)
        b = numbers(ledger, ledger.of(one), told, 1, last - 179, last - 90)
        quiet += a["noise"]["a_week"] <= 2
        falling += a["load"] <= b["load"] + 1e-6
    # Of two people, and with an end where it is an exception.
    decisions = Decisions(ledger).in_force(None if team is None else owned)
    two = lambda d: d["answered"] is not None and d["answered"] != d["asked"]
    good = [d for d in decisions if two(d) and (d["kind"] != "exception" or d["ends"] is not None)]
    stated = [d for d in decisions if d["kind"] == "not-affected"]
    kept = [due["met"], due["met"] + due["missed"]]
    told = [e.data for e in ledger.entries if e.what == "charter-agreed"]
    sides = {(data["charter"], data["side"]) for data in told}
    agreed = collections.Counter(charter for charter, _ in sides)
    force = [data["charter"] for data in told if data.get("in_force")]
    return {
        "charter-agreed": [agreed[force[-1]] if force else None, 4 if force else None],
        "inventory-begun": [len(with_ & set(systems)), len(systems)],
        "findings-weighed": [sum(c[1] is not None for c in counts), len(counts)],
        "all-watched": [fresh(30), len(assets)],
        "inventory-whole": [len(with_ & set(systems)), len(systems)],
        "updates-tested": [sum(u.reverted is None and u.tests == "unharmed" for u in updates), len(updates)],
        "deadlines-mostly": kept,
        "deadlines-kept": kept,
        "reviews-held": [len(held & set(teams)), len(teams)],
        "owned": [sum(ledger.owner[s] is not None for s in systems), len(systems)],
        "context-told": [sum(described[s] for s in systems), len(systems)],
        "running-told": [len(runs & set(systems)), len(systems)],
        "decisions-of-two": [len(good), len(decisions)],
        "all-current": [fresh(7), len(assets)],
        "little-noise": [quiet, len(teams)],
        "load-falls": [falling, len(teams)],
        "not-affected-told": [sum(d["justified"] for d in stated), len(stated)],
    }


STAGES = {
    2: "Stage 2: basic, with ad-hoc monitoring",
    3: "Stage 3: proactive remediation across repositories",
    4: "Stage 4: centralised, with context-aware triage",
    5: "Stage 5: advanced, integrated",
}
# How many of a hundred each asks for, where it is not all.
LEAST = {"inventory-begun": 50, "advisories-read": 50, "findings-weighed": 90, "all-watched": 90, "updates-tested": 75, "deadlines-mostly": 75, "context-told": 90, "running-told": 90, "deadlines-kept": 90, "changes-gated": 50, "suppliers-send": 75, "all-current": 90, "refusals-answered": 90, "suppliers-keep-promises": 75, "suppliers-answer": 75, "accountable": 90}
# What each criterion says (docs/maturity.md), of which stage it is, and the days that it speaks of.
CRITERIA = {
    "inventory-begun": ("At least half of the systems have an inventory.", 2, []),
    "findings-weighed": ("What was found is weighed.", 2, []),
    "all-watched": ("Every team's assets are watched: their inventories are of the last month.", 3, [30]),
    "inventory-whole": ("Every system has an inventory.", 3, []),
    "updates-tested": ("Updates are carried out with their tests, and stay.", 3, [90]),
    "deadlines-mostly": ("Three of four deadlines are kept.", 3, [90]),
    "charter-agreed": ("All four sides agreed to one charter.", 4, []),
    "reviews-held": ("Every team holds its review: within the last month.", 4, [37]),
    "owned": ("Every system has an owner team.", 4, []),
    "context-told": (
        "Every team's systems say how much they matter, from where they can be reached and what data they hold.",
        4,
        [],
    ),
    "running-told": ("It is known what runs in production.", 4, []),
    "decisions-of-two": ("What is accepted was answered by a second person, and ends.", 4, []),
    "deadlines-kept": ("Nine of ten deadlines are kept.", 4, [90]),
    "all-current": ("Every team's inventories are of the last week.", 5, [7]),
    "little-noise": ("No team is interrupted more than twice a week.", 5, [90]),
    "load-falls": ("No team carries more load than 90 days ago.", 5, [90]),
    "not-affected-told": ("What does not concern us is stated, with why.", 5, []),
}


def shown_as(team, id_, many, of):
    """A criterion on its page: with all of its stage, and where it is what comes next."""
    at = "/maturity" if team is None else f"/teams/{team}/maturity"
    words, stage, days = CRITERIA[id_]
    value = [many, of] + days if of else None
    cell(at, STAGES[stage], "Shown", words, value)
    may(at, "Next", "Shown", words, value)


def maturity(ledger):
    for team in [None, *(team for team in ledger.teams if ledger.owned(team))]:
        at = "/api/v1/maturity" + ("" if team is None else f"?team={team}")
        for id_, (many, of) in facts(ledger, team).items():
            say(at, "row", f"criteria|id|{id_}|count", many)
            say(at, "row", f"criteria|id|{id_}|of", of)
            say(at, "row", f"criteria|id|{id_}|least", LEAST.get(id_, 100))
            shown_as(team, id_, many, of)
