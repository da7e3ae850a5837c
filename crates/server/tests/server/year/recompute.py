"""Makes the numbers of Trimtab again, out of an exported ledger and nothing else.

    python3 recompute.py LEDGER.jsonl MICROSECONDS

Written from docs/metrics.md, docs/packs.md, docs/reviews.md, docs/incidents.md and docs/ledger.md. Says one number a line, as
JSON: where it stands (an address, and a pointer, a figure or a cell there) and what it must be.
"""

import collections
import json
import math
import sys
from datetime import datetime, timezone

DAY = 86_400 * 10**6
HOUR = 3_600 * 10**6
LEVELS = ["critical", "high", "medium", "low"]
# The year's charter calls no other environment production; nothing is deployed into another one.
PRODUCTION = "production"


def moment(text):
    """Microseconds of a time as the ledger writes it, which has up to nine digits of a second."""
    whole, _, part = text.rstrip("Z").partition(".")
    at = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(at.timestamp()) * 10**6 + int((part + "000000")[:6])


def date(day):
    return datetime.fromtimestamp(day * 86_400, timezone.utc).strftime("%Y-%m-%d")


class Entry:
    def __init__(self, line):
        is_ = json.loads(line)
        self.at, self.kind, self.actor = is_["at"], is_["kind"], is_["actor"]
        self.system, self.asset, self.finding = is_["system"], is_["asset"], is_["finding"]
        self.data = json.loads(is_["data"])

    @property
    def what(self):
        return self.data.get("what") if self.kind == "changed" else None


class Episode:
    """From detected, or back, to gone."""

    def __init__(self, began):
        self.began, self.merged, self.ended, self.how = began, None, None, None
        self.level, self.deadline = None, None
        # What held since when: whether it counts, its level, its weight; and which deadline.
        self.held, self.dues = [], []

    def due(self, since, deadline):
        """A deadline is in force from then on."""
        self.deadline = deadline
        if self.dues and self.dues[-1][0] == since:
            self.dues.pop()
        if not self.dues or self.dues[-1][1] != deadline:
            self.dues.append((since, deadline))

    def missed(self):
        """When a deadline in force first passed while it counted; one that is drawn forward to the past, when that is said."""
        before, ends = math.inf, [since for since, _ in self.dues[1:]] + [math.inf]
        for (since, due), until in zip(self.dues, ends):
            if due is not None and due >= self.began:
                unseen = due < since and (before is None or before <= since)
                at = max(since, due)
                if not unseen and at < until and self.counts_at(at):
                    return at
            before = due
        return None

    def end(self):
        return math.inf if self.ended is None else self.ended

    def counts_at(self, at):
        if not self.began <= at < self.end():
            return None
        held = [is_ for since, is_ in self.held if since <= at]
        return held[-1] if held and held[-1][0] else None

    def counted(self):
        """Whether it counted at any time."""
        spans = zip(self.held, self.held[1:] + [(self.end(), None)])
        return any(is_[0] and until > since for (since, is_), (until, _) in spans)


class Finding:
    def __init__(self, number):
        self.number, self.system, self.asset = number, None, None
        self.vulnerability, self.package = None, None
        self.episodes = []
        self.fresh(False)

    def fresh(self, live):
        self.live, self.on_main, self.production = live, live, None
        self.level, self.weight, self.decision = None, None, None

    def tell(self, entry):
        self.system, self.asset = entry.system, entry.asset or self.asset
        data, at = entry.data, entry.at
        if entry.kind in ("detected", "regressed"):
            self.vulnerability = data.get("vulnerability", self.vulnerability)
            self.package = data.get("package", self.package)
            if self.live:
                self.on_main = True
                self.episodes[-1].merged = None
            else:
                self.fresh(True)
                self.episodes.append(Episode(at))
        elif entry.kind == "assessed":
            self.production = data["production"]
            if "level" in data:
                self.level, self.weight = data["level"], data["weight"]
                self.decision = data["decision"]
                deadline = data["deadline"]
                self.episodes[-1].level = self.level
                self.episodes[-1].due(at, deadline and moment(deadline))
        elif entry.kind == "merged":
            self.on_main = False
            self.episodes[-1].merged = self.episodes[-1].merged or at
        elif entry.kind in ("fixed", "retracted"):
            self.live = False
            self.episodes[-1].ended, self.episodes[-1].how = at, entry.kind
            return
        else:
            return
        runs = self.on_main if self.production is None else self.production
        is_ = (runs and self.decision is None, self.level, self.weight)
        held = self.episodes[-1].held
        if held and held[-1][0] == at:
            held.pop()
        held.append((at, is_))

    def counts_at(self, at):
        found = [is_ for is_ in (e.counts_at(at) for e in self.episodes) if is_]
        return found[0] if found else None

    def episode_at(self, at):
        return next((e for e in self.episodes if e.began <= at < e.end()), None)


