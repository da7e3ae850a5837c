"""Suppliers: what they promised, sent and answered, and how good that was. Written from docs/ledger.md and docs/suppliers.md."""

import math

from inventories import Inventories, package_of
from lives import DAY, moment
from saying import api, cell, figure, found, may, say, words

# Points of an element of an SBOM, where they are not twelve.
POINTS = {"licence": 8.0, "hash": 8.0}
FORMATS = {"cyclonedx": "CycloneDX", "spdx": "SPDX"}


class Document:
    def __init__(self, entry):
        data = entry.data
        self.number, self.kind, self.version = data["number"], data["kind"], data["version"]
        self.at, self.asset, self.product = entry.at, entry.asset, data["product"]
        # Of an entry of an earlier version it is not known.
        self.is_told = "made" in data
        self.made = moment(data["made"]) if data.get("made") else None
        self.parts, self.statements = data.get("parts"), data.get("statements", 0)
        self.format = data.get("format") or [None, None]

    def moment(self):
        """When it was made, by its own word, and by its arrival at the latest."""
        return self.at if self.made is None else min(self.made, self.at)

    def points(self):
        for element, have, of in self.parts:
            yield element, have, of, POINTS.get(element, 12.0)

    def score(self):
        """The points that it has of a hundred; `None`: not known."""
        if not self.parts or any(of == 0 for _, _, of in self.parts):
            return None
        return sum(have / of * most for _, have, of, most in self.points())


class Supplier:
    def __init__(self):
        self.number, self.name, self.products = None, None, {}
        self.promised, self.documents, self.release, self.asked = {}, [], None, {}
        self.questions = []

    def sboms(self):
        """Those that were made last first."""
        all_ = [document for document in self.documents if document.kind == "sbom"]
        return sorted(all_, key=lambda is_: (is_.moment(), is_.number), reverse=True)


def suppliers(ledger):
    all_ = {}
    for entry in ledger.entries:
        data = entry.data
        if not (entry.what or "").startswith("supplier") or "supplier" not in data:
            continue
        is_ = all_.setdefault(data["supplier"], Supplier())
        is_.number = data["supplier"]
        if "obligations" in data:
            is_.name, is_.promised = data["name"], data["obligations"]
        elif entry.what == "supplier-product":
            is_.products[data["product"]] = data["name"]
        elif entry.what == "supplier-document":
            is_.documents.append(Document(entry))
        elif entry.what == "supplier-release":
            is_.release = data["version"]
        elif entry.what == "supplier-question":
            is_.asked[data["question"]] = moment(data["due"])
            is_.questions.append(data["question"])
        elif entry.what == "supplier-answer":
            is_.asked.pop(data["question"], None)
    return all_


def version(text):
    return [int(part) for part in text.split(".")]


def promises(is_, now):
    """Each promise with how it stands and the numbers that show it. `None`: of what is not looked at here."""
    promised, sboms = is_.promised, is_.sboms()
    if promised.get("notice_hours") or promised.get("vex_days") or not sboms or not all(one.is_told for one in sboms):
        return None
    newest, all_ = sboms[0], {}
    if promised.get("format"):
        kind, least = promised["format"], promised["least"]
        if newest.format[1] is None:
            return None
        is_met = newest.format[0] == kind and version(newest.format[1]) >= version(least)
        all_["format"] = (is_met, [float(newest.format[1]), float(least)])
    if promised.get("fresh_days"):
        all_["freshness"] = (now <= newest.moment() + promised["fresh_days"] * DAY, [promised["fresh_days"]])
    if promised.get("each_release") and is_.release is not None:
        all_["release"] = (any(one.version == is_.release for one in sboms), found(is_.release))
    if promised.get("quality"):
        score = newest.score()
        if score is None:
            return None
        all_["quality"] = (score + 1e-9 >= promised["quality"], [math.floor(score + 1e-9), 100, promised["quality"]])
    return all_


def owed(ledger):
    """How many promises are not kept, and answers late. Who promised nothing, and was asked nothing, owes nothing; `None`: it
    is not known."""
    many = 0
    for is_ in suppliers(ledger).values():
        stands = promises(is_, ledger.now)
        if stands is None or len(is_.products) != 1:
            return None
        many += sum(not is_met for is_met, _ in stands.values())
        many += sum(due < ledger.now for due in is_.asked.values())
    return many


def pages(ledger):
    waiting = late = broken = 0
    for id_, is_ in suppliers(ledger).items():
        at, page, own = f"/api/v1/suppliers/{id_}", f"/suppliers/{id_}", len(is_.asked)
        overdue = sum(due < ledger.now for due in is_.asked.values())
        waiting, late = waiting + own, late + overdue
        say(at, "api", "/standing/0/waiting", own)
        say(at, "api", "/standing/0/late", overdue)
        figure(page, "open questions", own)
        figure(page, "questions overdue", overdue)
        cell("/suppliers", "Suppliers", "Open questions", is_.name, [own, overdue] if overdue else [own])
        for name in ("fresh_days", "quality"):
            if is_.promised.get(name) is not None:
                say(at, "api", f"/supplier/obligations/{name}", is_.promised[name])
                say("/api/v1/suppliers", "row", f"rows|id|{id_}|obligations/{name}", is_.promised[name])
        told = [found(is_.promised.get("least") or ""), [is_.promised["fresh_days"]] if is_.promised.get("fresh_days") else []]
        told += [[is_.promised["quality"], 100]] if is_.promised.get("quality") else []
        for numbers in told if page in ledger.opened else ():
            if numbers:
                words(page, "words|What was promised|li", numbers)
        documents(is_, id_)
        packages(ledger, is_, id_)
        # One product stands for its supplier here.
        stands = promises(is_, ledger.now)
        if stands is None or len(is_.products) != 1 or not is_.sboms():
            continue
        not_kept = sum(not is_met for is_met, _ in stands.values())
        broken += not_kept > 0
        standing(ledger, is_, id_, (stands, not_kept, overdue))
    if suppliers(ledger):
        figure("/suppliers", "open questions", waiting)
        figure("/suppliers", "questions overdue", late)
    if suppliers(ledger) and all(one.is_told for is_ in suppliers(ledger).values() for one in is_.documents):
        figure("/suppliers", "with broken promises", broken)
        words("/suppliers", "h1", [broken] if broken else [])


