"""What docs/metrics.md says of each time, team and system that an address asks for: the API, the page, its charts and tables,
and the same as CSV."""

import math

import counted
from lives import DAY, LEVELS, date, day_of
from periods import by_day, numbers
from saying import api, cell, field, figure, percent, say, words

LONG = 190


class Question:
    """What an address asks for."""

    def __init__(self, ledger, asked):
        self.ledger, today = ledger, ledger.now // DAY
        number = lambda name: int(asked[name]) if asked.get(name) else None
        self.team, self.system = number("team"), number("system")
        self.last = min(day_of(asked["to"]), today) if asked.get("to") else today
        self.first = day_of(asked["from"]) if asked.get("from") else self.last - (number("days") or 84) + 1
        self.days = self.last - self.first + 1
        self.other = day_of(asked["against"]) if asked.get("against") else self.first - self.days
        self.systems = self.chosen(self.team, self.system)
        self.is_whole = self.team is None and self.system is None
        self.teams = len(ledger.teams) if self.is_whole else 1
        self.findings = list(ledger.of(self.team, self.system))
        self.told = self.asked(self.team, self.system)
        # Before anything of it was known nothing is.
        self.began = min((f.episodes[0].began // DAY for f in self.findings), default=math.inf)

    def chosen(self, team, system):
        if system is not None:
            return [system]
        if team is None:
            return None if self.ledger.part is None else list(self.ledger.systems)
        return self.ledger.owned(team)

    def asked(self, team, system):
        mine = lambda one: (team is None or one[2] == team) and (system is None or one[3] == system)
        return [one for one in self.ledger.told if mine(one)]

    def periods(self):
        """The time, and the one that it is compared with."""
        return (self.first, self.last), (self.other, self.other + self.days - 1)

    def numbers(self, first, last):
        return numbers(self.ledger, self.findings, self.told, self.teams, first, last)

    def parts(self):
        """Weeks or, of a long time, four weeks each; the last ends with it."""
        each, parts, end = (7 if self.days <= LONG else 28), [], self.last
        while end >= self.first:
            parts.append((max(end - each + 1, self.first), end))
            end -= each
        return parts[::-1]

    def groups(self):
        """Teams, or the systems of one; name, findings and what was asked."""
        if self.is_whole:
            for id_, name in self.ledger.teams.items():
                yield name, id_, self.ledger.of(id_), self.asked(id_, None)
        else:
            for id_ in self.systems:
                name, mine = self.ledger.systems[id_], self.ledger.of(None, id_)
                yield name, id_, mine, self.asked(self.team, id_)

    def is_next(self):
        return self.other + self.days == self.first

    def called(self):
        """What the other time is called."""
        return "the period before" if self.is_next() else f"the {self.days} days from {date(self.other)}"

    def known(self, day, value):
        return value if day >= self.began else None


def of_api(is_, at):
    for word, (a, b) in zip(("now", "before"), is_.periods()):
        of = is_.numbers(a, b)
        if word == "before" and is_.began > b:
            of["load"] = None
        if word == "before" and is_.began > a:
            of["load_days"] = None
        api(at, f"/{word}", of)
    for word, (a, b) in zip(("delivery", "delivery_before"), is_.periods()):
        api(at, f"/{word}/all", is_.ledger.deployments.measures(is_.systems, a, b))
        api(at, f"/{word}/with_updates", is_.ledger.deployments.measures(is_.systems, a, b, True))
    if is_.findings:
        start = max(is_.first, is_.began)
        for row, (day, load, levels, unknown) in enumerate(by_day(is_.findings, start, is_.last)):
            api(at, f"/days/{row}", {"day": date(day), "load": load, **levels, "unknown": unknown})
    for row, (name, _, findings, told) in enumerate(sorted(is_.groups(), key=lambda one: one[:2])):
        say(at, "api", f"/groups/{row}/name", name)
        findings = list(findings)
        for word, (a, b) in zip(("now", "before"), is_.periods()):
            api(at, f"/groups/{row}/{word}", numbers(is_.ledger, findings, told, 1, a, b))


def days_(spread_, pick):
    return spread_ and spread_[pick]


# Of each part of a time: chart, table, column, value, and whether it is a number as far back as anything is known.
SERIES = [
    ("deadlines", "Deadlines, findings", "met", lambda n: n["deadlines"]["met"], True),
    ("deadlines", "Deadlines, findings", "missed", lambda n: n["deadlines"]["missed"], True),
    ("flow", "Found and gone, findings", "found", lambda n: n["flow"]["found"], True),
    ("flow", "Found and gone, findings", "gone", lambda n: n["flow"]["fixed"] + n["flow"]["retracted"], True),
    ("noise", "Noise, times", "interruptions", lambda n: n["noise"]["interruptions"], True),
    ("noise", "Noise, times", "requests opened", lambda n: n["noise"]["requests"], True),
    ("notices", "Notices, sent", "notices", lambda n: n["noise"]["notices"], True),
]
for leg, name in (("detected_to_merged", "detected to merged"), ("merged_to_deployed", "merged to deployed")):
    pick = lambda n, leg=leg: days_(n[leg], "median")
    SERIES.append(("legs", "From detected to deployed, days, median", name, pick, False))
for level in LEVELS:
    for chart, pick, unit in (("remediate", "median", "median"), ("remediate90", "p90", "90th percentile")):
        value = lambda n, level=level, pick=pick: days_(n["time_to_remediate_by_level"][level], pick)
        SERIES.append((chart, f"Time to remediate, days, {unit}", level, value, False))


def points(is_):
    """Of each chart its table, and there column, row and value."""
    deployments = is_.ledger.deployments
    parts = is_.parts()
    ends = {b: one for b in (b for _, b in parts) for one in by_day(is_.findings, b, b)}
    loads = list(by_day(is_.findings, is_.first, is_.last))
    has_unknown = any(unknown for *_, unknown in loads)
    for a, b in parts:
        of = is_.numbers(a, b)
        for chart, table, column, value, is_counted in SERIES:
            yield chart, table, column, date(a), is_.known(b, value(of)) if is_counted else value(of)
        for column, ours in (("all", False), ("with updates", True)):
            many = deployments.measures(is_.systems, a, b, ours)["deployments"]
            yield "deployments", "Deployments, to production", column, date(a), many
        _, _, levels, unknown = ends[b]
        for level in LEVELS:
            yield "open", "Findings that count, number", level, date(a), is_.known(b, levels[level])
        if has_unknown:
            yield "open", "Findings that count, number", "not weighed", date(a), is_.known(b, unknown)
    befores = list(by_day(is_.findings, *is_.periods()[1]))
    has_before = any(day >= is_.began for day, *_ in befores)
    # Of a long time not each day.
    step = len(loads) // 100 + 1
    picked = list(zip(loads, befores))[::-1][::step][::-1]
    for (day, load, *_), (past, was, *_) in picked:
        table = "Load, load at the end of the day"
        yield "load", table, "this period", date(day), is_.known(day, load)
        if has_before:
            yield "load", table, is_.called(), date(day), is_.known(past, was)
    for column, (a, b) in zip(("now", is_.called()), is_.periods()):
        of = is_.numbers(a, b)["age"]
        for row, band in (("under 7", "under_7"), ("under 30", "under_30"), ("under 90", "under_90"), ("older", "older")):
            yield "age", "Age of the backlog, findings", column, row, is_.known(b, of[band])


def figures(is_, at, now):
    took, age = now["time_to_remediate"], now["age"]["days"]
    figure(at, "median to remediate", days_(took, "median"))
    figure(at, "90th percentile", days_(took, "p90"))
    figure(at, "deadlines met", percent(now["deadlines"]["share"]))
    figure(at, "load-days", now["load_days"])
    figure(at, "median age of the backlog", days_(age, "median"))
    # Of weeks before anything was known there is no mean.
    figure(at, "interruptions a week and team", is_.known(is_.first, now["noise"]["a_week"]))


def headline(is_, at, now, before):
    a, b = now["time_to_remediate"], before["time_to_remediate"]
    if a is None:
        return words(at, "h1", [])
    tenth = lambda value: math.floor(value * 10 + 0.5) / 10
    by_ = abs(tenth(a["median"]) - tenth(b["median"])) if b else 0
    words(at, "h1", [a["median"]] + ([by_] if by_ else []) + ([is_.days] if by_ and not is_.is_next() else []))


def page(is_, at):
    now, before = (is_.numbers(a, b) for a, b in is_.periods())
    figures(is_, at, now)
    headline(is_, at, now, before)
    for _, table, column, row, value in points(is_):
        cell(at, table, column, row, value)
    for level in LEVELS:
        a, b = (n["time_to_remediate_by_level"][level] for n in (now, before))
        table = "Time to remediate by level"
        cell(at, table, "Fixed", level, a["count"] if a else 0)
        cell(at, table, "Median", level, days_(a, "median"))
        cell(at, table, "Median of the other period", level, days_(b, "median"))
        cell(at, table, "90th percentile", level, days_(a, "p90"))
        cell(at, table, "90th of the other period", level, days_(b, "p90"))
    delivery(is_, at)
    by = "By team" if is_.is_whole else "By system"
    for name, _, findings, told in is_.groups():
        findings = list(findings)
        a, b = (numbers(is_.ledger, findings, told, 1, *period) for period in is_.periods())
        change = a["load_days"] - b["load_days"]
        is_known = is_.began <= is_.other
        cell(at, by, "Load", name, a["load"])
        cell(at, by, "Load-days", name, a["load_days"])
        cell(at, by, "Change", name, change if is_known and abs(change) >= 0.5 else None)
        cell(at, by, "Median", name, days_(a["time_to_remediate"], "median"))
        cell(at, by, "90th percentile", name, days_(a["time_to_remediate"], "p90"))
        cell(at, by, "In time", name, percent(a["deadlines"]["share"]))
        cell(at, by, "Found", name, a["flow"]["found"])
        cell(at, by, "Fixed", name, a["flow"]["fixed"])
        cell(at, by, "Interruptions", name, a["noise"]["interruptions"])


def delivery(is_, at):
    """Four measures of deployments with updates, and of all."""
    table = "Delivery: with updates, and all"
    for is_other, (a, b) in enumerate(is_.periods()):
        for ours in (True, False):
            of = is_.ledger.deployments.measures(is_.systems, a, b, ours)
            column = "With updates" if ours else "All" if is_other else "All deployments"
            column += ", the other period" if is_other else ""
            rate, restored, many = of["change_failure_rate"], of["time_to_restore"], of["deployments"]
            cell(at, table, column, "Deployment frequency", [of["a_week"], many])
            cell(at, table, column, "Lead time", days_(of["lead_time"], "median"))
            is_known = many > 0 and rate is not None
            cell(at, table, column, "Change failure rate", [percent(rate), of["failed"], many] if is_known else None)
            open_ = [of["not_restored"]] if of["not_restored"] else []
            is_known = many > 0 and restored is not None
            cell(at, table, column, "Time to restore", [restored["median"]] + open_ if is_known else None)


def sheet(is_, at, chart):
    """One chart or table as CSV."""
    for of, table, column, row, value in points(is_):
        if of == chart:
            field(at, f"{column} ({table.split(', ', 1)[1]})", row, value)
    if chart == "levels":
        now, before = (is_.numbers(a, b)["time_to_remediate_by_level"] for a, b in is_.periods())
        for level in LEVELS:
            a, b = now[level], before[level]
            field(at, "fixed", level, a["count"] if a else 0)
            for column, pick in (("median days", "median"), ("90th percentile days", "p90")):
                field(at, column, level, days_(a, pick))
                field(at, f"{column} before", level, days_(b, pick))
    if chart == "delivery":
        for end, (a, b) in zip(("", " before"), is_.periods()):
            for ours, of in ((True, f"with updates{end}"), (False, f"all{end}")):
                one = is_.ledger.deployments.measures(is_.systems, a, b, ours)
                field(at, of, "deployments", one["deployments"])
                field(at, of, "a week", one["a_week"])
                field(at, of, "lead days, median", days_(one["lead_time"], "median"))
                field(at, of, "failed, share", one["change_failure_rate"])
                field(at, of, "restored days, median", days_(one["time_to_restore"], "median"))
    if chart == "groups":
        for name, _, findings, told in is_.groups():
            group(is_, at, name, list(findings), told)


def group(is_, at, name, findings, told):
    a, b = (numbers(is_.ledger, findings, told, 1, *period) for period in is_.periods())
    field(at, "load", name, a["load"])
    field(at, "deadlines met", name, a["deadlines"]["met"])
    field(at, "deadlines missed", name, a["deadlines"]["missed"])
    field(at, "found", name, a["flow"]["found"])
    field(at, "fixed", name, a["flow"]["fixed"])
    field(at, "interruptions", name, a["noise"]["interruptions"])
    field(at, "requests opened", name, a["noise"]["requests"])
    field(at, "notices", name, a["noise"]["notices"])
    field(at, "90th percentile days", name, days_(a["time_to_remediate"], "p90"))
    for end, of in (("", a), (" before", b)):
        field(at, f"load-days{end}", name, of["load_days"])
        field(at, f"median days{end}", name, days_(of["time_to_remediate"], "median"))


def say_of(ledger, path, asked, at):
    """What an address asks for."""
    is_ = Question(ledger, asked)
    if path == "/api/v1/metrics":
        of_api(is_, at)
    elif path == "/metrics":
        page(is_, at)
    elif path == "/metrics.csv":
        sheet(is_, at, asked["chart"])
    elif path == "/metrics/list":
        counted.page(is_, asked, at)
