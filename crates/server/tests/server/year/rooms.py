"""What teams, systems, *Today* and the boards tell."""

import collections

import shown
import supplied
from deciding import Decisions, answered
from lives import DAY, LEVELS
from periods import numbers
from saying import cell, figure, percent, say, words


def standing(ledger, findings):
    """What counts now: past its deadline, due within a week, and all of it with its load."""
    late, due, load, all_ = 0, 0, 0.0, 0
    levels, weights = collections.Counter(), collections.Counter()
    for finding in findings:
        counts = finding.counts_at(ledger.now)
        if not counts:
            continue
        all_ += 1
        load += counts[2] or 0
        levels[counts[1]] += 1
        weights[counts[1]] += counts[2] or 0
        deadline = finding.episode_at(ledger.now).deadline
        if deadline is not None:
            late += deadline < ledger.now
            due += ledger.now <= deadline < ledger.now + 7 * DAY
    return late, due, all_, load, levels, weights


def pages(ledger):
    late, due, all_, load, levels, weights = standing(ledger, ledger.of())
    say("/", "figure", "past their deadline", late)
    say("/", "figure", "due within a week", due)
    say("/", "figure", "open, counting towards the load", all_)
    say("/teams", "figure", "teams", len(ledger.teams))
    say("/teams", "figure", "load", load)
    say("/systems", "figure", "systems", len(ledger.systems))
    say("/systems", "figure", "load", load)
    decisions = Decisions(ledger)
    soon = [d for d in decisions.in_force() if d["ends"] is not None and d["ends"] < ledger.now + 14 * DAY]
    tierless = [system for system, tier in ledger.tier.items() if tier is None]
    ownerless = [system for system in ledger.systems if ledger.owner.get(system) is None]
    say("/", "figure", "exceptions end within 14 days", len(soon))
    say("/", "figure", "systems without a tier", len(tierless))
    say("/", "figure", "systems without an owner", len(ownerless))
    # Nobody asks for anything outside of the plan in the year.
    say("/", "figure", "emergencies and disputes to answer", 0)
    say("/", "figure", "failed deployments", ledger.deployments.went_wrong())
    ledger.lists |= {"ending": len(soon), "tiers": len(tierless), "owners": len(ownerless), "appeals": 0}
    ledger.lists["broken"] = ledger.deployments.went_wrong()
    owed = supplied.owed(ledger)
    if owed is not None:
        say("/", "figure", "promises and answers owed", owed)
        ledger.lists["suppliers"] = owed
    asked, held = answered(decisions, "asked"), decisions.in_force()
    ended = [d for d in decisions.all.values() if d["state"] == "approved" and d not in held]
    for label, many in (("asked", len(asked)), ("in force", len(held)), ("end within 14 days", len(soon)), ("expired", len(ended))):
        say("/exceptions", "figure", label, many)
    words("/exceptions", "h1", [many for many in (len(asked), len(soon)) if many] + [14])
    for team, name in ledger.teams.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(team))
        at = f"/teams/{team}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting towards the load", all_)
        say(at, "figure", "load", load)
        cell("/teams", "Teams", "Systems", name, len(ledger.owned(team)))
        cell("/teams", "Teams", "Findings", name, all_)
        cell("/teams", "Teams", "Load", name, load)
        say(at, "figure", "decisions in force", len(decisions.in_force(ledger.owned(team))))
    for system, name in ledger.systems.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(system=system))
        at = f"/systems/{system}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting towards the load", all_)
        say(at, "figure", "load", load)
        assets = sum(of == system for of in ledger.system_of.values())
        say(at, "figure", "assets", assets)
        cell("/systems", "Systems", "Findings", name, all_)
        cell("/systems", "Systems", "Load", name, load)


def answers_waiting(ledger):
    """Decisions that somebody else asked for and nobody answered, for whoever may answer all of them."""
    actor = f"person:{ledger.reader}"
    all_ = Decisions(ledger).all.values()
    waits = [d for d in all_ if d["state"] == "asked" and d["asked"] != actor]
    waits = sum(d["ends"] is None or d["ends"] > ledger.now for d in waits)
    say("/", "figure", "decisions to answer", waits)
    ledger.lists["answers"] = waits
    return [waits] if waits else []


