"""Where what findings weigh is shown: by the API, on their pages, in registers and of vulnerabilities. Written from docs/ledger.md."""

import collections
from urllib.parse import unquote

import plans
from charters import DAYS_PER_POINT
from deadlines import told
from lives import DAY, LEVELS
from records import named
from saying import api, cell, field, figure, found, say, words
from severity import Severity
from weighed import gravest, lists, sides, weighed


def shown(points):
    """As pages show a range: to a tenth from one on, to a hundredth below."""
    return [points[0]] if points[0] == points[1] else list(points)


def response(change, points):
    """What answering a risk costs: the change that is planned for it, with all that it removes, or the nearest fix."""
    if change is None:
        return shown(points)
    cost = [change.points] if change.cost is None else change.range()
    return cost + [len(change.numbers)] * (len(change.numbers) > 1)


def risks(ledger, all_):
    """The register: the gravest first, then what is more probable, then the newer."""
    rows = [f for f in ledger.findings.values() if f.live and f.into is None and f.level is not None]
    rows = [f for f in rows if not (f.decision is not None and ledger.kinds.get(f.decision) == "not-affected")]
    places, before = {}, 0
    for level in LEVELS:
        own = gravest(all_, [f for f in rows if f.level == level])
        # Where one stands among others is known where all of its level are.
        places |= {f.number: before + place for place, f in enumerate(own or [], 1)}
        before += sum(f.level == level for f in rows)
    return rows, places


def pages(ledger):
    all_ = weighed(ledger)
    asked = [e.data for e in ledger.entries if e.kind == "decided" and e.data.get("state") == "asked"]
    ledger.kinds = {data["decision"]: data["kind"] for data in asked}
    rows, places = risks(ledger, all_)
    registers = [("/api/v1/risks", "/api/v1/risks.csv"), ("/exceptions/register.json", "/exceptions/register.csv")]
    changes = {n: change for plan in plans.plans(ledger).values() for change in plan.changes for n in change.numbers}
    for json_, csv in registers:
        for finding in rows:
            of, points = all_.probability(finding), all_.points(finding)
            if of is not None:
                field(csv, "Current Assessment: Likelihood", f"F-{finding.number}", of)
            change = changes.get(finding.number) if finding.decision is None else None
            if change is not None or points is not None:
                field(csv, "Risk Response Cost", f"F-{finding.number}", response(change, points))
            if finding.number in places:
                field(csv, "Priority", f"F-{finding.number}", places[finding.number])
                say(json_, "row", f"rows|id|F-{finding.number}|priority", places[finding.number])
    for finding in ledger.findings.values():
        if finding.into is None:
            one(ledger, all_, finding)
    vulnerabilities(ledger, all_)
    weaknesses(ledger, all_)


def one(ledger, all_, finding):
    """A finding, where it stands alone."""
    page, at = f"/findings/{finding.number}", f"/api/v1/findings/{finding.number}"
    probability, points = all_.probability(finding), all_.points(finding)
    if finding.live:
        for list_ in lists(ledger):
            row = lambda name, value: say(list_, "row", f"rows|id|{finding.number}|{name}", value)
            if probability is not None:
                row("probability", probability)
            for place, value in enumerate(points or ()):
                row(f"cost/{place}", value)
    # Of what is there each is told, whether somebody opened it or not.
    is_opened = {at: finding.live or at in ledger.opened, page: finding.live or bool(ledger.opened & set(sides(ledger, page)))}
    if is_opened[at]:
        if not finding.live and finding.weight is not None:
            say(at, "api", "/weight", finding.weight)
        if probability is not None:
            say(at, "api", "/probability", probability)
        for place, value in enumerate(points or ()):
            say(at, "api", f"/cost/{place}", value)
    for side in sides(ledger, page) if is_opened[page] and points is not None else ():
        figure(side, "cost to remove", shown(points))
        if finding.live:
            fix = f"Raise {finding.package.rsplit('/', 1)[-1]} to {all_.fix(finding)}"
            cell(side, "What removes it", "Points", fix, shown(points))
    if not any(is_opened.values()) or all_.of.get(finding.number) is None:
        return
    if is_opened[at] and all_.is_flat(finding):
        say(at, "api", "/paths/more", 0)
    # As it would be weighed now, whatever became of it.
    is_ = all_.by(finding, all_.of[finding.number].purl, ledger.now)
    if is_ is None or not is_.is_known:
        return
    names = ["known exploited", "prior", "exposure", "scope", "reachability", "technical impact", "tier", "data"]
    if is_opened[at] and is_.probability is not None:
        say(at, "api", "/assessment/probability", is_.probability)
        if not finding.live:
            say(at, "api", "/assessment/weight", is_.weight)
    if is_opened[at]:
        for place, by in enumerate(is_.factors()):
            if by is not None:
                say(at, "api", f"/assessment/factors/{place}/by", by)
    for side in sides(ledger, page) if is_opened[page] else ():
        if is_.probability is not None:
            # What is less than a tenth is told as that.
            percent = max(is_.probability * 100, 0.1)
            means(side, percent, points)
            words(side, "words|Why this level|p", [percent])
        if finding.live:
            by_when(ledger, finding, is_, side)
        for name, by in zip(names, is_.factors()):
            if by is not None:
                # What changes nothing is told as that.
                is_none = by == (1.0 if name in ("exposure", "scope") else 0) and name != "prior"
                cell(side, "Factors of the assessment", "Effect", name, None if is_none else abs(by))


