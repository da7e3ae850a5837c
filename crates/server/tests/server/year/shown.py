"""The numbers that pages alone show: tables, headlines and lists. A list that does not show all says what each row must be."""

import collections
import math

import listed
import moved
from lives import DAY, LEVELS, by_day, date, moment, numbers
from saying import cell, field, figure, may, percent, say, words




def live(ledger):
    return [f for f in ledger.findings.values() if f.counts_at(ledger.now)]


def called(finding):
    return f"/findings/{finding.number}"


def lists(ledger):
    """What a finding weighs is the same in every list."""
    for kind, table in (
        ("/", "Due first"),
        ("/", "No change is scheduled"),
        ("/today/choices", "No change is scheduled"),
        ("/today/new", "New and above the line"),
        ("/findings", "Findings"),
        ("/teams/*", "Due first"),
        ("/systems/*", "Due first"),
        ("/vulnerabilities/*", "Where it is"),
        ("/boards/security", "Gravest first"),
        ("/exceptions/*", "What it is about"),
        ("/lessons/*", "Where it was met"),
    ):
        for finding in ledger.findings.values():
            if finding.live:
                may("*" + kind, table, "Load", called(finding), finding.weight)
    for finding in ledger.findings.values():
        if not finding.live and finding.episodes[-1].how == "fixed":
            took = (finding.episodes[-1].ended - finding.episodes[-1].began) // DAY
            may("*/teams/*", "What it fixed", "Days", called(finding), took)




def dials(ledger):
    last = ledger.now // DAY
    first = min((f.episodes[0].began for f in ledger.findings.values()), default=ledger.now) // DAY
    start = max(first, last - 89)

    def draw(at, of, is_of):
        """Today as it is, and each week before as it was kept at the last moment of its day: whose it was then."""
        for day in range(last, start - 1, -7):
            then = min((day + 1) * DAY - 1, ledger.now)
            there = [f for f in ledger.findings.values() if f.counts_at(then) and is_of(*ledger.of_then(f, then))]
            load = sum(f.counts_at(then)[2] or 0 for f in there)
            cell(at, f"Load of {of} by week", "Load", date(day), load)

    draw("/", "Ferries", lambda *_: True)
    for side in ("security", "engineering", "leadership"):
        draw(f"/boards/{side}", "all systems", lambda *_: True)
    for id_, name in ledger.teams.items():
        draw(f"/teams/{id_}", name, lambda _, team, id_=id_: team == id_)
    for id_, name in ledger.systems.items():
        draw(f"/systems/{id_}", name, lambda system, _, id_=id_: system == id_)


def rows_of(ledger):
    last = ledger.now // DAY
    systems = [(id_, name, ledger.of(system=id_)) for id_, name in ledger.systems.items()]
    teams = [(id_, name, ledger.of(id_)) for id_, name in ledger.teams.items()]
    load = lambda findings: sum(c[2] or 0 for c in (f.counts_at(ledger.now) for f in findings) if c)
    words("/systems", "h1", [len(systems), load(ledger.of())])
    words("/teams", "h1", [len(teams), load(ledger.of())])
    runs = running(ledger)
    for id_, name, _ in systems:
        assets = [asset for asset in runs if ledger.system_of.get(asset) == id_]
        cell("/systems", "Systems", "Deployed", name, [len(assets)] if assets else None)
    for kind, all_ in (("/teams", teams), ("/systems", systems)):
        for id_, _, findings in all_:
            there = [f for f in findings if f.counts_at(ledger.now)]
            late = sum(1 for f in there if passed(f, ledger.now))
            number = [] if not there else [len(there)] + ([late] if late else [])
            words(f"{kind}/{id_}", "h1", number)


def passed(finding, now):
    deadline = finding.episode_at(now).deadline
    return deadline is not None and deadline < now


def running(ledger):
    """Assets of which something runs in production, as the last deployment there says."""
    runs = {}
    for entry in ledger.entries:
        data = entry.data
        if entry.kind == "deployed" and data.get("environment") in ledger.charter["production"]:
            if data["outcome"] in ("ok", "rolled-back"):
                runs[entry.asset] = data["snapshot"]
            elif data["outcome"] == "stopped":
                runs.pop(entry.asset, None)
    return runs


def days_(spread_, pick):
    return spread_ and spread_[pick]