class Ledger:
    def __init__(self, lines, now):
        self.now = now
        self.entries = [Entry(line) for line in lines if line.strip()]
        self.findings, self.teams, self.systems, self.owner, self.tier = {}, {}, {}, {}, {}
        self.system_of, self.assets = {}, set()
        for entry in self.entries:
            if entry.asset is not None:
                self.assets.add(entry.asset)
                if entry.system is not None:
                    self.system_of[entry.asset] = entry.system
            if entry.finding is not None:
                self.findings.setdefault(entry.finding, Finding(entry.finding)).tell(entry)
            if entry.what == "team":
                self.teams[entry.data["team"]] = entry.data["name"]
            if entry.what == "system":
                self.systems[entry.system] = entry.data["name"]
                self.owner[entry.system] = entry.data["team"]
                self.tier[entry.system] = entry.data["tier"]
        self.told = list(self.tellings())
        self.deployments = Deployments(self)

    def owned(self, team):
        return [system for system, owner in self.owner.items() if owner == team]

    def of(self, team=None, system=None):
        """Findings of all, of a team as it is today, or of a system."""
        for finding in self.findings.values():
            if system is not None and finding.system != system:
                continue
            if team is not None and self.owner.get(finding.system) != team:
                continue
            yield finding

    def tellings(self):
        """What teams were asked and told: when, what, of whom, about which system, whether now."""
        for entry in self.entries:
            data = entry.data
            if entry.kind == "planned" and entry.actor == "trimtab":
                system = self.system_of.get(entry.asset)
                yield entry.at, "plan", data["team"], system, data["window"] == "now", entry.asset
            elif entry.what == "update" and data.get("outcome") in ("applied", "part"):
                system = self.system_of.get(entry.asset)
                is_now = data["batch"].startswith("now")
                yield entry.at, "request", self.owner.get(system), system, is_now, data["update"]
            elif entry.kind in ("detected", "regressed"):
                system = entry.system
                yield entry.at, "finding", self.owner.get(system), system, False, entry.asset


def spread(values):
    """By nearest rank."""
    values = sorted(values)
    if not values:
        return None
    rank = lambda part: values[math.ceil(len(values) * part) - 1]
    return {
        "count": len(values),
        "least": values[0],
        "median": rank(0.5),
        "p90": rank(0.9),
        "most": values[-1],
    }


def overlap(held, until, start, to):
    return max(0, min(until, to) - max(held, start))


