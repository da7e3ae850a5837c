"""Makes the numbers of Trimtab again, out of an exported ledger and nothing else.

    python3 recompute.py LEDGER.jsonl MICROSECONDS READER

Written from docs/metrics.md, docs/packs.md, docs/reviews.md, docs/incidents.md and docs/ledger.md. READER is the number of
the person who looks, and may do everything. Says one number a line, as JSON: where it stands (an address, and a pointer, a figure or a cell there) and what it must be.
"""

import collections
import sys

import shown
from lives import DAY, LEVELS, Ledger, by_day, date, misseen, moment, numbers, share
from saying import api, cell, field, figure, may, percent, say, words


def metrics(ledger, days, team=None, system=None):
    last = ledger.now // DAY
    first = last - days + 1
    at = f"/api/v1/metrics?days={days}"
    at += f"&team={team}" if team is not None else ""
    at += f"&system={system}" if system is not None else ""
    mine = lambda: list(ledger.of(team, system))
    told = [
        one
        for one in ledger.told
        if (team is None or one[2] == team) and (system is None or one[3] == system)
    ]
    teams = len(ledger.teams) if team is None and system is None else 1
    for word, (a, b) in (("now", (first, last)), ("before", (first - days, first - 1))):
        api(at, f"/{word}", numbers(ledger, mine(), told, teams, a, b))
    systems = None if team is None and system is None else [system] if team is None else ledger.owned(team)
    for word, (a, b) in (("delivery", (first, last)), ("delivery_before", (first - days, first - 1))):
        api(at, f"/{word}/all", ledger.deployments.measures(systems, a, b))
        api(at, f"/{word}/with_updates", ledger.deployments.measures(systems, a, b, True))
    began = min((f.episodes[0].began for f in mine()), default=None)
    if began is not None:
        start = max(first, began // DAY)
        for row, (day, load, levels, unknown) in enumerate(by_day(mine(), start, last)):
            api(at, f"/days/{row}", {"day": date(day), "load": load, **levels, "unknown": unknown})
    # Teams, or the systems of one; both stand in the order of their names.
    if system is not None:
        groups = [(ledger.systems[system], system, (None, system))]
    elif team is None:
        groups = [(name, id_, (id_, None)) for id_, name in ledger.teams.items()]
    else:
        groups = [(ledger.systems[id_], id_, (None, id_)) for id_ in ledger.owned(team)]
    for row, (name, id_, (of_team, of_system)) in enumerate(sorted(groups)):
        findings = lambda: ledger.of(of_team, of_system)
        told = [
            one
            for one in ledger.told
            if (of_team is None or one[2] == of_team) and (of_system is None or one[3] == of_system)
        ]
        if team is not None:
            told = [one for one in told if one[2] == team]
        say(at, "api", f"/groups/{row}/name", name)
        for word, (a, b) in (("now", (first, last)), ("before", (first - days, first - 1))):
            api(at, f"/groups/{row}/{word}", numbers(ledger, findings(), told, 1, a, b))


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


class Decisions:
    """What people asked for and answered."""

    def __init__(self, ledger):
        self.all = {}
        for entry in ledger.entries:
            if entry.kind != "decided" or "decision" not in entry.data:
                continue
            data = entry.data
            if data["state"] == "asked":
                ends = data["expires"] and moment(data["expires"])
                self.all[data["decision"]] = {
                    "system": entry.system,
                    "ends": ends,
                    "kind": data["kind"],
                    "asked": entry.actor,
                    "answered": None,
                    "told": [],
                    "justified": data["justification"] is not None and bool(data["reason"]),
                }
            elif data["state"] in ("approved", "refused"):
                self.all[data["decision"]]["answered"] = entry.actor
            self.all[data["decision"]]["state"] = data["state"]
            self.all[data["decision"]]["told"].append((entry.at, data["state"]))
        self.now = ledger.now

    def at(self, state, at, systems):
        """Those of some systems that stood so at a moment, and had not ended by themselves."""
        for one in self.all.values():
            told = [state for since, state in one["told"] if since <= at]
            lasts = one["ends"] is None or one["ends"] > at
            if told and told[-1] == state and lasts and one["system"] in systems:
                yield one

    def in_force(self, systems=None):
        holds = lambda d: d["state"] == "approved" and (d["ends"] is None or d["ends"] > self.now)
        return [d for d in self.all.values() if holds(d) and (systems is None or d["system"] in systems)]


def answered(decisions, state):
    """Those that stand so, and have not ended by themselves."""
    lasts = lambda d: d["ends"] is None or d["ends"] > decisions.now
    return [d for d in decisions.all.values() if d["state"] == state and lasts(d)]


def pages(ledger):
    late, due, all_, load, levels, weights = standing(ledger, ledger.of())
    say("/", "figure", "past their deadline", late)
    say("/", "figure", "due within a week", due)
    say("/", "figure", "open, counting to the load", all_)
    say("/findings?counts=true", "figure", "findings", all_)
    say("/findings?counts=true", "figure", "load of those that count", load)
    for level in LEVELS:
        at = f"/findings?counts=true&level={level}"
        say(at, "figure", "findings", levels[level])
        say(at, "figure", "load of those that count", weights[level])
    say("/teams", "figure", "teams", len(ledger.teams))
    say("/teams", "figure", "load", load)
    say("/systems", "figure", "systems", len(ledger.systems))
    say("/systems", "figure", "load", load)
    decisions = Decisions(ledger)
    soon = [d for d in decisions.in_force() if d["ends"] is not None and d["ends"] < ledger.now + 14 * DAY]
    tierless = [system for system, tier in ledger.tier.items() if tier is None]
    say("/", "figure", "exceptions end within 14 days", len(soon))
    say("/", "figure", "systems without a tier", len(tierless))
    say("/", "figure", "deployments went wrong", ledger.deployments.went_wrong())
    ledger.lists |= {"ending": len(soon), "tiers": len(tierless), "broken": ledger.deployments.went_wrong()}
    # Who promised nothing, and was asked nothing, owes nothing.
    if not any((entry.what or "").startswith("supplier") for entry in ledger.entries):
        say("/", "figure", "promises and answers owed", 0)
        ledger.lists["suppliers"] = 0
    asked, held = answered(decisions, "asked"), decisions.in_force()
    ended = [d for d in decisions.all.values() if d["state"] == "approved" and d not in held]
    for label, many in (("asked", len(asked)), ("in force", len(held)), ("end within 14 days", len(soon)), ("expired", len(ended))):
        say("/exceptions", "figure", label, many)
    words("/exceptions", "h1", [len(asked), len(soon), 14])
    for team, name in ledger.teams.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(team))
        at = f"/teams/{team}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting to the load", all_)
        say(at, "figure", "load", load)
        cell("/teams", "Teams", "Systems", name, len(ledger.owned(team)))
        cell("/teams", "Teams", "Findings", name, all_)
        cell("/teams", "Teams", "Load", name, load)
        say(at, "figure", "decisions in force", len(decisions.in_force(ledger.owned(team))))
    for system, name in ledger.systems.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(system=system))
        at = f"/systems/{system}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting to the load", all_)
        say(at, "figure", "load", load)
        assets = sum(of == system for of in ledger.system_of.values())
        say(at, "figure", "assets", assets)
        cell("/systems", "Systems", "Findings", name, all_)
        cell("/systems", "Systems", "Load", name, load)


