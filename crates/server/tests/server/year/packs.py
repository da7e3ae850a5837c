"""Packs of a month and a quarter: what of them is made of entries, as it was when each was opened. Written from docs/packs.md.
What was exploited elsewhere is of the index."""

import collections
import math
import sys
from urllib.parse import quote

from inventories import Inventories, package_of, version_of
from lives import DAY, HOUR, date, last
from saying import cell, figure, may, say

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


def month(ledger, id_, at, earlier):
    name = f"/api/v1/reviews/{id_}"
    five, half = concentration(ledger, at)
    try:
        carried(ledger, id_, at, earlier[-1]["open"] if earlier else None)
    except FileNotFoundError as error:
        print(f"review {id_}: a document is missing: {error.filename}", file=sys.stderr)
    of_load(ledger, id_, at)
    of_noise(ledger, id_, at)
    numbers = {
        "interruptions in four weeks": asked(ledger, at - 28 * DAY, at, at),
        "% of the load in five packages": five,
        "packages that make up half of the load": half,
    }
    for label, value in numbers.items():
        say(name, "row", f"pack/numbers|name|{label}|value", value)
        figure(f"/reviews/{id_}", label.removeprefix("% "), value)
    began = min(f.episodes[0].began for f in ledger.findings.values())
    for row in range(WEEKS):
        start = at - 7 * DAY * (WEEKS - row)
        value = asked(ledger, start, start + 7 * DAY, at) if began <= start else None
        say(name, "row", f"pack/charts|title|Noise|series/0/values/{row}", value)
        cell(f"/reviews/{id_}", "Noise, interruptions in the week", "interruptions", date(start // DAY), value)


def carried(ledger, id_, at, before):
    """Packages, and what came and went since the last of the same."""
    at_ = lambda then: Inventories(ledger, ledger.evidence, then).carried()
    now, name, page = at_(at), f"/api/v1/reviews/{id_}", f"/reviews/{id_}"
    packages = lambda all_: {package_of(purl) for _, purl in all_}
    there = packages(now)
    then = None if before is None else packages(at_(before))
    unnamed = len({package_of(purl) for _, purl in now if version_of(purl) is None})
    numbers = {
        "packages": len(there),
        "packages added": None if then is None else len(there - then),
        "packages removed": None if then is None else len(then - there),
        "packages that cannot be looked up": unnamed,
    }
    for label, value in numbers.items():
        say(name, "row", f"pack/numbers|name|{label}|value", value)
        figure(page, label, value)
    relied = {package: len({asset for asset, purl in now if package_of(purl) == package}) for package in sorted(there)}
    # Which of as many is the twentieth is a choice.
    least = sorted(relied.values(), reverse=True)[20] if len(relied) > 20 else 0
    for package, many in relied.items():
        if many > least:
            topic(id_, 3, f"relied-on:{package}", many)
    for package in sorted(there):
        assets = {asset for asset, purl in now if package_of(purl) == package}
        systems = {last(ledger.moved[asset], at) for asset in assets}
        row = f"/packages?purl={quote(package, safe='')}"
        versions = {version_of(purl) for _, purl in now if package_of(purl) == package}
        many = [len(versions)] if len(versions) > 1 else []
        may(page, "Most relied on", "Topic", row, many + [len(assets), len(systems)])


def topic(id_, part, key, weight):
    """What a pack tells each time is not said to be there again."""
    row = f"pack/parts/{part}/topics|key|{key}"
    say(f"/api/v1/reviews/{id_}", "row", f"{row}|weight", weight)
    say(f"/api/v1/reviews/{id_}", "row", f"{row}|repeats", 0)


def of_load(ledger, id_, at):
    """The five packages with most of the load."""
    load, many = collections.defaultdict(float), collections.Counter()
    for finding in ledger.findings.values():
        counts = finding.counts_at(at)
        if counts:
            load[finding.package] += counts[2] or 0
            many[finding.package] += 1
    sum_ = sum(load.values())
    for package in sorted(load, key=lambda one: (-load[one], one))[:5]:
        topic(id_, 6, f"concentration:{package}", load[package])
    for package, of in load.items():
        part = math.floor(of / sum_ * 100 + 0.5) if sum_ else None
        row = f"/packages?purl={quote(package, safe='')}"
        may(f"/reviews/{id_}", "Concentration", "Topic", row, [part, many[package]])


def of_noise(ledger, id_, at):
    """What each team was asked and told in four weeks."""
    start = at - 28 * DAY
    hours, notices = collections.defaultdict(list), collections.defaultdict(set)
    for when, word, team, _, is_now, key in ledger.told:
        if word != "plan":
            asset = ledger.updates[key].asset if word == "request" else key
            team = last(ledger.handed[last(ledger.moved[asset], at)], at)
        if not start <= when < at:
            continue
        if word != "finding":
            hours[team, when // HOUR].append(is_now)
        if word != "request":
            notices[team].add((when, word, None if word == "plan" else key))
    asked_ = collections.Counter(team for (team, _), all_ in hours.items() if not all(all_))
    for team in sorted(set(asked_) | set(notices)):
        topic(id_, 8, f"team:{team}", asked_[team])
    for team in ledger.teams:
        row = f"/metrics?team={team}&days=28"
        may(f"/reviews/{id_}", "Noise", "Topic", row, [asked_[team], len(notices[team])])


def near_misses(ledger, start, to):
    """Near misses that were noted in a time; no incident and no drill is one."""
    opened = [e for e in ledger.entries if e.what == "incident" and e.data["event"] == "opened"]
    told = [(e.at, e.data["told"]) for e in opened]
    return sum(bool(is_["near_miss"]) and not is_["drill"] and start <= at < to for at, is_ in told)


def quarter(ledger, id_, at, before):
    """Since the last one was opened, or for a quarter."""
    start = at - 91 * DAY if before is None else before
    name = f"/api/v1/reviews/{id_}"
    value = near_misses(ledger, start, at)
    say(name, "row", "pack/numbers|name|near misses|value", value)
    figure(f"/reviews/{id_}", "near misses", value)