def numbers(ledger, findings, told, teams, first, last):
    """The numbers of a period of days, both included."""
    findings = list(findings)
    start, to = first * DAY, min((last + 1) * DAY, max(ledger.now, first * DAY))
    episodes = [episode for finding in findings for episode in finding.episodes]
    ended = [e for e in episodes if e.ended is not None and start <= e.ended < to]
    fixed = [e for e in ended if e.how == "fixed"]
    counted = [e for e in fixed if e.counted()]
    days = lambda e: (e.ended - e.began) / DAY
    carried = 0.0
    for episode in episodes:
        spans = zip(episode.held, episode.held[1:] + [(episode.end(), None)])
        for (since, (counts, _, weight)), (until, _) in spans:
            if counts and weight is not None:
                carried += weight * overlap(since, until, start, to) / DAY
    passed = {id(e): e.missed() for e in episodes}
    in_time = lambda e: e.deadline is not None and e.ended <= e.deadline
    met = [e for e in counted if in_time(e) and passed[id(e)] is None]
    missed = sum(at is not None and start <= at < to for at in passed.values())
    there = [(f, f.episode_at(to)) for f in findings if f.counts_at(to)]
    ages = [(to - e.began) / DAY for _, e in there]
    bands = [0, 0, 0, 0]
    for age in ages:
        bands[0 if age < 7 else 1 if age < 30 else 2 if age < 90 else 3] += 1
    merged = [e for e in counted if e.merged is not None]
    told = [one for one in told if start <= one[0] < to]
    asked = collections.defaultdict(list)
    for at, word, team, _, is_now, _ in told:
        if word != "finding" and team is not None:
            asked[at // HOUR, team].append(is_now)
    interruptions = sum(not all(all_) for all_ in asked.values())
    weeks = (to - start) / (7 * DAY)
    notices = {(at, word, team) for at, word, team, *_ in told if word == "plan"}
    notices |= {(at, word, asset) for at, word, _, _, _, asset in told if word == "finding"}
    end = (last + 1) * DAY - 1
    load = [f.counts_at(end) for f in findings]
    share = len(met) / (len(met) + missed) if met or missed else None
    return {
        "load": sum(is_[2] or 0 for is_ in load if is_),
        "load_days": carried,
        "time_to_remediate": spread(map(days, counted)),
        "time_to_remediate_by_level": {
            level: spread(days(e) for e in counted if e.level == level) for level in LEVELS
        },
        "detected_to_merged": spread((e.merged - e.began) / DAY for e in merged),
        "merged_to_deployed": spread((e.ended - e.merged) / DAY for e in merged),
        "deadlines": {"met": len(met), "missed": missed, "share": share},
        "flow": {
            "found": sum(start <= e.began < to for e in episodes),
            "fixed": len(fixed),
            "retracted": sum(e.how == "retracted" for e in ended),
        },
        "age": {
            "days": spread(ages),
            "under_7": bands[0],
            "under_30": bands[1],
            "under_90": bands[2],
            "older": bands[3],
        },
        "noise": {
            "interruptions": interruptions,
            "a_week": interruptions / teams / weeks if teams and weeks > 0 else None,
            "now": sum(all(all_) for all_ in asked.values()),
            "requests": len({one[5] for one in told if one[1] == "request"}),
            "notices": len(notices),
        },
    }


class Change:
    """Of what runs somewhere, or an attempt at one."""

    def __init__(self, system, snapshot, at, lead):
        self.system, self.snapshot, self.at, self.lead = system, snapshot, at, lead
        self.failed, self.restored = False, None


class Deployments:
    """What was deployed to production, and how it ended."""

    def __init__(self, ledger):
        self.now, self.all = ledger.now, []
        received, places = {}, collections.defaultdict(list)
        for entry in ledger.entries:
            data = entry.data
            if entry.kind == "received" and "snapshot" in data:
                received[data["snapshot"]] = entry.at
            elif entry.kind == "deployed" and "snapshot" in data and data["environment"] == PRODUCTION:
                one = (entry.at, data["deployment"], data["snapshot"], data["outcome"])
                places[entry.asset].append(one)
        self.places = {asset: sorted(told) for asset, told in places.items()}
        # Of which systems it was ever told that one ended other than well.
        self.told = set()
        for asset, told in self.places.items():
            system = ledger.system_of.get(asset)
            if any(how in ("failed", "rolled-back") for *_, how in told):
                self.told.add(system)
            self.all += self.changes(system, told, received)

    @staticmethod
    def changes(system, told, received):
        """Of one asset, in the order of time."""
        all_, stand, runs = [], [], None

        def again(at):
            for change in all_:
                if change.failed and change.restored is None:
                    change.restored = at

        for at, _, snapshot, how in told:
            if how == "stopped":
                continue
            since = received.get(snapshot)
            lead = (at - since) / DAY if since is not None and since <= at else None
            change = Change(system, snapshot, at, lead)
            if how == "ok":
                again(at)
                if snapshot != runs:
                    all_.append(change)
                    stand.append(change)
                runs = snapshot
            elif how == "failed":
                brought = stand[-1] if stand and stand[-1].snapshot == snapshot == runs else change
                if brought is change:
                    all_.append(change)
                brought.failed = True
            else:
                # Another one runs: the last that stands is taken back, unless a failure is what this ends.
                down = any(change.failed and change.restored is None for change in all_)
                gone = []
                if snapshot != runs:
                    while stand and stand[-1].snapshot != snapshot:
                        gone.append(stand.pop())
                        if all(change.snapshot != snapshot for change in stand):
                            break
                if gone and not down:
                    gone[0].failed = True
                again(at)
                runs = snapshot
        return all_

    def measures(self, systems, first, last):
        start, to = first * DAY, min((last + 1) * DAY, max(self.now, first * DAY))
        mine = lambda system: systems is None or system in systems
        all_ = [c for c in self.all if start <= c.at < to and mine(c.system)]
        failed = [c for c in all_ if c.failed]
        is_told = any(mine(system) for system in self.told)
        weeks = (to - start) / (7 * DAY)
        over = [c for c in failed if c.restored is not None]
        return {
            "deployments": len(all_),
            "a_week": len(all_) / weeks if weeks > 0 else 0,
            "few": len(all_) < 10,
            "lead_time": spread(c.lead for c in all_ if not c.failed and c.lead is not None),
            "failed": len(failed) if is_told else None,
            "change_failure_rate": share(len(failed), len(all_)) if is_told else None,
            "time_to_restore": spread((c.restored - c.at) / DAY for c in over),
            "not_restored": len(failed) - len(over),
        }

    def went_wrong(self):
        """Failed or rolled back within 14 days, and nothing was told there since."""
        lasts = [told[-1] for told in self.places.values()]
        return sum(how in ("failed", "rolled-back") and at >= self.now - 14 * DAY for at, _, _, how in lasts)


def by_day(findings, first, last):
    findings = list(findings)
    for day in range(first, last + 1):
        there = [f.counts_at((day + 1) * DAY - 1) for f in findings]
        there = [is_ for is_ in there if is_]
        levels = {level: sum(is_[1] == level for is_ in there) for level in LEVELS}
        yield day, sum(is_[2] or 0 for is_ in there), levels, sum(is_[1] is None for is_ in there)


def say(at, kind, name, value):
    print(json.dumps({"at": at, "kind": kind, "name": name, "value": value}))


def leaves(value, name=""):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, f"{name}/{key}")
    else:
        yield name, value