def measured(ledger):
    """The page of the metrics, and two of its charts as CSV."""
    last = ledger.now // DAY
    for team, days in [(None, 84)] + [(team, 28) for team in ledger.teams]:
        told = [one for one in ledger.told if team is None or one[2] == team]
        teams = len(ledger.teams) if team is None else 1
        is_ = numbers(ledger, ledger.of(team), told, teams, last - days + 1, last)
        at = f"/metrics?days={days}" + (f"&team={team}" if team is not None else "")
        took, age = is_["time_to_remediate"], is_["age"]["days"]
        kept = is_["deadlines"]["share"]
        say(at, "figure", "median to remediate", took and took["median"])
        say(at, "figure", "90th percentile", took and took["p90"])
        say(at, "figure", "deadlines met", percent(kept))
        say(at, "figure", "load-days", is_["load_days"])
        say(at, "figure", "median age of the backlog", age and age["median"])
        say(at, "figure", "interruptions a week and team", is_["noise"]["a_week"])
    at = "/metrics.csv?chart=load&days=56"
    before = by_day(ledger.of(), last - 111, last - 56)
    for (day, load, _, _), (_, was, _, _) in zip(by_day(ledger.of(), last - 55, last), before):
        field(at, "this period (load at the end of the day)", date(day), load)
        field(at, "the period before (load at the end of the day)", date(day), was)
    at = "/metrics.csv?chart=flow&days=84"
    for week in range(12):
        first = last - 84 + 7 * week + 1
        flow = numbers(ledger, ledger.of(), [], 1, first, first + 6)["flow"]
        field(at, "found (findings)", date(first), flow["found"])
        field(at, "gone (findings)", date(first), flow["fixed"] + flow["retracted"])


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
    say("/boards/engineering", "figure", "interruptions of a team in a week", is_["noise"]["a_week"])
    words("/boards/engineering", "h1", [all_, due])
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
    say("/boards/operations", "figure", "gone from the main line, still running", waits)
    say("/boards/operations", "figure", "deployments went wrong", ledger.deployments.went_wrong())


