"""The numbers of lists, of rooms and of addresses of the API that show them again."""

import collections

from lives import DAY, LEVELS, date, numbers
from saying import api, cell, figure, may, say, words


def groups(ledger):
    """Findings by package and by vulnerability: all that are there, and of an asset."""
    there = [f for f in ledger.findings.values() if f.live]
    of_asset = collections.defaultdict(list)
    for finding in there:
        of_asset[finding.asset].append(finding)
    narrowed = [("", there)] + [(f"asset={asset}&", all_) for asset, all_ in sorted(of_asset.items())[:4]]
    for query, all_ in narrowed:
        counts = [f.counts_at(ledger.now) for f in all_]
        load = sum(c[2] or 0 for c in counts if c)
        for by, name in (
            ("package", lambda f: f.package),
            ("vulnerability", lambda f: ledger.called(f.vulnerability)),
        ):
            at = f"/findings?{query}by={by}"
            words(at, "h1", [len(all_)])
            figure(at, "findings", len(all_))
            figure(at, "load of those that count", load)
            of = collections.defaultdict(list)
            for finding in all_:
                of[name(finding)].append(finding)
            for row, some in of.items():
                counts = [f.counts_at(ledger.now) for f in some]
                may(at, "Findings", "Findings", row, len(some))
                may(at, "Findings", "Assets", row, len({f.asset for f in some}))
                may(at, "Findings", "Load", row, sum(c[2] or 0 for c in counts if c))
    for finding in there:
        if finding.weight is not None:
            say("/api/v1/findings?limit=500", "row", f"rows|id|{finding.number}|weight", finding.weight)
            say(f"/api/v1/findings/{finding.number}", "api", "/weight", finding.weight)
            figure(f"/findings/{finding.number}", "load", finding.weight)
    vulnerabilities = collections.defaultdict(list)
    for finding in there:
        vulnerabilities[ledger.called(finding.vulnerability)].append(finding)
    for name, all_ in vulnerabilities.items():
        counts = [f.counts_at(ledger.now) for f in all_]
        load = sum(c[2] or 0 for c in counts if c)
        api(f"/api/v1/vulnerabilities/{name}", "", {"findings": len(all_), "load": load})


def today(ledger, counts):
    """How many each list of *Today* has, for whoever holds every side."""
    for word, many in counts.items():
        if word not in ("answers", "charters"):
            words(f"*/today/{word}", "h1", [many] + ([14] if word == "ending" else []))
    for side, many in ledger.agree.items():
        words(f"/today/charters?side={side}", "h1", [many])
    sides = {
        "security": ["new", "unweighed", "answers", "suppliers", "charters"],
        "engineering": ["changes", "choices", "charters"],
        "product": ["answers", "ending", "suppliers", "tiers", "charters"],
        "operations": ["rollouts", "broken", None, None, "charters"],
        "leadership": ["answers"],
    }
    for place, (side, lists) in enumerate(sides.items()):
        for row, word in enumerate(lists):
            # What each side may answer is of the charter; security may answer all that is asked here.
            if word == "answers" and side != "security":
                continue
            many = ledger.agree[side] if word == "charters" else counts.get(word)
            if many is not None:
                say("/api/v1/today", "api", f"/sides/{place}/lists/{row}/count", many)


def updates(ledger):
    newest = sorted(ledger.updates.values(), key=lambda u: (-u.at, -u.number))[:6]
    for update in newest:
        at = f"/updates/{update.number}"
        figure(at, "findings that it removes", len(update.removes))
    for update in ledger.updates.values():
        came = "Updates that came into production"
        may("*/teams/*/card", came, "Removes", f"/updates/{update.number}", len(update.removes))
        may("*/cards/*", came, "Removes", f"/updates/{update.number}", len(update.removes))


def teams(ledger):
    for entry in ledger.entries:
        if entry.what == "team":
            say("/api/v1/teams", "row", f"rows|id|{entry.data['team']}|capacity", entry.data["capacity"])


def decided(ledger):
    """What each decision is about, as far as it is there: of the asset, the package and the vulnerability that it names."""
    asked = {}
    for entry in ledger.entries:
        if entry.kind == "decided" and entry.data.get("state") == "asked":
            asked[entry.data["decision"]] = entry
    for number, entry in asked.items():
        data, about = entry.data, []
        for finding in ledger.findings.values():
            same = data["vulnerability"] is None or ledger.called(data["vulnerability"]) == ledger.called(finding.vulnerability)
            same = same and (data["package"] is None or data["package"] == finding.package)
            same = same and (entry.asset is None or entry.asset == finding.asset)
            same = same and (entry.system is None or entry.system == finding.system)
            if finding.live and same:
                about.append(finding)
        load = sum(f.weight or 0 for f in about)
        figure(f"/exceptions/{number}", "findings that are there", len(about))
        figure(f"/exceptions/{number}", "their load", load)


def lists_of_metrics(ledger, days=84):
    """What is listed behind the numbers of a period."""
    last = ledger.now // DAY
    first = last - days + 1
    start, to = first * DAY, ledger.now
    period = f"from={date(first)}&to={date(last)}"
    is_ = numbers(ledger, ledger.of(), ledger.told, len(ledger.teams), first, last)
    flow, due = is_["flow"], is_["deadlines"]
    at = lambda of: f"/metrics/list?of={of}&{period}"
    words(at("found"), "h1", [flow["found"]])
    words(at("gone"), "h1", [flow["fixed"] + flow["retracted"]])
    words(at("met"), "h1", [due["met"]])
    words(at("missed"), "h1", [due["missed"]])
    ended = []
    for finding in ledger.findings.values():
        for episode in finding.episodes:
            gone = episode.how == "fixed" and start <= episode.ended < to and episode.counted()
            if gone:
                ended.append((finding, (episode.ended - episode.began) / DAY, episode.level))
    words(at("remediated"), "h1", [len(ended)])
    for finding, took, level in ended:
        may(at("remediated"), "Findings", "Days", f"/findings/{finding.number}", took)
    for level in LEVELS:
        here = f"/metrics/list?of=remediated&level={level}&{period}"
        some = [one for one in ended if one[2] == level]
        words(here, "h1", [len(some)])
        for finding, took, _ in some:
            may(here, "Findings", "Days", f"/findings/{finding.number}", took)


def pages(ledger, counts):
    groups(ledger)
    today(ledger, counts)
    updates(ledger)
    teams(ledger)
    decided(ledger)
    lists_of_metrics(ledger)
