"""Packs of a month and a quarter: what of them is made of entries, as it was when each was opened. Written from docs/packs.md.
What was carried, and what was exploited elsewhere, is of inventories and of the index."""

import collections
import math

from lives import DAY, HOUR, last
from saying import say

WEEKS = 8


def asked(ledger, start, to, at):
    """Interruptions of a time, by whose each system was at a moment."""
    hours = collections.defaultdict(list)
    for when, word, team, _, is_now, key in ledger.told:
        if word == "request":
            system = last(ledger.moved[ledger.updates[key].asset], at)
            team = last(ledger.handed[system], at)
        if word != "finding" and team is not None and start <= when < to:
            hours[when // HOUR, team].append(is_now)
    return sum(not all(all_) for all_ in hours.values())


def concentration(ledger, at):
    """How much of the load, in whole per cent, five packages make up, and how many make up half of it."""
    of = collections.defaultdict(float)
    for finding in ledger.findings.values():
        counts = finding.counts_at(at)
        if counts:
            of[finding.package] += counts[2] or 0
    weights, sum_ = sorted(of.values(), reverse=True), sum(of.values())
    if not sum_:
        return None, None
    half, many = 0.0, 0
    for many, weight in enumerate(weights, 1):
        half += weight
        if half >= sum_ / 2:
            break
    return math.floor(sum(weights[:5]) / sum_ * 100 + 0.5), many


def month(ledger, id_, at):
    name = f"/api/v1/reviews/{id_}"
    five, half = concentration(ledger, at)
    numbers = {
        "interruptions in four weeks": asked(ledger, at - 28 * DAY, at, at),
        "% of the load in five packages": five,
        "packages that make up half of the load": half,
    }
    for label, value in numbers.items():
        say(name, "row", f"pack/numbers|name|{label}|value", value)
    began = min(f.episodes[0].began for f in ledger.findings.values())
    for row in range(WEEKS):
        start = at - 7 * DAY * (WEEKS - row)
        value = asked(ledger, start, start + 7 * DAY, at) if began <= start else None
        say(name, "row", f"pack/charts|title|Noise|series/0/values/{row}", value)


def near_misses(ledger, start, to):
    """Near misses that were noted in a time; no incident and no drill is one."""
    opened = [e for e in ledger.entries if e.what == "incident" and e.data["event"] == "opened"]
    told = [(e.at, e.data["told"]) for e in opened]
    return sum(bool(is_["near_miss"]) and not is_["drill"] and start <= at < to for at, is_ in told)


def quarter(ledger, id_, at, before):
    """Since the last one was opened, or for a quarter."""
    start = at - 91 * DAY if before is None else before
    name = f"/api/v1/reviews/{id_}"
    say(name, "row", "pack/numbers|name|near misses|value", near_misses(ledger, start, at))