def measured(ledger, days=84, team=None):
    """The page of metrics: its charts as tables, and its tables."""
    last = ledger.now // DAY
    first = last - days + 1
    at = f"/metrics?days={days}" + (f"&team={team}" if team is not None else "")
    csv = f"from={date(first)}&to={date(last)}&against={date(first - days)}"
    csv += f"&team={team}" if team is not None else ""

    def point(chart, table, column, row, value):
        """Of a chart: in its table, and as CSV."""
        cell(at, table, column, row, value)
        _, unit = table.split(", ", 1)
        field(f"/metrics.csv?chart={chart}&{csv}", f"{column} ({unit})", row, value)

    told = [one for one in ledger.told if team is None or one[2] == team]
    teams = len(ledger.teams) if team is None else 1
    all_ = list(ledger.of(team))
    # Before anything of it was known nothing is.
    began = min((f.episodes[0].began // DAY for f in all_), default=math.inf)
    of = lambda a, b: numbers(ledger, all_, told, teams, a, b)
    now, before = of(first, last), of(first - days, first - 1)
    other = "the period before"
    # Twelve weeks, or so many as there are.
    parts = []
    end = last
    while end >= first:
        parts.append((max(end - 6, first), end))
        end -= 7
    parts.reverse()
    series = [
        ("deadlines", "Deadlines, findings", "met", lambda n: n["deadlines"]["met"], True),
        ("deadlines", "Deadlines, findings", "missed", lambda n: n["deadlines"]["missed"], True),
        ("flow", "Found and gone, findings", "found", lambda n: n["flow"]["found"], True),
        ("flow", "Found and gone, findings", "gone", lambda n: n["flow"]["fixed"] + n["flow"]["retracted"], True),
        ("noise", "Noise, times", "interruptions", lambda n: n["noise"]["interruptions"], True),
        ("noise", "Noise, times", "requests opened", lambda n: n["noise"]["requests"], True),
        ("notices", "Notices, notices", "notices", lambda n: n["noise"]["notices"], True),
    ]
    for leg, name in (("detected_to_merged", "detected to merged"), ("merged_to_deployed", "merged to deployed")):
        pick = lambda n, leg=leg: days_(n[leg], "median")
        series.append(("legs", "From detected to deployed, days, median", name, pick, False))
    for level in LEVELS:
        for chart, pick, unit in (("remediate", "median", "median"), ("remediate90", "p90", "90th percentile")):
            value = lambda n, level=level, pick=pick: days_(n["time_to_remediate_by_level"][level], pick)
            series.append((chart, f"Time to remediate, days, {unit}", level, value, False))
    systems = None if team is None else ledger.owned(team)
    for a, b in parts:
        is_ = of(a, b)
        for chart, table, column, value, counted in series:
            point(chart, table, column, date(a), None if counted and b < began else value(is_))
        for column, ours in (("all", False), ("with updates", True)):
            many = ledger.deployments.measures(systems, a, b, ours)["deployments"]
            point("deployments", "Deployments, deployments", column, date(a), many)
        _, _, levels, _ = next(by_day(all_, b, b))
        for level in LEVELS:
            point("open", "Findings that count, findings", level, date(a), levels[level] if b >= began else None)
    loads = list(by_day(all_, first, last))
    befores = list(by_day(all_, first - days, first - 1))
    has_before = any(day >= began for day, *_ in befores)
    for (day, load, *_), (past, was, *_) in zip(loads, befores):
        point("load", "Load, load at the end of the day", "this period", date(day), load if day >= began else None)
        if has_before:
            value = was if past >= began else None
            point("load", "Load, load at the end of the day", other, date(day), value)
    for column, is_, b in (("now", now, last), (other, before, first - 1)):
        for row, band in (("under 7", "under_7"), ("under 30", "under_30"), ("under 90", "under_90"), ("older", "older")):
            point("age", "Age of the backlog, findings", column, row, is_["age"][band] if b >= began else None)
    for level in LEVELS:
        a, b = (n["time_to_remediate_by_level"][level] for n in (now, before))
        table = "Time to remediate by level"
        cell(at, table, "Fixed", level, a["count"] if a else 0)
        cell(at, table, "Median", level, days_(a, "median"))
        cell(at, table, "Median of the other period", level, days_(b, "median"))
        cell(at, table, "90th percentile", level, days_(a, "p90"))
        cell(at, table, "90th of the other period", level, days_(b, "p90"))
        here = f"/metrics.csv?chart=levels&{csv}"
        field(here, "fixed", level, a["count"] if a else 0)
        for column, pick in (("median days", "median"), ("90th percentile days", "p90")):
            field(here, column, level, days_(a, pick))
            field(here, f"{column} before", level, days_(b, pick))
    delivery(ledger, at, csv, systems, first, last)
    if team is None:
        groups = [(name, id_, (id_, None)) for id_, name in ledger.teams.items()]
        by = "By team"
    else:
        groups = [(ledger.systems[id_], id_, (None, id_)) for id_ in ledger.owned(team)]
        by = "By system"
    for name, _, (of_team, of_system) in groups:
        told_ = [
            one
            for one in told
            if (of_team is None or one[2] == of_team) and (of_system is None or one[3] == of_system)
        ]
        mine = list(ledger.of(of_team, of_system))
        a = numbers(ledger, mine, told_, 1, first, last)
        b = numbers(ledger, mine, told_, 1, first - days, first - 1)
        change = a["load_days"] - b["load_days"]
        known = began <= first - days
        cell(at, by, "Load", name, a["load"])
        cell(at, by, "Load-days", name, a["load_days"])
        cell(at, by, "Change", name, change if known and abs(change) >= 0.5 else None)
        cell(at, by, "Median", name, days_(a["time_to_remediate"], "median"))
        cell(at, by, "90th percentile", name, days_(a["time_to_remediate"], "p90"))
        cell(at, by, "In time", name, percent(a["deadlines"]["share"]))
        cell(at, by, "Found", name, a["flow"]["found"])
        cell(at, by, "Fixed", name, a["flow"]["fixed"])
        cell(at, by, "Interruptions", name, a["noise"]["interruptions"])
        here = f"/metrics.csv?chart=groups&{csv}"
        field(here, "load", name, a["load"])
        for end, is_ in (("", a), (" before", b)):
            field(here, f"load-days{end}", name, is_["load_days"])
        field(here, "deadlines met", name, a["deadlines"]["met"])
        field(here, "deadlines missed", name, a["deadlines"]["missed"])
        field(here, "found", name, a["flow"]["found"])
        field(here, "fixed", name, a["flow"]["fixed"])
        field(here, "interruptions", name, a["noise"]["interruptions"])
        field(here, "requests opened", name, a["noise"]["requests"])
        field(here, "notices", name, a["noise"]["notices"])
        for end, is_ in (("", a), (" before", b)):
            field(here, f"median days{end}", name, days_(is_["time_to_remediate"], "median"))
        field(here, "90th percentile days", name, days_(a["time_to_remediate"], "p90"))
    a, b = (n["time_to_remediate"] for n in (now, before))
    if a is None:
        words(at, "h1", [])
    else:
        tenth = lambda value: round(value * 10) / 10
        by_ = abs(tenth(a["median"]) - tenth(b["median"])) if b else 0
        words(at, "h1", [a["median"]] + ([by_] if by_ else []))


def delivery(ledger, at, csv, systems, first, last):
    """Four measures of deployments with updates, and of all."""
    days = last - first + 1
    table = "Delivery: with updates, and all"
    for end, (a, b) in (("", (first, last)), ("before", (first - days, first - 1))):
        for ours in (True, False):
            is_ = ledger.deployments.measures(systems, a, b, ours)
            column = "With updates" if ours else "All" if end else "All deployments"
            column += ", the other period" if end else ""
            rate, restored, many = is_["change_failure_rate"], is_["time_to_restore"], is_["deployments"]
            cell(at, table, column, "Deployment frequency", [is_["a_week"], many])
            here, of = f"/metrics.csv?chart=delivery&{csv}", ("with updates" if ours else "all") + (" before" if end else "")
            field(here, of, "deployments", many)
            field(here, of, "a week", is_["a_week"])
            field(here, of, "lead days, median", days_(is_["lead_time"], "median"))
            field(here, of, "failed, share", rate)
            field(here, of, "restored days, median", days_(restored, "median"))
            cell(at, table, column, "Lead time", days_(is_["lead_time"], "median"))
            known = many > 0 and rate is not None
            cell(at, table, column, "Change failure rate", [percent(rate), is_["failed"], many] if known else None)
            open_ = [is_["not_restored"]] if is_["not_restored"] else []
            known = many > 0 and restored is not None
            cell(at, table, column, "Time to restore", [restored["median"]] + open_ if known else None)


def charter_and_choices(ledger):
    """What is above the line, scheduled or not, and waits for people who may do everything. Gives how long the lists are."""
    now, counts = ledger.now, {}

    def list_(word, label, many):
        counts[word] = many
        figure("/", label, many)

    list_("new", "new above the line in a week", above(ledger, ledger.of(), now - 7 * DAY, now))
    list_("unweighed", "to assess", sum(f.live and f.level is None for f in ledger.findings.values()))
    scheduled = {(team, asset, package) for team, asset, package in ledger.scheduled}
    without = 0
    for finding in live(ledger):
        key = ledger.owner.get(finding.system), finding.asset, finding.package
        without += finding.on_main and key not in scheduled
    list_("choices", "without a scheduled change", without)
    list_("changes", "changes of this window", sum(runs_now(is_, now) for is_ in ledger.scheduled.values()))
    waits = collections.defaultdict(list)
    for finding in live(ledger):
        if not finding.on_main:
            waits[finding.asset].append(finding)
    list_("rollouts", "roll-outs wait", len(waits))
    for asset, all_ in waits.items():
        for at in ("*/today/rollouts", "*/"):
            row = f"/findings?state=merged&counts=true&asset={asset}"
            may(at, "Roll-outs that wait", "Findings", row, len(all_))
            may(at, "Roll-outs that wait", "Load", row, sum(f.weight or 0 for f in all_))
    in_plan = {ledger.system_of.get(asset) for (_, asset, _), is_ in ledger.scheduled.items() if not over(is_, now)}
    touched = {f.system for f in live(ledger)}
    figure("/boards/product", "with a planned release", len(touched & in_plan))
    words("/boards/product", "h1", [len(touched), len(touched & in_plan)])
    for system, many in collections.Counter(f.system for f in live(ledger)).items():
        cell("/boards/product", "Risk and plan by product", "Risks", ledger.systems[system], many)
    runs = {ledger.system_of.get(asset) for asset in running(ledger)} & set(ledger.systems)
    figure("/boards/operations", "systems say what runs in production", [len(runs), len(ledger.systems)])
    wrong = ledger.deployments.went_wrong()
    words("/boards/operations", "h1", [sum(not f.on_main for f in live(ledger)), wrong, 14])
    proposed, sides = set(), collections.defaultdict(set)
    for entry in ledger.entries:
        if entry.what == "charter-proposed":
            proposed.add(entry.data["charter"])
        elif entry.what == "charter-agreed":
            sides[entry.data["charter"]].add(entry.data["side"])
        elif entry.what == "charter-withdrawn":
            proposed.discard(entry.data["charter"])
    open_ = [sides[charter] for charter in proposed if len(sides[charter]) < 4]
    all_ = ("security", "engineering", "product", "operations")
    ledger.agree = {side: sum(side not in agreed for agreed in open_) for side in all_}
    list_("charters", "charters to agree to", max(ledger.agree.values()))
    for many in set(ledger.agree.values()) - {counts["charters"]}:
        figure("/", "charters to agree to", many)
    return counts


def over(scheduled, now):
    return scheduled["ends"] is not None and moment(scheduled["ends"]) < now


def runs_now(scheduled, now):
    """At once, or in a window that runs and waits for no day within it."""
    if scheduled["starts"] is None:
        return True
    ready = scheduled.get("ready")
    within = moment(scheduled["starts"]) <= now < moment(scheduled["ends"])
    return within and (ready is None or moment(ready) <= now)


def first_window(ledger, team):
    """How many changes the first window of a team has that is not over."""
    many = collections.Counter()
    for (of, _, _), is_ in ledger.scheduled.items():
        if of == team and not over(is_, ledger.now):
            many[ledger.now if is_["ends"] is None else moment(is_["ends"])] += 1
    return many[min(many)] if many else None


def above(ledger, findings, since, at):
    """Of those that count at a moment and came since another: above what the tier of their system accepts."""
    many = 0
    for finding in findings:
        counts = finding.counts_at(at)
        if not counts or finding.episode_at(at).began < since or counts[1] is None:
            continue
        accepts = ledger.charter["accepts"].get(ledger.tier.get(finding.system))
        many += accepts is None or LEVELS.index(counts[1]) < LEVELS.index(accepts)
    return many


def updates(ledger):
    far = collections.Counter()
    # The newest hundred.
    all_ = sorted(ledger.updates.values(), key=lambda u: (-u.at, -u.number))[:100]
    for update in all_:
        may("*/updates", "Updates", "Removes", f"/updates/{update.number}", len(update.removes))
        left = [f for f in update.findings if not f.is_retracted()]
        known = len(update.findings) == len(update.removes) and left
        merged = known and all(f.left_main() is not None for f in left)
        if update.reverted is not None:
            far["taken back"] += 1
        elif update.outcome in ("nothing", "refused") or not update.findings:
            continue
        elif known and update.now_deployed() is not None:
            far["in production"] += 1
        elif merged:
            far["wait to be deployed"] += 1
        else:
            far["wait to be merged"] += 1
    for label in ("wait to be merged", "wait to be deployed", "in production", "taken back"):
        figure("/updates", label, far[label])
    words("/updates", "h1", [len(all_), far["wait to be merged"]])
    figure("/plan", "changes scheduled", len(ledger.scheduled))


def vulnerabilities(ledger):
    of = collections.defaultdict(list)
    for finding in ledger.findings.values():
        if finding.live:
            of[ledger.called(finding.vulnerability)].append(finding)
    for name, all_ in of.items():
        at = f"/vulnerabilities/{name}"
        counts = [f.counts_at(ledger.now) for f in all_]
        words(at, "h1", [len(all_)])
        figure(at, "findings", len(all_))
        figure(at, "load", sum(c[2] or 0 for c in counts if c))


def pages(ledger, counts):
    updates(ledger)
    vulnerabilities(ledger)
    lists(ledger)
    dials(ledger)
    rows_of(ledger)
    measured(ledger)
    for team in ledger.teams:
        measured(ledger, 28, team)
    counts |= charter_and_choices(ledger)
    listed.pages(ledger, counts)
    moved.pages(ledger)