def means(page, percent, points):
    """What each side is told first: how likely it is (the business: within 30 days), or what it costs in points and days."""
    side = page.partition("?side=")[2]
    if side in ("", "security"):
        words(page, "words|What it means|dd", [percent])
    elif side == "product":
        words(page, "words|What it means|dd", [percent, 30])
    elif side == "engineering" and points is not None and points[0] != points[1]:
        words(page, "words|What it means|dd", [*points, *(one * DAYS_PER_POINT for one in points)])


def by_when(ledger, finding, is_, page):
    """How long ago its deadline passed, in whole days from two on, and within what its level is to be gone."""
    deadline = finding.episodes[-1].deadline
    term = is_.charter.terms.get(is_.environment) or is_.charter.terms["other"]
    if deadline is None or finding.level != is_.level:
        return
    ago = (ledger.now - deadline) // DAY
    if deadline >= ledger.now or ago >= 2:
        told_ = ([ago] if ago >= 2 else []) + told(term[finding.level])
        if told_:
            words(page, "words|What it means|dd", told_)
    longest = (ledger.terms_at(ledger.now) or {}).get("longest")
    if f"{page}/ask" in ledger.opened and longest is not None:
        words(f"{page}/ask", "words||p.about", [longest[finding.level]])
        words(f"{page}/ask", "words||dd", [finding.weight])


def vulnerabilities(ledger, all_):
    of = collections.defaultdict(list)
    for finding in ledger.findings.values():
        if finding.live and finding.into is None:
            of[ledger.called(finding.vulnerability)].append(finding)
    begin = "/api/v1/vulnerabilities/"
    page = "/vulnerabilities/"
    opened = {at for at in ledger.opened if at.startswith(begin)} | {begin + at.removeprefix(page) for at in ledger.opened if at.startswith(page)}
    # Of what is gone too: its page is opened late, where something else of it is stated.
    ever = {ledger.called(finding.vulnerability) for finding in ledger.findings.values()}
    for at in sorted({at.split("?")[0] for at in opened} | {begin + name for name in ever}):
        name = unquote(at.rsplit("/", 1)[-1])
        if not of[name]:
            api(at, "", {"findings": 0, "load": 0})
        own, _ = named(all_.records.at(ledger.now), name)
        is_ = Severity([s["score"] for r in own for s in r.get("severity", [])])
        in_words = [number for r in own for number in found(r.get("summary", ""))]
        if in_words:
            words(f"/vulnerabilities/{name}", "words|What it is|p", in_words)
        if is_.is_known and is_.score is not None:
            say(at, "api", "/score", is_.score)
            words(f"/vulnerabilities/{name}", "words|About|dd", [is_.score])
        # The hundred gravest.
        for finding in of[name] if len(of[name]) <= 100 else ():
            row = lambda member, value: say(at, "row", f"gravest|id|{finding.number}|{member}", value)
            if finding.weight is not None:
                row("weight", finding.weight)
            if all_.probability(finding) is not None:
                row("probability", all_.probability(finding))
            for place, value in enumerate(all_.points(finding) or ()):
                row(f"cost/{place}", value)


def weaknesses(ledger, all_):
    """Of how many findings no source names a weakness: of all, and of each team."""
    of = collections.Counter()
    for finding in ledger.findings.values():
        if finding.into is None:
            own, _ = named(list(all_.records.all(all_.when(finding))), finding.vulnerability)
            of[ledger.owner.get(finding.system)] += not any((r.get("database_specific") or {}).get("cwe_ids") for r in own)
    say("/api/v1/lessons", "api", "/unknown", sum(of.values()))
    label = "findings of which no source names a weakness"
    figure("/lessons", label, sum(of.values()))
    for team in ledger.teams:
        if f"/lessons?team={team}" in ledger.opened:
            figure(f"/lessons?team={team}", label, of[team])
