"""Packs of a month and a quarter: what of them is made of entries, as it was when each was opened. Written from docs/packs.md.
What was exploited elsewhere is of the index."""

import collections
import math
import sys
from urllib.parse import quote

import agenda
from inventories import Inventories, package_of, version_of
from lives import DAY, HOUR, date, last
from saying import cell, figure, may, say
from weighed import weighed

WEEKS, QUARTER = 8, 91 * DAY


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


def month(ledger, id_, review):
    """The numbers of a month, and those of the one before beside them, as that was told."""
    at, name = review["open"], f"/api/v1/reviews/{id_}"
    last = review["earlier"][-1] if review["earlier"] else None
    try:
        stock = Stock(ledger, at)
        before = last and Stock(ledger, last["open"])
        of_last = last and numbers(ledger, last, before, last["earlier"] and Stock(ledger, last["earlier"][-1]["open"]))
    except FileNotFoundError as error:
        print(f"review {id_}: a document is missing: {error.filename}", file=sys.stderr)
        return
    of_load(ledger, id_, at)
    of_noise(ledger, id_, at)
    relied_on(ledger, id_, at, stock)
    is_ = numbers(ledger, review, stock, before)
    for label, value in is_.items():
        say(name, "row", f"pack/numbers|name|{label}|value", value)
        figure(f"/reviews/{id_}", label.removeprefix("% "), value)
    for label, value in (of_last or {}).items():
        say(name, "row", f"before_numbers|name|{label}|value", value)
    follows = list(agenda.follow(review))
    agenda.followed(id_, review, follows)
    agenda.parts(id_, review, list(of_month(ledger, at, stock, is_, len(follows))))
    began = min(f.episodes[0].began for f in ledger.findings.values())
    for row in range(WEEKS):
        start = at - 7 * DAY * (WEEKS - row)
        value = asked(ledger, start, start + 7 * DAY, at) if began <= start else None
        say(name, "row", f"pack/charts|title|Noise|series/0/values/{row}", value)
        cell(f"/reviews/{id_}", "Noise, interruptions in the week", "interruptions", date(start // DAY), value)


class Stock:
    """What assets carried at a moment: places by purl, and licences as the documents declare them."""

    def __init__(self, ledger, at):
        self.inventories = Inventories(ledger, ledger.evidence, at)
        self.places = self.inventories.carried()
        self.packages = {package_of(purl) for _, purl in self.places}
        self.licences = collections.defaultdict(set)
        for (asset, purl) in self.places:
            for licence in self.inventories.licences(asset, purl):
                self.licences[package_of(purl)].add(licence)

    def unnamed(self):
        """Packages without a version somewhere."""
        return {package_of(purl) for _, purl in self.places if version_of(purl) is None}

    def relicensed(self, before):
        """How many licences are new, and how many packages have others than before."""
        every = lambda of: {licence for all_ in of.licences.values() for licence in all_}
        both = [package for package in self.packages & before.packages if self.licences[package] and before.licences[package]]
        return len(every(self) - every(before)) + sum(self.licences[p] != before.licences[p] for p in both)


def numbers(ledger, review, stock, before):
    at = review["open"]
    five, half = concentration(ledger, at)
    records = weighed(ledger).records.at(at)
    names = {affected["package"]["name"] for r in records for affected in r.get("affected", []) if is_unmaintained(affected)}
    # What registries say was told by nobody, and cycles of support are in no folder here.
    is_told = any(entry.what == "packages-told" for entry in ledger.entries)
    unknown = {} if is_told else {"median age of the most relied on, in days": None, "most relied on, but advised against": None}
    return {
        "packages": len(stock.packages),
        "packages added": len(stock.packages - before.packages) if before else None,
        "packages removed": len(before.packages - stock.packages) if before else None,
        "packages that cannot be looked up": len(stock.unnamed()),
        "packages known to be unmaintained": sum(package.rsplit("/", 1)[-1] in names for package in stock.packages),
        "packages with another licence": stock.relicensed(before) if before else None,
        "versions without support": None,
        "interruptions in four weeks": asked(ledger, at - 28 * DAY, at, at),
        "% of the load in five packages": five,
        "packages that make up half of the load": half,
        **unknown,
    }


def is_unmaintained(affected):
    return (affected.get("database_specific") or {}).get("informational") == "unmaintained"


def of_month(ledger, at, stock, is_, follows):
    """Its parts: title, how many topics each has, and what is said below."""
    load = collections.Counter()
    for finding in ledger.findings.values():
        counts = finding.counts_at(at)
        if counts:
            load[finding.package] += counts[2] or 0
    loaded = [package for package, of in load.items() if of > 0]
    # Who supplies a package is its namespace, which these do not have.
    has_suppliers = any(purl.split("@")[0].count("/") > 1 for _, purl in stock.places)
    told = [min(5, len(loaded)), len(loaded), is_["% of the load in five packages"], is_["packages that make up half of the load"]]
    told = (told if loaded else []) + [len(stock.places)]
    relied = [0, min(len(stock.packages), agenda.LISTED)] if "most relied on, but advised against" in is_ else None
    many = lambda label: is_[label] or 0
    nothing = lambda count: [] if count == 0 else None
    yield "Earlier decisions", follows, []
    yield "Dependencies added", many("packages added"), []
    yield "Dependencies removed", many("packages removed"), []
    yield "Most relied on", many("packages"), relied
    yield "Approaching end of life", 0, []
    yield "Unmanaged dependencies", many("packages that cannot be looked up"), nothing(many("packages that cannot be looked up"))
    yield "Concentration", min(5, len(loaded)), None if has_suppliers else told
    yield "Licence drift", many("packages with another licence"), []
    yield "Noise", len(teams_told(ledger, at)), []


def relied_on(ledger, id_, at, stock):
    """What most assets carry."""
    relied = {}
    for package in sorted(stock.packages):
        relied[package] = len({asset for asset, purl in stock.places if package_of(purl) == package})
    systems_of = lambda package: {last(ledger.moved[asset], at) for asset, purl in stock.places if package_of(purl) == package}
    # Of as many those in more systems, and then by name.
    for package in sorted(relied, key=lambda one: (-relied[one], -len(systems_of(one)), one))[: agenda.LISTED]:
        agenda.topic(id_, 3, f"relied-on:{package}", relied[package])
    for package in sorted(stock.packages):
        assets = {asset for asset, purl in stock.places if package_of(purl) == package}
        systems = systems_of(package)
        row = f"/packages?purl={quote(package, safe='')}"
        versions = {version_of(purl) for _, purl in stock.places if package_of(purl) == package}
        many = [len(versions)] if len(versions) > 1 else []
        may(f"/reviews/{id_}", "Most relied on", "Topic", row, many + [len(assets), len(systems)])


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
        agenda.topic(id_, 6, f"concentration:{package}", load[package])
    for package, of in load.items():
        part = math.floor(of / sum_ * 100 + 0.5) if sum_ else None
        row = f"/packages?purl={quote(package, safe='')}"
        may(f"/reviews/{id_}", "Concentration", "Topic", row, [part, many[package]])


def teams_told(ledger, at):
    """How often each team was asked, and told something, in four weeks."""
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
    told = {team: (asked_[team], len(notices[team])) for team in sorted(set(asked_) | set(notices))}
    return {team: both for team, both in told.items() if team is not None and sum(both)}


def of_noise(ledger, id_, at):
    """What each team was asked and told in four weeks."""
    for team, (asked_, notices) in teams_told(ledger, at).items():
        agenda.topic(id_, 8, f"team:{team}", asked_)
        may(f"/reviews/{id_}", "Noise", "Topic", f"/metrics?team={team}&days=28", [asked_, notices])


def near_misses(ledger, start, to):
    """Near misses that were noted in a time; no incident and no drill is one."""
    opened = [e for e in ledger.entries if e.what == "incident" and e.data["event"] == "opened"]
    told = [(e.at, e.data["told"]) for e in opened]
    return sum(bool(is_["near_miss"]) and not is_["drill"] and start <= at < to for at, is_ in told)


def of_quarter(ledger, review):
    """Near misses since the last one was opened, or in a quarter; and in the same time before."""
    at, earlier = review["open"], review["earlier"]
    start = earlier[-1]["open"] if earlier else at - QUARTER
    return near_misses(ledger, start, at), near_misses(ledger, start - (at - start), start)


def quarter(ledger, id_, review):
    """What was exploited elsewhere is of catalogues that are in no folder here: it is unknown."""
    name = f"/api/v1/reviews/{id_}"
    value, before = of_quarter(ledger, review)
    say(name, "row", "pack/numbers|name|near misses|value", value)
    figure(f"/reviews/{id_}", "near misses", value)
    if review["earlier"]:
        say(name, "row", "before_numbers|name|near misses|value", of_quarter(ledger, review["earlier"][-1])[0])
    follows = list(agenda.follow(review))
    agenda.followed(id_, review, follows)
    unknown = ("Exploited in the wild, and here", "Exploited in the wild, and nearly here", "Attack patterns")
    all_ = [("Earlier decisions", len(follows), []), *((title, 0, []) for title in unknown)]
    all_ += [("Near misses", value, [before] if value else []), ("How fast we were", 0, []), ("What to watch", 0, [])]
    if not weighed(ledger).knows_exploits:
        agenda.parts(id_, review, all_)
    for entry in ledger.entries:
        if entry.what == "incident" and entry.data["event"] == "opened" and entry.data["told"]["near_miss"]:
            start = review["earlier"][-1]["open"] if review["earlier"] else review["open"] - QUARTER
            if start <= entry.at < review["open"]:
                key = f"incident:{entry.data['incident']}"
                agenda.topic(id_, 4, key, 0, agenda.again_of(review, key))