def api(at, name, value):
    for rest, leaf in leaves(value):
        say(at, "api", name + rest, leaf)


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
                }
            elif data["state"] in ("approved", "refused"):
                self.all[data["decision"]]["answered"] = entry.actor
            self.all[data["decision"]]["state"] = data["state"]
        self.now = ledger.now

    def in_force(self, systems=None):
        holds = lambda d: d["state"] == "approved" and (d["ends"] is None or d["ends"] > self.now)
        return [d for d in self.all.values() if holds(d) and (systems is None or d["system"] in systems)]


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
    # Who promised nothing, and was asked nothing, owes nothing.
    if not any((entry.what or "").startswith("supplier") for entry in ledger.entries):
        say("/", "figure", "promises and answers owed", 0)
    for team, name in ledger.teams.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(team))
        at = f"/teams/{team}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting to the load", all_)
        say(at, "figure", "load", load)
        say("/teams", "cell", f"{name}|Systems", len(ledger.owned(team)))
        say("/teams", "cell", f"{name}|Findings", all_)
        say("/teams", "cell", f"{name}|Load", load)
        say(at, "figure", "decisions in force", len(decisions.in_force(ledger.owned(team))))
    for system, name in ledger.systems.items():
        late, _, all_, load, *_ = standing(ledger, ledger.of(system=system))
        at = f"/systems/{system}"
        say(at, "figure", "past their deadline", late)
        say(at, "figure", "open, counting to the load", all_)
        say(at, "figure", "load", load)
        assets = sum(of == system for of in ledger.system_of.values())
        say(at, "figure", "assets", assets)
        say("/systems", "cell", f"{name}|Findings", all_)
        say("/systems", "cell", f"{name}|Load", load)


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
        say(at, "figure", "deadlines met", None if kept is None else percent(kept))
        say(at, "figure", "load-days", is_["load_days"])
        say(at, "figure", "median age of the backlog", age and age["median"])
        say(at, "figure", "interruptions a week and team", is_["noise"]["a_week"])
    at = "/metrics.csv?chart=load&days=56"
    for day, load, _, _ in by_day(ledger.of(), last - 55, last):
        say(at, "csv", f"{date(day)}|1", load)
    at = "/metrics.csv?chart=flow&days=84"
    for week in range(12):
        first = last - 84 + 7 * week + 1
        flow = numbers(ledger, ledger.of(), [], 1, first, first + 6)["flow"]
        say(at, "csv", f"{date(first)}|1", flow["found"])
        say(at, "csv", f"{date(first)}|2", flow["fixed"] + flow["retracted"])


