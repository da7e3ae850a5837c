"""What teams, systems, *Today* and the boards tell."""

import collections
from urllib.parse import parse_qsl

import shown
import supplied
from deciding import Decisions, answered
from entries import about
from lives import DAY, LEVELS, moment
from periods import numbers
from saying import cell, figure, may, percent, say, words
from weighed import weighed


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
    newest_of_assets(ledger)
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
    for at in sorted({"/appeals"} | {at for at in ledger.opened if at.startswith("/appeals?")}):
        words(at, "h1", [])
        figure(at, "wait for an answer", 0)
    for at in sorted(ledger.opened):
        if at.startswith("/appeals/new?") and weighed(ledger).charters.at(ledger.now) is not None:
            # What is to wait is held back for 30 days at most; an answer is late after four hours, and of a dispute after two days.
            for number in (30, 48) if "kind=dispute" in at else (4,):
                words(at, "words||p", [number])
    ledger.lists |= {"ending": len(soon), "tiers": len(tierless), "owners": len(ownerless), "appeals": 0}
    ledger.lists["broken"] = ledger.deployments.went_wrong()
    owed = supplied.owed(ledger)
    if owed is not None:
        say("/", "figure", "promises and answers owed", owed)
        ledger.lists["suppliers"] = owed
    exceptions(ledger, decisions)
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
        rhythm(ledger, team, at)
    for system, name in ledger.systems.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(system=system))
        at = f"/systems/{system}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting towards the load", all_)
        say(at, "figure", "load", load)
        assets = sum(of == system for of in ledger.system_of.values())
        say(at, "figure", "assets", assets)
        for at in ("/systems", f"/systems?team={ledger.owner.get(system)}"):
            if at == "/systems" or at in ledger.opened:
                cell(at, "Systems", "Findings", name, all_)
                cell(at, "Systems", "Load", name, load)
    for team in ledger.teams:
        at = f"/systems?team={team}"
        if at in ledger.opened:
            whole = standing(ledger, ledger.of())[3]
            figure(at, "systems", len(ledger.owned(team)))
            figure(at, "load", whole)
            words(at, "h1", [len(ledger.owned(team)), whole] if ledger.owned(team) else [whole])


def exceptions(ledger, decisions):
    """How decisions stand, of all or of what is chosen: those that are listed are of a state, the figures are not."""
    for at in sorted({"/exceptions"} | {at for at in ledger.opened if at.startswith("/exceptions?")}):
        asked = dict(parse_qsl(at.partition("?")[2]))
        if set(asked) - {"state", "kind", "team", "expires_before"}:
            continue
        before = moment(asked["expires_before"]) if "expires_before" in asked else None

        def is_chosen(d):
            is_team = "team" not in asked or str(ledger.owner.get(d["system"])) == asked["team"]
            return is_team and asked.get("kind") in (None, d["kind"]) and (before is None or d["ends"] is not None and d["ends"] < before)

        chosen = lambda all_: [d for d in all_ if is_chosen(d)]
        waits, held = chosen(answered(decisions, "asked")), chosen(decisions.in_force())
        soon = [d for d in held if d["ends"] is not None and d["ends"] < ledger.now + 14 * DAY]
        ended = [d for d in chosen(decisions.all.values()) if d["state"] == "approved" and d not in held]
        for label, all_ in (("asked", waits), ("in force", held), ("end within 14 days", soon), ("expired", ended)):
            figure(at, label, len(all_))
        words(at, "h1", [len(all_) for all_ in (waits, soon) if all_] + [14])


# How many of what a team fixed are listed on its page.
FIXED = 30


def rhythm(ledger, team, at):
    """What a team has room for, what it will cost to remove what is due within 14 days, and how much it fixed lately."""
    told = [e.data for e in ledger.entries if e.what == "team" and e.data["team"] == team][-1]
    for number in (told["capacity"], told["open_limit"]):
        if number is not None:
            words(at, "words|Rhythm|dd", [number])
    words(at, "words|Rhythm|dt", [14])
    there = [f for f in ledger.of(team) if f.counts_at(ledger.now)]
    soon = [f.episode_at(ledger.now).deadline for f in there]
    soon = [f for f, due in zip(there, soon) if due is not None and due < ledger.now + 14 * DAY]
    costs = [cost for cost in map(weighed(ledger).points, soon) if cost is not None]
    if costs:
        words(at, "words|Rhythm|dd", [sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)])
    fixed = sum(not f.live and f.episodes[-1].how == "fixed" for f in ledger.of(team) if f.into is None)
    if fixed >= FIXED:
        words(at, "words|What it fixed|p.pager", [FIXED])