def boards(ledger):
    last = ledger.now // DAY
    is_ = numbers(ledger, ledger.of(), ledger.told, len(ledger.teams), last - 89, last)
    late, due, all_, load, levels, _ = standing(ledger, ledger.of())
    for side in ("engineering", "security", "product"):
        say(f"/boards/{side}", "figure", "past their deadline", late)
    say("/boards/engineering", "figure", "due within a week", due)
    for side in ("engineering", "leadership"):
        say(f"/boards/{side}", "figure", "load", load)
    say("/boards/security", "figure", "critical", levels["critical"])
    part, took = is_["deadlines"]["share"], is_["time_to_remediate"]
    for side in ("security", "product", "leadership"):
        say(f"/boards/{side}", "figure", "deadlines met in 90 days", percent(part))
    for side in ("security", "leadership"):
        say(f"/boards/{side}", "figure", "median to remediate", took and took["median"])
    say("/boards/engineering", "figure", "interruptions per team and week", is_["noise"]["a_week"])
    words("/boards/engineering", "h1", [all_] + ([due] if due else []))
    words("/boards/security", "h1", [levels["critical"]] + ([late] if late else []))
    words("/", "h1", [late if late else all_] + answers_waiting(ledger))
    for team, name in ledger.teams.items():
        told = [one for one in ledger.told if one[2] == team]
        of = numbers(ledger, ledger.of(team), told, 1, last - 89, last)
        table = "Work by team"
        cell("/boards/engineering", table, "Load", name, of["load"])
        cell("/boards/engineering", table, "Deadlines met", name, percent(of["deadlines"]["share"]))
        cell("/boards/engineering", table, "Interruptions a week", name, of["noise"]["a_week"])
        changes = shown.first_window(ledger, team)
        if changes is not None:
            cell("/boards/engineering", table, "Changes", name, changes)
    spent = is_["merged_to_deployed"]
    say("/boards/operations", "figure", "merged to deployed, median", spent and spent["median"])
    touched = {f.system for f in ledger.of() if f.counts_at(ledger.now)}
    say("/boards/product", "figure", "products with a known risk", len(touched))
    waits = 0
    for finding in ledger.of():
        waits += bool(finding.counts_at(ledger.now)) and not finding.on_main
    say("/boards/operations", "figure", "fixed on the main line, still running", waits)
    say("/boards/operations", "figure", "failed deployments", ledger.deployments.went_wrong())


def own(ledger):
    """What who sees one team sees of it."""
    late, due, all_, *_ = standing(ledger, ledger.of())
    say("/", "figure", "past their deadline", late)
    say("/", "figure", "due within a week", due)
    say("/", "figure", "open, counting towards the load", all_)
    load = standing(ledger, ledger.of())[3]
    for kind, of in (("teams", ledger.teams), ("systems", ledger.systems)):
        say(f"/{kind}", "figure", kind, len(of))
        say(f"/{kind}", "figure", "load", load)
    for id_, name in [*ledger.teams.items()]:
        room(ledger, f"/teams/{id_}", ("/teams", "Teams", name), ledger.of(id_))
    for id_, name in [*ledger.systems.items()]:
        room(ledger, f"/systems/{id_}", ("/systems", "Systems", name), ledger.of(system=id_))
    for finding in ledger.findings.values():
        if finding.live and finding.weight is not None:
            say(f"/findings/{finding.number}", "figure", "load", finding.weight)


def room(ledger, at, row, findings):
    late, _, all_, load, *_ = standing(ledger, findings)
    say(at, "figure", "past their deadline", late)
    say(at, "figure", "open, counting towards the load", all_)
    say(at, "figure", "load", load)
    page, table, name = row
    cell(page, table, "Findings", name, all_)
    cell(page, table, "Load", name, load)
