"""The numbers of lists, of rooms and of addresses of the API that show them again."""

from saying import figure, may, say, words


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
        words = "finding it removes" if len(update.removes) == 1 else "findings it removes"
        figure(at, words, len(update.removes))
    for update in sorted(ledger.updates.values(), key=lambda u: -u.number)[:100]:
        for row, number in enumerate(dict.fromkeys(f.number for f in update.findings)):
            say("/api/v1/updates", "row", f"rows|id|{update.number}|findings/{row}", number)
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
        figure(f"/exceptions/{number}", "findings still here", len(about))
        figure(f"/exceptions/{number}", "their load", load)


def pages(ledger, counts):
    today(ledger, counts)
    updates(ledger)
    teams(ledger)
    decided(ledger)