def packages(ledger, is_, id_):
    """What the newest SBOMs of its products list, with how many findings each component has."""
    if not is_.sboms() or len(is_.products) != 1:
        return
    asset, product = is_.sboms()[0].asset, is_.sboms()[0].product
    try:
        carried = Inventories(ledger, ledger.evidence).carried()
    except FileNotFoundError:
        return
    purls = sorted(purl for of, purl in carried if of == asset)
    packages_ = [package_of(purl) for purl in purls]
    # Of several versions of a package it is not said which has what.
    if len(set(packages_)) != len(packages_):
        return
    live = [f.package for f in ledger.findings.values() if f.live and f.into is None and f.asset == asset]
    with_ = sum(package in live for package in packages_)
    for at in sorted(at for at in ledger.opened if at.partition("?")[0] == f"/suppliers/{id_}/packages"):
        words(at, "h1", [len(purls), with_])
        figure(at, "components", len(purls))
        figure(at, "with findings", with_)
        for package in packages_:
            may(at, "Packages and components", "Findings", package.rsplit("/", 1)[-1], live.count(package))
    at = f"/api/v1/suppliers/{id_}/packages"
    for purl, package in zip(purls, packages_) if at in ledger.opened else ():
        say(at, "at", f"/rows/[purl={purl}]/findings", live.count(package))
        say(at, "at", f"/rows/[purl={purl}]/product", product)
        if package not in live:
            say(at, "at", f"/rows/[purl={purl}]/unstated", 0)


def standing(ledger, is_, id_, reckoned):
    stands, not_kept, overdue = reckoned
    at, page, newest = f"/api/v1/suppliers/{id_}", f"/suppliers/{id_}", is_.sboms()[0]
    product = next(iter(is_.products.values()))
    figure(page, "promises not kept", not_kept)
    figure(page, "promises unknown", 0)
    owed = [overdue] if overdue > 1 else []
    words(page, "h1", ([not_kept] if not_kept else []) + owed)
    told = [not_kept, len(stands)] if not_kept else []
    cell("/suppliers", "Suppliers", "Promises", is_.name, told)
    for promise, (is_met, shown) in stands.items():
        word = "met" if is_met else "not met"
        say(at, "row", f"standing/0/promises|promise|{promise}|standing", word)
        cell(page, "Promises", "What shows it", f"{product}: {promise}", shown)
        if not is_met:
            # Two sides have the list on *Today*.
            for list_ in ("*/", "*/", "*/today/suppliers"):
                may(list_, "Owed by suppliers", "What shows it", f"/suppliers/{id_}#promises", shown)
    if newest.score() is None:
        return
    findings = sum(f.live and f.asset == newest.asset for f in ledger.findings.values())
    say(at, "api", "/standing/0/score", newest.score())
    say(at, "api", "/standing/0/findings", findings)
    score = math.floor(newest.score() + 0.5)
    cell("/suppliers", "Suppliers", "Lowest SBOM score", is_.name, score)
    cell("/suppliers", "Suppliers", "Findings", is_.name, findings)
    row = f"/said/{newest.asset}"
    cell(page, "What they deliver", "Score of 100", row, score)
    cell(page, "What they deliver", "Findings", row, findings)
    cell(page, "What they deliver", "Newest release", row, found(is_.release or ""))


def documents(is_, id_):
    newest_first = sorted(is_.documents, key=lambda document: -document.number)
    for row, document in enumerate(newest_first):
        page, at = f"/suppliers/{id_}/documents/{document.number}", f"/api/v1/suppliers/{id_}/documents"
        if document.kind != "sbom" or document.parts is None:
            continue
        api(at, f"/rows/{row}", {"score": document.score(), "statements": document.statements})
        score = math.floor(document.score() + 0.5)
        words(page, "h1", found(document.version) + [score, 100])
        for text in (document.version, f"{FORMATS.get(document.format[0])} {document.format[1]}"):
            if found(text):
                words(page, "words|What is known|dd", found(text))
        may("*/suppliers/*", "Documents received", "Says", page, [score, 100])
        may("*/suppliers/*", "Documents received", "Format", page, found(document.format[1]))
        for place, (element, have, of, most) in enumerate(document.points()):
            api(at, f"/rows/{row}/parts/{place}", {"have": have, "of": of})
            table = "How the score came about"
            cell(page, table, "Components that have it", element, [have, of])
            cell(page, table, "Points", element, [have / of * most, most])
