"""What plans come to: what is scheduled in which window, what that costs, removes and leaves. Written from docs/ledger.md."""

import collections
import math
import re

import learnt
import shown
import trials
from lives import DAY, moment
from saying import api, cell, figure, found, may, percent, say, words
from weighed import gravest, weighed

OF_TEAM = re.compile(r"/teams/(\d+)/plan")
# At once is within a day, and what is looked at is a quarter of a year at least.
AT_ONCE, LEAST = DAY, 90 * DAY
# What is made again each time that it fails: no more than ten times is reckoned with.
LEAST_CONFIDENCE = 0.1
# How many windows of a team the page of all shows.
WINDOWS = 4
# What may be tried.
TRIED = {"capacity", "open_limit", "cadence", "charter"}


def rounded(value, by):
    return math.floor(value * by + 0.5) / by


def weight_at(findings, at):
    """What findings add to the load at a moment."""
    return sum(counts[2] or 0 for counts in (f.counts_at(at) for f in findings) if counts)


class Change:
    """Something scheduled: a package of an asset."""

    def __init__(self, ledger, key, data, cost, at=None):
        self.team, self.asset, self.package = key
        self.version, self.name = data["version"], data["window"]
        time = lambda of: data.get(of) and moment(data[of])
        self.starts, self.ends, self.ready = time("starts"), time("ends"), time("ready")
        self.points = data["points"] if cost is None else cost["points"]
        self.cost, self.numbers = cost, data["findings"]
        self.findings = [ledger.findings[number] for number in data["findings"] if number in ledger.findings]
        self.load = weight_at(self.findings, ledger.now if at is None else at)
        # Why it is there: what was said when it came there, or changed.
        self.why = getattr(ledger, "why", {}).get(key, "")

    def range(self):
        """Its points, as they are shown: at least and at most, or one number."""
        least, most = self.cost["least"], self.cost["most"]
        return [least] if abs(least - most) < 1e-9 else [least, most]

    def by(self, now):
        """When it is to be in production."""
        return now + AT_ONCE if self.ends is None else self.ends


def points(cost):
    """What is reckoned with: the middle, and the more the less is sure that it holds."""
    return (cost["least"] + max(cost["most"], cost["least"])) / 2 / max(cost["confidence"], LEAST_CONFIDENCE)


class Plan:
    """The plan of a team as it was told last."""

    def __init__(self, ledger, team):
        self.ledger, self.team, self.missing = ledger, team, None
        self.made, self.until, self.windows, self.costs, self.changes = None, None, [], {}, []
        self.lessons = {}
        self.open = [f for f in ledger.of(team) if f.counts_at(ledger.now)]

    def tell(self, entry):
        data = entry.data
        self.made, self.until, self.missing = entry.at, moment(data["until"]), data.get("missing")
        self.windows = data.get("windows", self.windows)
        for lesson in data.get("lessons", []):
            self.lessons[lesson["of"]] = lesson
        for cost in data.get("costs", []):
            self.costs[cost["asset"], cost["package"]] = cost
            if "of" not in cost and abs(points(cost) - cost["points"]) > 1e-6:
                raise SystemExit(f"{cost['package']}: {cost['points']} points are told, and {points(cost)} are made")

    def cost(self, of):
        """What a change costs: what was told of it, or what finished changes of its sort taught."""
        cost = self.costs.get(of)
        if cost is None or "of" not in cost:
            return cost
        is_ = self.lessons[cost["of"]]
        return {**is_, "points": points(is_)}

    def mistaught(self):
        """Lessons that are told otherwise than finished updates make them."""
        made = learnt.taught(self.ledger, self.team)
        by = {learnt.named(is_.sort): is_ for is_ in made or []}
        # Of what is not scheduled any longer nothing is told again.
        costs = [self.costs.get((change.asset, change.package), {}) for change in self.changes]
        for of in sorted({cost["of"] for cost in costs if "of" in cost}):
            told, is_ = self.lessons[of], by.get(of)
            numbers = is_ and (is_.least, is_.most, is_.holds)
            near = numbers and all(abs(a - told[b]) < 1e-6 for a, b in zip(numbers, ("least", "most", "confidence")))
            if made is not None and not near:
                yield f"team {self.team}: {told} is told of {of}, and {numbers} is made of its updates"

    # Under another charter: level, weight and deadline of each finding.
    other = None

    def level(self, finding):
        return self.other[finding.number][0] if self.other else finding.level

    def weight(self, finding):
        return (self.other[finding.number][1] if self.other else finding.weight) or 0

    def due(self, finding):
        return self.other[finding.number][2] if self.other else finding.episode_at(self.ledger.now).deadline

    def load(self):
        return sum(map(self.weight, self.open))

    def gone(self, now):
        """When each finding that goes is gone."""
        at = {}
        for change in self.changes:
            for finding in change.findings:
                if finding in self.open:
                    by = change.by(now)
                    at[finding.number] = min(at.get(finding.number, by), by)
        return at

    def removed(self):
        return [f for f in self.open if f.number in self.gone(0)]

    def missed(self, until, now):
        """Deadlines that pass by the plan, and if nothing is done."""
        gone, by_plan, of_nothing = self.gone(now), 0, 0
        for finding in self.open:
            due = self.due(finding)
            if due is not None and due < until:
                of_nothing += 1
                by_plan += gone.get(finding.number, until) > due
        return by_plan, of_nothing

    def horizon(self):
        """Until when somebody who looks now is told."""
        ends = [moment(window["ends"]) for window in self.windows]
        return max([end + 10**6 for end in ends] + [self.ledger.now + LEAST])