def percent(part):
    """In whole per cent, a half up."""
    return math.floor(part * 100 + 0.5)


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
        say(f"/boards/{side}", "figure", "deadlines met in 90 days", None if part is None else percent(part))
    for side in ("security", "leadership"):
        say(f"/boards/{side}", "figure", "median to remediate", took and took["median"])
    say("/boards/engineering", "figure", "interruptions of a team in a week", is_["noise"]["a_week"])
    spent = is_["merged_to_deployed"]
    say("/boards/operations", "figure", "merged to deployed, median", spent and spent["median"])
    touched = {f.system for f in ledger.of() if f.counts_at(ledger.now)}
    say("/boards/product", "figure", "products with a known risk", len(touched))
    waits = 0
    for finding in ledger.of():
        waits += bool(finding.counts_at(ledger.now)) and not finding.on_main
    say("/boards/operations", "figure", "gone from the main line, still running", waits)
    say("/boards/operations", "figure", "deployments went wrong", ledger.deployments.went_wrong())
    maturity = "/api/v1/maturity"
    due = is_["deadlines"]
    say(maturity, "criterion", "kept", [due["met"], due["met"] + due["missed"]])
    quiet = falling = of = 0
    for team in ledger.teams:
        if not ledger.owned(team):
            continue
        of += 1
        told = [one for one in ledger.told if one[2] == team]
        a = numbers(ledger, ledger.of(team), told, 1, last - 89, last)
        b = numbers(ledger, ledger.of(team), told, 1, last - 179, last - 90)
        quiet += a["noise"]["a_week"] <= 2
        falling += a["load"] <= b["load"] + 1e-6
    say(maturity, "criterion", "quiet", [quiet, of])
    say(maturity, "criterion", "falling", [falling, of])
    # Of two people, and with an end where it is an exception.
    decisions = Decisions(ledger).in_force()
    two = lambda d: d["answered"] is not None and d["answered"] != d["asked"]
    good = [d for d in decisions if two(d) and (d["kind"] != "exception" or d["ends"] is not None)]
    say(maturity, "criterion", "decided", [len(good), len(decisions)])


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
        is_ = numbers(ledger, ledger.of(goal["team"]), told, 1, last - 83, last)
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
        all_[stands] += 1
        row += 1
    for stands in ("reached", "on track", "behind", "missed"):
        say("/goals", "figure", stands, all_[stands])


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
    same = collections.defaultdict(list)
    opened = [one for one in all_.items() if "open" in one[1]]
    for id_, review in sorted(opened, key=lambda one: one[1]["open"]):
        same[review["of"]].append((id_, review))
    for of_same in same.values():
        for last, (id_, review) in enumerate(of_same):
            if last + 4 > len(of_same) or last == 0:
                say(f"/api/v1/reviews/{id_}", "api", "/minutes", review["minutes"])
                quality(ledger.now, id_, [r for _, r in of_same[max(0, last - 11) : last + 1]])
                figures(ledger, id_, review)


def share(part, of):
    return part / of if of else None


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


def figures(ledger, id_, review):
    """The numbers that a review showed when it was opened."""
    at = review["open"]
    team = int(review["of"].split(":")[1])
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
    name = f"/api/v1/reviews/{id_}"
    api(name, "/pack/figures", {"load": load, "open": count, "late": late, "soon": soon})
    at = f"/reviews/{id_}"
    say(at, "figure", "load", load)
    say(at, "figure", "findings that count", count)
    say(at, "figure", "past their deadline", late)
    say(at, "figure", "due within 14 days", soon)
    # The load at the end of each of twelve days, a week apart; that of the thirteenth was not over.
    for row, (load, unknown) in enumerate(line(ledger, team, review["open"] // DAY)):
        value = None if unknown else load
        say(name, "api", f"/pack/charts/0/series/0/values/{row}", value)


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


def incidents(ledger):
    all_ = collections.defaultdict(list)
    for entry in ledger.entries:
        if entry.what == "incident":
            all_[entry.data["incident"]].append(entry)
    drills = near = real = still = 0
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
        for team, is_ in teams.items():
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
    say("/incidents", "figure", "open", still)
    say("/incidents", "figure", "real ones", real)
    say("/incidents", "figure", "near misses", near)
    say("/incidents", "figure", "drills, counted in no measure", drills)


def card(ledger, team):
    last = ledger.now // DAY
    told = [one for one in ledger.told if one[2] == team]
    at = f"/api/v1/teams/{team}/card"
    for side, (a, b) in (("now", (last - 83, last)), ("before", (last - 167, last - 84))):
        is_ = numbers(ledger, ledger.of(team), told, 1, a, b)
        say(at, "named", f"load of the team|{side}", is_["load"])
        part = is_["deadlines"]["share"]
        kept = None if part is None else percent(part)
        say(at, "named", f"% of all its deadlines kept|{side}", kept)
        if side == "now":
            say(f"/teams/{team}/card", "figure", "load of the team", is_["load"])
            say(f"/teams/{team}/card", "figure", "% of all its deadlines kept", kept)


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
    for days in (28, 84, 364):
        metrics(ledger, days)
    for team in ledger.teams:
        metrics(ledger, 84, team=team)
        card(ledger, team)
    for system in list(ledger.systems)[:4]:
        metrics(ledger, 182, system=system)
    pages(ledger)
    measured(ledger)
    boards(ledger)
    goals(ledger)
    reviews(ledger)
    incidents(ledger)
    pulse(ledger)


main()