def facts(ledger, team=None):
    """What maturity is judged by, as far as the ledger tells it: how many are so, and of how many; by criterion."""
    now, last = ledger.now, ledger.now // DAY
    owned = ledger.owned(team) if team is not None else list(ledger.systems)
    described, cadence, inventory, opened, updates = {}, {}, {}, collections.defaultdict(list), []
    for entry in ledger.entries:
        data = entry.data
        if entry.what == "system":
            described[entry.system] = all(data[name] is not None for name in ("tier", "exposure", "data"))
        elif entry.kind == "received" and data.get("snapshot") is not None and data["branch"] is None:
            inventory[entry.asset] = entry.at
        elif entry.what == "review" and data.get("state") == "open":
            opened[data["review"]] = entry.at
    of = {entry.data["review"]: entry.data["of"] for entry in ledger.entries if entry.what == "review" and "of" in entry.data}
    held = {int(of[id_].split(":")[1]) for id_, at in opened.items() if of[id_].startswith("team:") and at >= now - 37 * DAY}
    assets = [a for a in ledger.assets if team is None or ledger.system_of.get(a) in owned]
    with_ = {ledger.system_of.get(a) for a in assets if a in inventory}
    fresh = lambda days: sum(inventory.get(a, 0) >= now - days * DAY for a in assets)
    runs = {ledger.system_of.get(a) for a in shown.running(ledger)}
    counts = [f.counts_at(now) for f in ledger.of(team) if f.counts_at(now)]
    updates = [u for u in ledger.updates.values() if u.at >= now - 90 * DAY and u.outcome not in ("nothing", "refused")]
    updates = [u for u in updates if team is None or ledger.system_of.get(u.asset) in owned]
    systems = [s for s in owned]
    teams = [t for t in ledger.teams if ledger.owned(t) and team in (None, t)]
    told = [one for one in ledger.told if team is None or one[2] == team]
    is_ = numbers(ledger, ledger.of(team), told, len(ledger.teams) if team is None else 1, last - 89, last)
    due = is_["deadlines"]
    quiet = falling = 0
    for one in teams:
        told = [is_ for is_ in ledger.told if is_[2] == one]
        a = numbers(ledger, ledger.of(one), told, 1, last - 89, last)
        b = numbers(ledger, ledger.of(one), told, 1, last - 179, last - 90)
        quiet += a["noise"]["a_week"] <= 2
        falling += a["load"] <= b["load"] + 1e-6
    # Of two people, and with an end where it is an exception.
    decisions = Decisions(ledger).in_force(None if team is None else owned)
    two = lambda d: d["answered"] is not None and d["answered"] != d["asked"]
    good = [d for d in decisions if two(d) and (d["kind"] != "exception" or d["ends"] is not None)]
    stated = [d for d in decisions if d["kind"] == "not-affected"]
    kept = [due["met"], due["met"] + due["missed"]]
    agreed = collections.Counter(e.data["charter"] for e in ledger.entries if e.what == "charter-agreed")
    force = [e.data["charter"] for e in ledger.entries if e.what == "charter-agreed" and e.data.get("in_force")]
    return {
        "charter-agreed": [agreed[force[-1]] if force else None, 4 if force else None],
        "inventory-begun": [len(with_ & set(systems)), len(systems)],
        "findings-weighed": [sum(c[1] is not None for c in counts), len(counts)],
        "all-watched": [fresh(30), len(assets)],
        "inventory-whole": [len(with_ & set(systems)), len(systems)],
        "updates-tested": [sum(u.reverted is None and u.tests == "unharmed" for u in updates), len(updates)],
        "deadlines-mostly": kept,
        "deadlines-kept": kept,
        "reviews-held": [len(held & set(teams)), len(teams)],
        "owned": [sum(ledger.owner[s] is not None for s in systems), len(systems)],
        "context-told": [sum(described[s] for s in systems), len(systems)],
        "running-told": [len(runs & set(systems)), len(systems)],
        "decisions-of-two": [len(good), len(decisions)],
        "all-current": [fresh(7), len(assets)],
        "little-noise": [quiet, len(teams)],
        "load-falls": [falling, len(teams)],
        "not-affected-told": [sum(d["justified"] for d in stated), len(stated)],
    }


