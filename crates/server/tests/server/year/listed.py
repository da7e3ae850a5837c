"""The numbers of lists, of rooms and of addresses of the API that show them again."""

from lives import LEVELS
from saying import cell, figure, may, say, words

# What the runs of tests tell, by the columns of a page.
RUNS = {"Passed": "passed", "Failed": "failed", "Skipped": "skipped", "Took": "seconds"}


def today(ledger, counts):
    """How many each list of *Today* has, for whoever holds every side."""
    for word, many in counts.items():
        if word not in ("answers", "charters"):
            words(f"*/today/{word}", "h1", [many] + ([14] if word == "ending" else []))
    for side, many in ledger.agree.items():
        words(f"/today/charters?side={side}", "h1", [many])
    sides = {
        "security": ["new", "unweighed", "owners", "answers", "appeals", "suppliers", "charters"],
        "engineering": ["changes", "choices", "appeals", None, "charters"],
        "product": ["answers", "appeals", "ending", "suppliers", "tiers", "owners", None, "charters"],
        "operations": ["rollouts", "broken", "appeals", "owners", None, None, "charters"],
        "leadership": ["answers", "appeals"],
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
        words = "finding it removes" if len(update.removes) == 1 else "findings it removes"
        figure(at, words, len(update.removes))
        figure(at, "gone from production", sum(not f.live for f in dict.fromkeys(update.findings)))
        if update.evidence is None:
            continue
        if update.evidence["request"] is not None:
            for place in ("words||p", "words|Details|dd"):
                say(at, "words", place, [update.evidence["request"]])
        figure(at, "load removed, by its own plan", update.evidence["load"])
        for run in ("before", "after"):
            for column, name in RUNS.items() if update.evidence[run] else ():
                cell(at, "Tests", column, run, update.evidence[run][name])
    for update in sorted(ledger.updates.values(), key=lambda u: -u.number)[:100]:
        for row, number in enumerate(dict.fromkeys(f.number for f in update.findings)):
            say("/api/v1/updates", "row", f"rows|id|{update.number}|findings/{row}", number)
            if row == 0 and update.points is not None:
                say("/api/v1/updates", "row", f"rows|id|{update.number}|points", update.points)
    for update in ledger.updates.values():
        evidence(ledger, update)
        came = "Updates that came into production"
        may("*/teams/*/card", came, "Removes", f"/updates/{update.number}", len(update.removes))
        may("*/cards/*", came, "Removes", f"/updates/{update.number}", len(update.removes))


def evidence(ledger, update):
    """What was pushed with an update, as the API says it."""
    at, is_ = f"/api/v1/updates/{update.number}", update.evidence
    if at not in ledger.opened:
        return
    for row, number in enumerate(dict.fromkeys(f.number for f in update.findings)):
        say(at, "api", f"/findings/{row}", number)
    if update.points is not None:
        say(at, "api", "/points", update.points)
    if is_ is None:
        return
    told = {"load": is_["load"], "request/number": is_["request"], "tests/runs": is_["runs"]}
    for run in ("before", "after"):
        for name in RUNS.values() if is_[run] else ():
            told[f"tests/{run}/{name}"] = is_[run][name]
    for name, value in told.items():
        if value is not None:
            say(at, "api", f"/evidence/{name}", value)


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
        figure(f"/exceptions/{number}", "findings still here", len(about))
        figure(f"/exceptions/{number}", "their load", load)
        longest = (ledger.terms_at(ledger.now) or {}).get("longest")
        if about and data["kind"] == "exception" and longest is not None:
            # What was not weighed is taken for the gravest.
            level = min((f.level or LEVELS[0] for f in about), key=LEVELS.index)
            figure(f"/exceptions/{number}", f"longest allowed for {level}", longest[level])
        for table in ("Asked", "In force", "Expired", "Refused or ended"):
            may("*/exceptions", table, "Load", f"/exceptions/{number}", load)


def pages(ledger, counts):
    today(ledger, counts)
    updates(ledger)
    teams(ledger)
    decided(ledger)