def newest_of_assets(ledger):
    """The newest inventory of the main line of each asset."""
    newest = {}
    for entry in ledger.entries:
        if entry.kind == "received" and entry.data.get("snapshot") is not None and entry.data["branch"] is None:
            newest[entry.asset] = entry.data["snapshot"]
    for asset, snapshot in newest.items():
        if "/api/v1/assets" in ledger.opened:
            say("/api/v1/assets", "row", f"rows|id|{asset}|latest", snapshot)
        may("*/systems/*", "Assets", "Main line", f"/releases?asset={asset}", snapshot)


def answers_waiting(ledger):
    """Decisions that somebody else asked for and nobody answered, for whoever may answer all of them."""
    actor = f"person:{ledger.reader}"
    all_ = Decisions(ledger).all.values()
    waits = [d for d in all_ if d["state"] == "asked" and d["asked"] != actor]
    waits = sum(d["ends"] is None or d["ends"] > ledger.now for d in waits)
    say("/", "figure", "decisions to answer", waits)
    ledger.lists["answers"] = waits
    by_side(ledger, actor, waits)
    return [waits] if waits else []


# Who may accept what is of a level, by the framework.
ACCEPT = {
    "critical": ("security", "leadership"),
    "high": ("security",),
    "medium": ("security", "product"),
    "low": ("security", "product", "engineering"),
}


def by_side(ledger, actor, waits):
    """How many each side may answer of what somebody else asked for."""
    if weighed(ledger).charters.at(ledger.now) is None:
        return
    asked = {d["id"]: None for d in Decisions(ledger).at("asked", ledger.now, None) if d["asked"] != actor}
    for finding in ledger.findings.values():
        for decision, _ in about(ledger, finding) if finding.live else ():
            if decision in asked:
                levels = [level for level in (asked[decision], finding.level or LEVELS[0]) if level]
                asked[decision] = min(levels, key=LEVELS.index)
    sides = {side: sum(side in ACCEPT[level or "critical"] for level in asked.values()) for side in SIDES}
    for many in sorted(set(sides.values()) - {waits}):
        say("/", "figure", "decisions to answer", many)
    for side, many in sides.items():
        if f"/today/answers?side={side}" in ledger.opened:
            words(f"/today/answers?side={side}", "h1", [many])
    for place, side in ((2, "product"), (4, "leadership")):
        say("/api/v1/today", "api", f"/sides/{place}/lists/0/count", sides[side])


# Sides that are asked for an answer on *Today*.
SIDES = ("security", "product", "leadership")
# How many rows a table of a board has.
BOARD_ROWS = 12


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
    # Of weeks before anything was known there is no mean.
    is_young = not any(f.episodes[0].began // DAY <= last - 89 for f in ledger.of())
    weekly = lambda of: None if is_young else of["noise"]["a_week"]
    say("/boards/engineering", "figure", "interruptions per team and week", weekly(is_))
    words("/boards/engineering", "h1", ([late, due] if late or due else []) + [all_])
    words("/boards/security", "h1", [levels["critical"]] + ([late] if late else []))
    # A table has the first rows, and says of how many.
    if all_ > BOARD_ROWS:
        words("/boards/security", "words|Gravest first|p.pager", [BOARD_ROWS, all_])
    words("/", "h1", [late if late else all_] + answers_waiting(ledger))
    for team, name in ledger.teams.items():
        told = [one for one in ledger.told if one[2] == team]
        of = numbers(ledger, ledger.of(team), told, 1, last - 89, last)
        table = "Work by team"
        cell("/boards/engineering", table, "Load", name, of["load"])
        cell("/boards/engineering", table, "Deadlines met", name, percent(of["deadlines"]["share"]))
        cell("/boards/engineering", table, "Interruptions a week", name, weekly(of))
        changes = shown.first_window(ledger, team)
        if changes is not None:
            cell("/boards/engineering", table, "Changes", name, changes)
    spent = is_["merged_to_deployed"]
    say("/boards/operations", "figure", "merged to deployed, median", spent and spent["median"])
    touched = {f.system for f in ledger.of() if f.counts_at(ledger.now)}
    say("/boards/product", "figure", "products with a known risk", len(touched))
    if len(touched) > BOARD_ROWS:
        words("/boards/product", "words|Risk and plan by product|p.pager", [BOARD_ROWS, len(touched)])
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