def maturity(ledger):
    for team in [None, *(team for team in ledger.teams if ledger.owned(team))]:
        at = "/api/v1/maturity" + ("" if team is None else f"?team={team}")
        for id_, (many, of) in facts(ledger, team).items():
            say(at, "row", f"criteria|id|{id_}|count", many)
            say(at, "row", f"criteria|id|{id_}|of", of)


def goals(ledger):
    goals_, row, all_ = {}, 0, collections.Counter()
    for entry in ledger.entries:
        if entry.what == "goal":
            goals_.setdefault(entry.data["goal"], {}).update(entry.data)
    for goal in sorted(goals_.values(), key=lambda goal: (goal["name"], goal["goal"])):
        if goal.get("dropped"):
            continue
        begins, ends = moment(goal["begins"]), moment(goal["ends"])
        # Once its time is over, by the number of its last day.
        last = (ends - 1) // DAY if ledger.now >= ends else ledger.now // DAY
        told = ledger.told
        is_ = numbers(ledger, ledger.of(goal["team"]), told, 1, min(begins // DAY, last), last)
        spent = is_["time_to_remediate"]
        share = is_["deadlines"]["share"]
        value = {
            "load": is_["load"],
            "remediation": spent and spent["median"],
            "deadlines": None if share is None else share * 100,
        }[goal["measure"]]
        time = min(1, max(0, (ledger.now - begins) / (ends - begins)))
        at = "/api/v1/goals"
        say(at, "api", f"/rows/{row}/value", value)
        say(at, "api", f"/rows/{row}/time", time)
        for side in ("from", "to"):
            say(at, "api", f"/rows/{row}/{side}", goal[side])
        if value is None:
            way, stands = None, "unknown"
        else:
            there = value >= goal["to"] if goal["measure"] == "deadlines" else value <= goal["to"]
            way = (value - goal["from"]) / (goal["to"] - goal["from"])
            way = 1 if there else min(1, max(0, way))
            over = ledger.now >= ends
            stands = "reached" if there else "missed" if over else "on track" if way >= time else "behind"
        say(at, "api", f"/rows/{row}/way", way)
        say(at, "api", f"/rows/{row}/standing", stands)
        parts = None if way is None else [percent(way), percent(time)]
        for page in ("/goals", "*/boards/leadership"):
            put = may if page.startswith("*") else cell
            put(page, "Goals", "Began at", goal["name"], goal["from"])
            put(page, "Goals", "Now", goal["name"], value)
            put(page, "Goals", "To be", goal["name"], goal["to"])
            put(page, "Goals", "Way", goal["name"], parts)
        all_[stands] += 1
        row += 1
    for stands in ("reached", "on track", "behind", "missed"):
        say("/goals", "figure", stands, all_[stands])
    words("/goals", "h1", [row] + [all_[stands] for stands in ("reached", "on track", "behind")])


def reviews(ledger):
    all_, decided = {}, {}
    for entry in ledger.entries:
        data = entry.data
        if entry.what == "review":
            review = all_.setdefault(data["review"], {"decisions": []})
            if "state" in data:
                review[data["state"]] = entry.at
                review.update({k: v for k, v in data.items() if k in ("of", "minutes", "topics", "figures")})
        elif entry.what == "review-decision":
            one = decided.setdefault(data["decision"], {"state": None, "ended": None})
            if "due" in data:
                one["due"] = moment(data["due"])
                all_[data["review"]]["decisions"].append(one)
            if one["state"] != data["state"]:
                one["ended"] = None if data["state"] == "open" else entry.at
            one["state"] = data["state"]
    states = collections.Counter()
    for review in all_.values():
        states["held" if "closed" in review else "open now" if "open" in review else "planned"] += 1
    for state in ("planned", "open now", "held"):
        say("/reviews", "figure", state, states[state])
    for id_, review in all_.items():
        of_it = review["decisions"]
        may("*/reviews", "Reviews", "Decisions", f"/reviews/{id_}", len(of_it))
        may("*/reviews", "Reviews", "To be done", f"/reviews/{id_}", sum(d["state"] == "open" for d in of_it))
        if "closed" in review:
            took = (review["closed"] - review["open"]) // (60 * 10**6)
            may("*/reviews", "Reviews", "Minutes", f"/reviews/{id_}", [took, review["minutes"]])
    same = collections.defaultdict(list)
    opened = [one for one in all_.items() if "open" in one[1]]
    for id_, review in sorted(opened, key=lambda one: one[1]["open"]):
        same[review["of"]].append((id_, review))
    for of_same in same.values():
        for last, (id_, review) in enumerate(of_same):
            if last + 4 > len(of_same) or last == 0:
                say(f"/api/v1/reviews/{id_}", "api", "/minutes", review["minutes"])
                quality(ledger.now, id_, [r for _, r in of_same[max(0, last - 11) : last + 1]])
                earlier = of_same[last - 2][1] if last > 1 else None
                before = of_same[last - 1][1] if last else None
                figures(ledger, id_, review, before, earlier)


def quality(now, id_, twelve):
    """How good the meetings are: of the last twelve of the same, this one among them."""
    decisions = [d for review in twelve for d in review["decisions"]]
    judged, in_time = 0, 0
    for one in decisions:
        if one["state"] == "dropped":
            continue
        if one["state"] == "done":
            judged, in_time = judged + 1, in_time + (one["ended"] < one["due"])
        elif now >= one["due"]:
            judged += 1
    topics, repeats, before = 0, 0, None
    for review in twelve:
        # What was decided, and the windows, stand in every review.
        keys = {key for key in review["topics"] if not key.startswith(("decision:", "window:"))}
        if before is not None:
            topics, repeats = topics + len(keys), repeats + len(keys & before)
        before = keys
    over = [r for r in twelve if "closed" in r]
    took = lambda r: (r["closed"] - r["open"]) // (60 * 10**6)
    api(
        f"/api/v1/reviews/{id_}",
        "/quality",
        {
            "reviews": len(twelve),
            "decisions": len(decisions),
            "per_review": share(len(decisions), len(twelve)),
            "judged": judged,
            "in_time": in_time,
            "in_time_share": share(in_time, judged),
            "topics": topics,
            "repeats": repeats,
            "repeat_share": share(repeats, topics),
            "over": len(over),
            "overran": sum(took(r) > r["minutes"] for r in over),
        },
    )
    stands = {"dropped": "dropped", "open": "open"}
    for row, one in enumerate(twelve[-1]["decisions"]):
        word = stands.get(one["state"]) or ("carried out" if one["ended"] < one["due"] else "carried out late")
        if word == "open" and now >= one["due"]:
            word = "late"
        say(f"/api/v1/reviews/{id_}", "api", f"/decisions/{row}/stands", word)


def scheduled_at(ledger, team, at):
    """What was scheduled for a team at a moment, in a window that was not over."""
    all_ = {}
    for entry in ledger.entries:
        data = entry.data
        if entry.kind == "planned" and entry.actor == "trimtab" and entry.at <= at and data["team"] == team:
            key = entry.asset, data["package"]
            all_.pop(key, None)
            if data["state"] != "dropped":
                all_[key] = data
    return sum(is_["ends"] is None or moment(is_["ends"]) > at for is_ in all_.values())


def reckoned(ledger, review, before):
    """The numbers of a review when it was opened; `before` is the last of the same, if there was one."""
    at, team = review["open"], int(review["of"].split(":")[1])
    # Of the systems that were the team's then: those of the reviews never changed hands.
    late, soon, load, count = 0, 0, 0.0, 0
    for finding in ledger.of(team):
        counts = finding.counts_at(at)
        if not counts:
            continue
        count, load = count + 1, load + (counts[2] or 0)
        # A deadline as it stood then is not kept beside its end: it is looked up in the entries.
        deadline = deadline_at(ledger, finding.number, at)
        if deadline is not None:
            late += deadline < at
            soon += at <= deadline < at + 14 * DAY
    # Since the last of the same, or a week; of no more than four weeks.
    since = max(before["open"] if before else at - 7 * DAY, at - 28 * DAY)
    decisions, own = Decisions(ledger), ledger.owned(team)
    ending = [d for d in decisions.at("approved", at, own) if d["ends"] is not None]
    return {
        "load": load,
        "open": count,
        "new": shown.above(ledger, ledger.of(team), since, at),
        "late": late,
        "soon": soon,
        "exceptions": sum(d["ends"] <= at + 14 * DAY for d in ending),
        "answers": sum(1 for _ in decisions.at("asked", at, own)),
        "scheduled": scheduled_at(ledger, team, at),
    }


def figures(ledger, id_, review, before, earlier):
    """The numbers that a review showed, those of the one before beside them, and how many its parts have."""
    team = int(review["of"].split(":")[1])
    name, is_ = f"/api/v1/reviews/{id_}", reckoned(ledger, review, before)
    api(name, "/pack/figures", is_)
    if before is not None:
        api(name, "/before", reckoned(ledger, before, earlier))
    parts = {1: is_["new"], 2: is_["late"] + is_["soon"], 3: is_["exceptions"], 4: is_["answers"]}
    for part, many in parts.items():
        say(name, "api", f"/pack/parts/{part}/count", many)
    labels = {
        "load": "load",
        "open": "findings that count",
        "new": "new above the line",
        "late": "past their deadline",
        "soon": "due within 14 days",
        "exceptions": "exceptions that end",
        "answers": "decisions asked for",
        "scheduled": "changes scheduled",
    }
    for member, label in labels.items():
        figure(f"/reviews/{id_}", label, is_[member])
    # The load at the end of each of twelve days, a week apart; that of the thirteenth was not over.
    for row, (load, unknown) in enumerate(line(ledger, team, review["open"] // DAY)):
        value = None if unknown else load
        say(name, "api", f"/pack/charts/0/series/0/values/{row}", value)
        day = date(review["open"] // DAY - 84 + 7 * row)
        cell(f"/reviews/{id_}", "Load, load at the end of the day", "load", day, value)


def line(ledger, team, today):
    first = min(f.episodes[0].began for f in ledger.findings.values()) // DAY
    for day in range(today - 84, today, 7):
        _, load, _, unknown = next(by_day(ledger.of(team), day, day))
        yield load, unknown or day < first


def deadline_at(ledger, number, at):
    if not hasattr(ledger, "deadlines"):
        ledger.deadlines = collections.defaultdict(list)
        for entry in ledger.entries:
            if entry.kind == "assessed" and "level" in entry.data:
                due = entry.data["deadline"]
                ledger.deadlines[entry.finding].append((entry.at, due and moment(due)))
    told = [due for since, due in ledger.deadlines[number] if since <= at]
    return told[-1] if told else None


def length(seconds):
    """The numbers in which a length of time is told: minutes, hours and minutes, or days and hours."""
    minutes = seconds // 60
    if minutes < 120:
        return [max(minutes, 1)]
    if minutes < 2880:
        return [minutes // 60, minutes % 60]
    return [minutes // 1440, minutes % 1440 // 60]


def incidents(ledger):
    all_ = collections.defaultdict(list)
    for entry in ledger.entries:
        if entry.what == "incident":
            all_[entry.data["incident"]].append(entry)
    drills = near = real = still = 0
    of_teams = collections.defaultdict(list)
    for id_, told in all_.items():
        opened = told[0].data["told"]
        published = opened["published"] and moment(opened["published"])
        drills += opened["drill"] is not None
        near += opened["near_miss"]
        is_real = opened["drill"] is None and not opened["near_miss"]
        until = next((e.at for e in told if e.data["event"] == "closed"), None)
        real += is_real
        still += is_real and until is None
        end = until or ledger.now
        teams = {}
        for entry in told:
            team, word = entry.data["team"], entry.data["event"]
            if word == "handed":
                teams.pop(team, None)
            elif word in ("touched", "returned") and team not in teams:
                teams[team] = {"touched": entry.at}
            elif team in teams and word == "returned":
                teams[team].pop("contained", None)
                teams[team].pop("fixed", None)
            elif team in teams and word in ("acknowledged", "contained", "fixed"):
                # Who contained it acknowledged it, and what is gone is contained.
                order = ("acknowledged", "contained", "fixed")
                for earlier in order[: order.index(word) + 1]:
                    teams[team].setdefault(earlier, entry.at)
        at = f"/api/v1/incidents/{id_}"
        page, table = f"/incidents/{id_}", "Teams"
        for team, is_ in teams.items():
            took = {}
            of_teams[team] += [took] if is_real else []
            spans = {"know": None, "acknowledge": "acknowledged", "contain": "contained", "fix": "fixed"}
            for span, word in spans.items():
                if span == "know":
                    # A drill begins when it is known.
                    known = published is not None and opened["drill"] is None
                    seconds = max(0, is_["touched"] - published) // 10**6 if known else None
                    state = "took" if known else "unknown"
                else:
                    state = "took" if word in is_ else "runs"
                    seconds = (is_.get(word, end) - is_["touched"]) // 10**6
                say(at, "team", f"{team}|to_{span}/state", state)
                say(at, "team", f"{team}|to_{span}/seconds", seconds)
                column = f"To {span}"
                took_ = None if seconds is None else length(seconds)
                cell(page, table, column, ledger.teams[team], took_)
                cell(f"{page}/report", "How long it took", column, ledger.teams[team], took_)
                if state == "took":
                    took[span] = seconds
    for team, all_ in of_teams.items():
        table, row = "How long it took, by team: the middle one", ledger.teams[team]
        cell("/incidents", table, "Incidents", row, len(all_))
        for span in ("know", "acknowledge", "contain", "fix"):
            known = sorted(one[span] for one in all_ if span in one)
            middle = length(known[len(known) // 2]) if known else None
            cell("/incidents", table, f"To {span}", row, middle)
    if still:
        words("/incidents", "h1", [still])
    say("/incidents", "figure", "open", still)
    say("/incidents", "figure", "real ones", real)
    say("/incidents", "figure", "near misses", near)
    say("/incidents", "figure", "drills, counted in no measure", drills)


def removed(ledger, team, first, last):
    """What updates of a team removed in a time."""
    start, to = first * DAY, min((last + 1) * DAY, ledger.now)
    within = lambda at: at is not None and start <= at < to
    own = [u for u in ledger.updates.values() if ledger.owner.get(ledger.system_of.get(u.asset)) == team]
    came = [u for u in own if within(u.came())]
    gone = {}
    for update in sorted(came, key=lambda u: (-u.at, -u.number)):
        for finding in update.findings:
            # One that came back was gone when the update was seen in production.
            known = [at for at in (finding.gone(), update.deployed) if at is not None]
            if known and within(min(known)):
                gone.setdefault(finding.number, (finding, min(known)))
    weights, days, due, kept = [], [], 0, 0
    for finding, at in gone.values():
        counted = finding.decision is None
        weight = finding.weight if counted or finding.weight is None else 0.0
        weights.append(weight)
        days.append(None if weight is None else weight * (to - at) / DAY)
        deadline = finding.episodes[-1].deadline if counted else None
        due += deadline is not None
        kept += deadline is not None and at <= deadline
    sum_ = lambda all_: None if None in all_ else sum(all_)
    return {
        "updates in production": len(came),
        "findings that they removed": len(gone),
        "load that they removed": sum_(weights),
        "load-days no longer carried": sum_(days),
        "% of their deadlines kept": percent(share(kept, due)),
        "updates taken back": sum(within(u.reverted) for u in own),
    }


def card(ledger, team, name):
    last = ledger.now // DAY
    told = [one for one in ledger.told if one[2] == team]
    at, page, both = f"/api/v1/teams/{team}/card", f"/teams/{team}/card", {}
    for side, (a, b) in (("now", (last - 83, last)), ("before", (last - 167, last - 84))):
        is_ = numbers(ledger, ledger.of(team), told, 1, a, b)
        all_ = removed(ledger, team, a, b)
        both[side] = all_
        all_ = all_ | {
            "load of the team": is_["load"],
            "% of all its deadlines kept": percent(is_["deadlines"]["share"]),
        }
        for label, value in all_.items():
            say(at, "named", f"{label}|{side}", value)
            if side == "now":
                figure(page, label, value)
    now, before = both["now"], both["before"]
    words(page, "h1", [now["updates in production"], 84, now["findings that they removed"]])
    columns = {
        "Updates": "updates in production",
        "Findings": "findings that they removed",
        "Load removed": "load that they removed",
        "% of deadlines kept": "% of their deadlines kept",
    }
    for column, label in columns.items():
        both_known = [one for one in (now[label], before[label]) if one is not None]
        cell("/wall", "Teams", column, name, both_known if now[label] is not None else None)
    row = sorted(ledger.teams[t] for t in ledger.teams if ledger.owned(t)).index(name)
    for place, of in enumerate(now):
        for side in both:
            say("/api/v1/wall", "api", f"/teams/{row}/numbers/{place}/{side}", both[side][of])


def pulse(ledger):
    """How many answered in each month that is over; what they answered is in no entry."""
    rounds = collections.Counter(e.data["round"] for e in ledger.entries if e.what == "pulse")
    rounds.pop(date(ledger.now // DAY)[:7], None)
    for row, month in enumerate(sorted(rounds, reverse=True)):
        say("/api/v1/pulse", "api", f"/rows/{row}/round", month)
        # Of fewer than five nothing is told at all.
        told = {"answers": rounds[month]} if rounds[month] >= 5 else None
        api("/api/v1/pulse", f"/rows/{row}/all", told)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        ledger = Ledger(file, int(sys.argv[2]))
    ledger.reader, ledger.lists = int(sys.argv[3]), {}
    told, wrong = misseen(ledger)
    print(f"{told} moments of updates are held against their findings", file=sys.stderr)
    if wrong:
        sys.exit("\n".join(wrong))
    for days in (28, 84, 364):
        metrics(ledger, days)
    for team in ledger.teams:
        metrics(ledger, 84, team=team)
        # Who owns nothing has no card.
        if ledger.owned(team):
            card(ledger, team, ledger.teams[team])
    for system in list(ledger.systems)[:4]:
        metrics(ledger, 182, system=system)
    pages(ledger)
    measured(ledger)
    boards(ledger)
    maturity(ledger)
    goals(ledger)
    reviews(ledger)
    incidents(ledger)
    pulse(ledger)
    shown.pages(ledger, ledger.lists)


main()