def days(plan, finding, since, until, horizon):
    """Load-days of a finding until it is gone, in whole thousandths."""
    until = min(max(until, since), horizon)
    return rounded((until // 10**6 - since // 10**6) / 86_400 * plan.weight(finding), 1000)


def reasons(ledger):
    """Why each change is where it is, as it was said last."""
    why = {}
    for entry in ledger.entries:
        if entry.kind == "planned" and entry.actor == "trimtab" and "reason" in entry.data:
            why[entry.data["team"], entry.asset, entry.data["package"]] = entry.data["reason"]
    return why


def plans(ledger):
    """The plan of each team of which one was told."""
    if hasattr(ledger, "plans"):
        return ledger.plans
    all_, ledger.why = {}, reasons(ledger)
    for entry in ledger.entries:
        if entry.what == "plan" and entry.data["team"] in ledger.teams:
            all_.setdefault(entry.data["team"], Plan(ledger, entry.data["team"])).tell(entry)
    key = lambda one: (one[1].get("starts") and moment(one[1]["starts"]) or 0, one[0][1], one[0][2])
    for of, data in sorted(ledger.scheduled.items(), key=key):
        plan = all_.get(of[0])
        if plan is not None:
            plan.changes.append(Change(ledger, of, data, plan.cost(of[1:])))
    ledger.plans = {team: all_[team] for team in sorted(all_, key=lambda team: (ledger.teams[team], team))}
    return ledger.plans


def changes_at(ledger, at, team=None):
    """What was scheduled at a moment, by team, asset and package, with what it cost by the plans that were told then."""
    told, scheduled = {}, {}
    for entry in ledger.entries:
        if entry.at > at:
            break
        if entry.what == "plan":
            told.setdefault(entry.data["team"], Plan(ledger, entry.data["team"])).tell(entry)
        elif entry.kind == "planned" and entry.actor == "trimtab" and team in (None, entry.data["team"]):
            key = entry.data["team"], entry.asset, entry.data["package"]
            scheduled.pop(key, None)
            if entry.data["state"] != "dropped":
                scheduled[key] = entry.data
    cost = lambda key: told[key[0]].cost(key[1:]) if key[0] in told else None
    return [Change(ledger, key, data, cost(key), at) for key, data in scheduled.items()]


def pages(ledger):
    with_ = [plan for plan in plans(ledger).values() if plan.missing is None]
    # Of a plan that an earlier version kept it is not told what it was reckoned with, and no sum of all is known.
    scheduled = {of[0] for of in ledger.scheduled} & set(ledger.teams)
    is_whole = bool(plans(ledger)) and scheduled <= plans(ledger).keys()
    if is_whole:
        of_all(with_, ledger)
    wrong = [words_ for plan in with_ for words_ in plan.mistaught()]
    if wrong:
        raise SystemExit("\n".join(wrong))
    for plan in with_:
        windows(plan)
        answer(plan)
    this_window(ledger, with_)
    boards(ledger, with_, is_whole)


def of_all(with_, ledger):
    """What all plans come to together."""
    load, gone = sum(plan.load() for plan in with_), sum(f.weight or 0 for plan in with_ for f in plan.removed())
    missed = [plan.missed(plan.until, plan.made) for plan in with_]
    stay = sum(len(plan.open) - len(plan.removed()) for plan in with_)
    changes = sum(len(plan.changes) for plan in with_)
    figure("/plan", "load removed", gone)
    figure("/plan", "past their deadline by then", sum(by_plan for by_plan, _ in missed))
    figure("/plan", "findings stay", stay)
    figure("/plan", "teams without a plan", len(ledger.teams) - len(with_))
    words("/plan", "h1", [changes, len(with_), gone, load] if changes else [])


def windows(plan):
    """The rows of a team in the list of all."""
    name, now, table = plan.ledger.teams[plan.team], plan.ledger.now, "The next windows of each team"
    at_once = [change for change in plan.changes if change.starts is None]
    points = lambda all_: sum(change.points for change in all_)
    rows = [(None, at_once, [points(at_once)])] if at_once else []
    there = [window for window in plan.windows if moment(window["ends"]) // 10**6 > now // 10**6]
    many = 0
    for place, window in enumerate(there):
        starts = moment(window["starts"])
        own = [change for change in plan.changes if change.starts is not None and change.starts // 10**6 == starts // 10**6]
        if many == WINDOWS or place > 0 and not own:
            continue
        many += 1
        taken = points(own) + (points(at_once) if place == 0 else 0)
        rows.append((window, own, [taken, window["points"]]))
    by_plan, _ = plan.missed(plan.until, plan.made)
    for place, (window, own, filled) in enumerate(rows):
        waits = sum(change.ready is not None and change.ready > now for change in own)
        if window is not None:
            cell("/plan", table, "Window", name, [waits] if waits else [])
        cell("/plan", table, "Points", name, filled)
        cell("/plan", table, "Changes", name, len(own))
        cell("/plan", table, "Load removed", name, sum(change.load for change in own))
        cell("/plan", table, "Deadlines missed", name, by_plan if place == 0 else None)
        cell("/plan", table, "Stays", name, len(plan.open) - len(plan.removed()) if place == 0 else None)


def answer(plan):
    """The same as the API says it."""
    by_plan, of_nothing = plan.missed(plan.until, plan.made)
    told = {
        "load": plan.load(),
        "load_removed": sum(f.weight or 0 for f in plan.removed()),
        "missed": by_plan,
        "missed_of_nothing": of_nothing,
        "left": len(plan.open) - len(plan.removed()),
    }
    row = lambda name, value: say("/api/v1/plans", "row", f"rows|team/id|{plan.team}|{name}", value)
    for name, value in told.items():
        row(name, value)
    for place, change in enumerate(plan.changes):
        row(f"changes/{place}/points", change.points)
        row(f"changes/{place}/load", change.load)
        for at, number in enumerate(change.numbers):
            row(f"changes/{place}/findings/{at}", number)


def called(change):
    """What a list of changes calls it."""
    return f"{change.package.rsplit('/', 1)[-1]} to {change.version}"


def this_window(ledger, with_):
    for plan in with_:
        for change in plan.changes:
            for at in ("*/", "*/today/changes"):
                table, row = "Changes of this window", called(change)
                may(at, table, "Removes", row, len(change.numbers))
                may(at, table, "Load removed", row, change.load)
                may(at, table, "Points", row, change.points)
                may(at, table, "Window", row, found(change.name))


def first(changes, now):
    """The changes of the first window that is not over."""
    by = collections.defaultdict(list)
    for change in changes:
        ends = now if change.ends is None else change.ends
        if ends >= now:
            by[ends].append(change)
    return by[min(by)] if by else []


def boards(ledger, with_, is_whole):
    for plan in with_:
        own = first(plan.changes, ledger.now)
        if own:
            name, table = ledger.teams[plan.team], "Work by team"
            cell("/boards/engineering", table, "Points", name, sum(change.points for change in own))
            cell("/boards/engineering", table, "Next window", name, found(own[0].name))
    if not is_whole:
        return
    all_ = [change for plan in with_ for change in plan.changes]
    weights = collections.Counter()
    for finding in shown.live(ledger):
        weights[finding.system] += finding.weight or 0
    for system in sorted({finding.system for finding in shown.live(ledger)}):
        own = first([c for c in all_ if ledger.system_of.get(c.asset) == system], ledger.now)
        told = None
        if own:
            part = sum(change.load for change in own) / weights[system] if weights[system] > 0 else None
            told = found(own[0].name) + [len(own)]
            told += [] if part is None else [math.floor(min(max(part, 0), 1) * 100 + 0.5)]
        cell("/boards/product", "Risk and plan by product", "Next release", ledger.systems[system], told)


def say_of(ledger, path, asked, at):
    """The plan of one team, as it is reckoned when somebody looks."""
    team = int(OF_TEAM.fullmatch(path)[1])
    if team in ledger.teams:
        lessons(ledger, team, asked, at)
    if team in ledger.teams and ledger.part is None:
        tabs(ledger, team, at)
    counts = [f.counts_at(ledger.now) for f in ledger.of(team)]
    if set(asked) in ({"cadence"}, {"charter"}) and team in ledger.teams:
        changes(plans(ledger).get(team), at, "charter" in asked)
    if set(asked) == {"cadence"} and team in ledger.teams:
        figure(at, "load now", sum(c[2] or 0 for c in counts if c))
    if team not in ledger.teams:
        return
    plan = plans(ledger).get(team)
    if len(asked) == 1 and set(asked) <= TRIED and plan is not None and plan.missing is None and ledger.part is None:
        trials.say_of(plan, asked, at)
    # What another charter would weigh, or another rhythm take in, is said where it follows without a search.
    if set(asked) - {"capacity", "open_limit"}:
        return
    figure(at, "load now", sum(c[2] or 0 for c in counts if c))
    if plan is None or plan.missing is not None:
        return
    changes(plan, at)
    for change in plan.changes if not asked else ():
        may(at, "Changes", "Why then", f"{change.asset}:{change.package}", found(change.why))
    if asked:
        return
    now, until, carried, of_all = trials.page(plan, at, trials.is_plain(plan))
    of_api(plan, f"/api/v1{at}", (now, until, carried, of_all))
    if plan.changes and trials.is_plain(plan):
        say(f"/api/v1{at}", "api", "/plan/gap", 0)


def changes(plan, at, by_charter=False):
    """Each change by its asset and its package: the same in a trial, whenever it is done. Another charter weighs otherwise."""
    for change in plan.changes if plan is not None else ():
        row = f"{change.asset}:{change.package}"
        may(at, "Changes", "Removes", row, len(change.numbers))
        if not by_charter:
            may(at, "Changes", "Load", row, change.load)
        if change.cost is not None:
            may(at, "Changes", "Points", row, change.range())


def tabs(ledger, team, at):
    """What may be tried: half of the capacity, half as much more, and twice of it; few open batches; and charters."""
    told = [e.data for e in ledger.entries if e.what == "team" and e.data["team"] == team][-1]
    if told["capacity"] is None or told["open_limit"] is not None:
        return
    for times in (1, 0.5, 1.5, 2):
        words(at, "words|What if|nav.tabs", [told["capacity"] * times])
    for most in (1, 2, 4):
        words(at, "words|What if|nav.tabs", [most])
    for charter in sorted(ledger.proposed):
        words(at, "words|What if|nav.tabs", [charter])


def lessons(ledger, team, asked, at):
    """What finished changes taught, which no trial changes."""
    taught = learnt.taught(ledger, team)
    plan = plans(ledger).get(team)
    if taught is None or plan is None or plan.missing is not None:
        return
    table, lower = "Learnt from finished changes", lambda a, b: [a] if abs(a - b) < 1e-9 else [a, b]
    words(at, "words|About this plan|dd", [len(learnt.over(ledger, team))])
    for row, is_ in enumerate(taught):
        cell(at, table, "Finished", is_.sort[0], is_.finished)
        cell(at, table, "Taken back", is_.sort[0], is_.reverted)
        cell(at, table, "Points", is_.sort[0], lower(is_.least, is_.most) + lower(*is_.prior[:2]))
        cell(at, table, "Holds", is_.sort[0], [percent(is_.holds), percent(is_.prior[2])])
        cell(at, table, "Working days to merge", is_.sort[0], is_.days)
        if not asked:
            one = {"finished": is_.finished, "reverted": is_.reverted, "said": is_.said, "least": is_.least, "most": is_.most}
            one |= {"confidence": is_.holds, "prior": dict(zip(("least", "most", "confidence"), is_.prior))}
            one |= {} if is_.days is None else {"days": is_.days}
            api(f"/api/v1{at}", f"/plan/learnt/{row}", one)


def left(window, now):
    """The points of a window that are left: of one that runs, those of its working days from today on."""
    first, end, today = (day // DAY for day in (moment(window["starts"]), moment(window["ends"]), now))
    # Day 0 was a Thursday.
    working = lambda since: sum((day + 3) % 7 < 5 for day in range(since, end + 1))
    return window["points"] * (working(today) / working(first) if today > first else 1.0)


def filled(plan, at):
    """How full each window is that has something in it."""
    sum_ = lambda all_: sum(rounded(change.points, 100) for change in all_)
    said = lambda text: " ".join("*" if found(word) else word for word in text.split())
    empty = []

    def nothing():
        """Windows in a row that have nothing in them, in one line."""
        if empty:
            one, many = f"Nothing in the {empty[0]['name']}", f"Nothing in {len(empty)} windows"
            span = f"{empty[0]['starts'][:10]} to {empty[-1]['ends'][:10]}"
            text = f"{one if len(empty) == 1 else many} {span}: nothing worth its points fits into it"
            words(at, f"words|{said(text)}|h2", found(text))
            empty.clear()

    at_once = sum_(change for change in plan.changes if change.starts is None)
    for place, window in enumerate(plan.windows):
        starts = moment(window["starts"])
        own = [change for change in plan.changes if change.starts == starts]
        taken, room = sum_(own) + (at_once if place == 0 else 0), left(window, plan.ledger.now)
        if not own and taken <= 0:
            empty.append(window)
            continue
        nothing()
        text = f"{window['name']} {window['starts'][:10]} to {window['ends'][:10]}"
        heading = said(text)
        words(at, f"words|{heading}|h2", found(text))
        told = [taken, window["points"]] + ([room] if room < window["points"] else [])
        words(at, f"words|{heading}|p.filled", told)
    nothing()


def of_api(plan, at, reckoned):
    now, until, carried, of_all = reckoned
    api(at, "/plan", {"load_days": carried, "load_days_of_nothing": of_all})
    for place, window in enumerate(plan.windows):
        say(at, "api", f"/plan/windows/{place}/points", left(window, now))
    batches = collections.defaultdict(list)
    for change in plan.changes:
        batches[change.asset, change.starts].append(change)
    for (asset, starts), all_ in batches.items():
        text = next(is_["starts"] for is_ in plan.windows if moment(is_["starts"]) == starts) if starts else "null"
        batch = f"/plan/batches/[changes/0/asset={asset}&starts={text}]"
        gone = {f.number: f for change in all_ for f in change.findings if f in plan.open}.values()
        by = all_[0].by(now)
        say(at, "at", f"{batch}/points", sum(rounded(change.points, 100) for change in all_))
        say(at, "at", f"{batch}/load", sum(f.weight or 0 for f in gone))
        saved = sum(days(plan, f, now, until, until) - days(plan, f, now, by, until) for f in gone)
        say(at, "at", f"{batch}/load_days", saved)
        for change in all_:
            if change.cost is None:
                continue
            one = f"{batch}/changes/[change={asset}:{change.package}]"
            for name in ("least", "most", "confidence"):
                say(at, "at", f"{one}/{name}", change.cost[name])
            ordered = gravest(weighed(plan.ledger), change.findings) if len(change.findings) == len(change.numbers) else None
            for number, finding in enumerate(ordered or []):
                say(at, "at", f"{one}/findings/{number}", finding.number)
