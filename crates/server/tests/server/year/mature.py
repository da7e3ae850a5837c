"""How mature the organisation and its teams are, now and as it was judged each day. Written from docs/maturity.md and
docs/ledger.md."""

import sys
from typing import NamedTuple

import pointed
from criteria import CRITERIA, FRAMEWORKS, STAGES, WHOLE
from grounds import Ground
from lives import DAY, date
from records import digest
from saying import cell, figure, found, say, words
from weighed import weighed

# For how many days the trend is told.
TREND = 364


class Judged(NamedTuple):
    """How it stands with a criterion: `met`, `not_met` or `unknown`; what was counted, how much is asked for, what is
    missing in numbers, and the teams that do not meet it."""

    verdict: str
    count: int
    of: int
    least: int
    missing: list
    teams: list


def needed(of, least):
    return max(1, -(-of * min(least, 100) // 100))


def judge(id_, count, of, least):
    is_ = CRITERIA[id_]
    if count is None:
        return Judged("unknown", None, None, least, None, [])
    if of == 0:
        return Judged("met" if is_.of_none else "unknown", count, of, least, [] if is_.of_none else is_.of, [])
    more = needed(of, least) - count
    if more <= 0:
        return Judged("met", count, of, least, [], [])
    return Judged("not_met", count, of, least, [more, of, *is_.of, least], [])


def everywhere(own, id_, teams):
    """Of what each team must meet."""
    if not teams:
        return own._replace(verdict="unknown", missing=[])
    verdict = own.verdict
    without = [name for name, all_ in teams if all_[id_].verdict != "met"]
    for _, all_ in teams:
        one = all_[id_].verdict
        # What is known to be missing is told before what is unknown.
        if one != "met" and (verdict == "met" or one == "not_met"):
            verdict = one
    missing = [len(without), len(teams)] if without and own.missing == [] and own.verdict == "met" else own.missing
    return own._replace(verdict=verdict, missing=missing, teams=without)


def judged(then, team=None, teams=()):
    all_ = {}
    for id_, (count, of) in then.facts(team).items():
        least = then.is_.thresholds.get(id_)
        all_[id_] = judge(id_, count, of, CRITERIA[id_].least if least is None else least)
        if team is None and CRITERIA[id_].everywhere:
            all_[id_] = everywhere(all_[id_], id_, teams)
    return all_


def stage(all_):
    reached = 1
    while reached < 5 and all(is_.verdict == "met" for id_, is_ in all_.items() if CRITERIA[id_].stage == reached + 1):
        reached += 1
    return reached


def many(all_, verdict):
    return sum(is_.verdict == verdict for is_ in all_.values())


def whole(then, names):
    """Of the organisation, and of each team that owns a system."""
    teams = {team: judged(then, team) for team in names if team in then.owning}
    named = [(names[team], all_) for team, all_ in teams.items()]
    return {None: judged(then, None, named), **teams}


class Judgement:
    """What was told of one: when, how far the ledger was read for it, what it rests on, and the stages as told last."""

    def __init__(self, entry, last):
        self.at, self.upto, self.rests = entry.at, entry.data.get("upto", entry.seq - 1), dict(entry.data)
        self.last = last

    def tell(self, data):
        self.last.update({is_["team"]: tuple(is_[name] for name in COUNTS) for is_ in data["stages"]})


# What an entry tells of each team.
COUNTS = ("stage", "met", "not_met", "unknown")


def counts(all_):
    return (stage(all_), *(many(all_, name) for name in COUNTS[1:]))


def judgements(ledger):
    """Those that were told, in the order in which the ledger was read for them."""
    all_ = []
    for entry in ledger.entries:
        if entry.what != "maturity":
            continue
        if "exploits" in entry.data:
            all_.append(Judgement(entry, dict(all_[-1].last) if all_ else {}))
        else:
            # What one entry has no room for.
            for name in ("planless", "products"):
                all_[-1].rests[name] = all_[-1].rests[name] + entry.data[name]
        all_[-1].tell(entry.data)
    return sorted(all_, key=lambda is_: is_.upto)


# How many changes of the records an index may be behind.
BEHIND = 60


def held(ledger):
    """The records that an index is said to have had are those that stood then, or shortly before."""
    records, known, many = weighed(ledger).records, {}, 0
    for entry in ledger.entries:
        told = entry.data.get("records") if entry.what == "maturity" else None
        if told is None:
            continue
        many += 1
        for at in [entry.at, *records.moments(entry.at)[:BEHIND]]:
            if at not in known:
                known[at] = digest(records.at(at))
            if known[at] == told:
                break
        else:
            raise SystemExit(f"{date(entry.at // DAY)}: an index of {told} is told of, and the records are others")
    print(f"{many} indexes are held against the records", file=sys.stderr)


def pages(ledger):
    """Each day as it was judged, and now."""
    held(ledger)
    thresholds(ledger)
    ground, days, waiting = Ground(ledger), {}, judgements(ledger)

    def judge(until):
        while waiting and (until is None or waiting[0].upto < until):
            is_ = waiting.pop(0)
            ground.rests = is_.rests
            if ground.planned & set(is_.rests["planless"]):
                raise SystemExit(f"{date(is_.at // DAY)}: of {is_.rests['planless']} plans are told")
            for team, all_ in whole(ground.at(is_.at), ledger.teams).items():
                days.setdefault(team, {})[is_.at // DAY] = all_
                told = is_.last.get(team)
                if told is not None and told != counts(all_):
                    raise SystemExit(f"{date(is_.at // DAY)}: {told} is told of {team}, and {counts(all_)} are made")

    for entry in ledger.entries:
        judge(entry.seq)
        ground.tell(entry)
    judge(None)
    if ground.rests is None:
        return
    now = whole(ground.at(ledger.now), ledger.teams)
    for team, all_ in now.items():
        trend(ledger, team, days.get(team, {}))
        of_api(ledger, team, all_, now)
        page(ledger, team, all_, now)
    of_boards(now[None])


def trend(ledger, team, days):
    """The stage of each day that was kept; on the page the last of each week."""
    today = ledger.now // DAY
    kept = sorted(day for day in days if today - TREND <= day <= today)
    at, weeks = address("/api/v1/maturity", team), {}
    for row, day in enumerate(kept):
        all_ = days[day]
        say(at, "api", f"/days/{row}/day", date(day))
        say(at, "api", f"/days/{row}/number", stage(all_))
        for name in ("met", "not_met", "unknown"):
            say(at, "api", f"/days/{row}/{name}", many(all_, name))
        weeks[day // 7] = day
    if len(kept) > 1:
        for week in range(min(weeks), max(weeks) + 1):
            day = weeks.get(week)
            cell(of_page(team), "Stage, of 5", "stage", date(week * 7 if day is None else day), day and stage(days[day]))


def address(at, team):
    return at if team is None else f"{at}?team={team}"


def of_page(team):
    return "/maturity" if team is None else f"/teams/{team}/maturity"


def of_api(ledger, team, all_, now):
    at = address("/api/v1/maturity", team)
    say(at, "api", "/number", stage(all_))
    for id_, is_ in all_.items():
        row = f"criteria|id|{id_}"
        say(at, "row", f"{row}|count", is_.count)
        say(at, "row", f"{row}|of", is_.of)
        say(at, "row", f"{row}|least", is_.least)
        say(at, "row", f"{row}|usual", CRITERIA[id_].least)
        say(at, "row", f"{row}|verdict", is_.verdict.replace("_", "-"))
    say(at, "api", "/ledger/entry", max(entry.seq for entry in ledger.entries))
    if team is None:
        for id_, of in now.items():
            if id_ is not None:
                say(at, "row", f"teams|id|{id_}|number", stage(of))


def shown(id_, is_):
    """What shows a criterion, in numbers."""
    if is_.count is None:
        return None
    if is_.of == 0:
        return CRITERIA[id_].of if is_.verdict == "met" else []
    return [is_.count, is_.of, *CRITERIA[id_].of, *CRITERIA[id_].is_]


def page(ledger, team, all_, now):
    at, reached = of_page(team), stage(all_)
    left = [id_ for id_, is_ in all_.items() if CRITERIA[id_].stage == reached + 1 and is_.verdict != "met"]
    words(at, "h1", [reached, 5] + ([len(left)] if len(left) > 1 else []))
    figure(at, "stage", [reached, 5])
    figure(at, "criteria met", many(all_, "met"))
    figure(at, "not met", many(all_, "not_met"))
    figure(at, "unknown", many(all_, "unknown"))
    if team is None:
        figure(at, "teams", len(now) - 1)
        for id_, of in now.items():
            if id_ is not None:
                name, number = ledger.teams[id_], stage(of)
                missing = sum(CRITERIA[c].stage == number + 1 and one.verdict != "met" for c, one in of.items())
                cell(at, "Teams", "Stage", name, number)
                cell(at, "Teams", "Missing for the next stage", name, missing)
    for number, name in STAGES.items():
        for tag in ("h2", "caption"):
            words(at, f"words|Stage * {name}|{tag}", [number])
    words(at, "words|Stage of *|h2", [5])
    words(at, "words|Stage, of *|caption", [5])
    points = pointed.newest(ledger, team)
    for id_, is_ in all_.items():
        said, asked = CRITERIA[id_], [is_.least] if is_.least == CRITERIA[id_].least else [is_.least, CRITERIA[id_].least]
        table = f"Stage {said.stage}: {STAGES[said.stage]}"
        cell(at, table, "Asked for", said.words, [] if id_ in WHOLE else asked)
        cell(at, table, "Shown", said.words, shown(id_, is_))
        cell(at, table, "Missing", said.words, is_.missing)
        entry = None if is_.count is None else points.get(id_)
        cell(at, table, "Ledger", said.words, entry)
        if id_ in left:
            cell(at, "Next", "Shown", said.words, shown(id_, is_))
            cell(at, "Next", "Missing", said.words, is_.missing)
    for framework, places in FRAMEWORKS.items():
        for place, ids in places.items():
            of = ids.split()
            cell(at, "What it points to", "Met", framework, [sum(all_[id_].verdict == "met" for id_ in of), len(of)])
            cell(at, "What it points to", "There", framework, found(place))
            said = " ".join(CRITERIA[id_].words for id_ in of)
            cell(at, "What it points to", "Criteria", framework, found(said))


def thresholds(ledger):
    """What is asked for usually, and what may be asked for here: a fifth less, or all."""
    at, own = "/maturity/thresholds", {id_: is_ for id_, is_ in CRITERIA.items() if id_ not in WHOLE}
    here = {}
    for entry in ledger.entries:
        if entry.what == "maturity-threshold":
            here[entry.data["criterion"]] = entry.data["least"]
    for id_, is_ in own.items():
        cell(at, "Criteria", "Stage", is_.words, is_.stage)
        cell(at, "Criteria", "Usual", is_.words, is_.least)
        if f"/api/v1{at}" in ledger.opened:
            for name, value in {"usual": is_.least, "lowest": is_.least - is_.least // 5, "highest": 100}.items():
                say(f"/api/v1{at}", "row", f"rows|criterion|{id_}|{name}", value)
    figure(at, "criteria that can be set", len(own))
    figure(at, "set here", sum(least is not None for least in here.values()))


def of_boards(all_):
    reached = stage(all_)
    left = sum(CRITERIA[id_].stage == reached + 1 and is_.verdict != "met" for id_, is_ in all_.items())
    figure("/boards/leadership", "maturity", [reached, 5])
    words("/boards/leadership", "h1", [reached, 5] + ([left] if left > 1 else []))
