"""What other terms would do to a plan, as far as it follows without a search: where everything that is to be done fits into the
first window that takes it, no plan is better. Written from docs/plan.md and docs/ledger.md."""

import collections
import copy
from datetime import datetime, timedelta, timezone

import plans
from charters import Charter
from lives import LEVELS, moment
from saying import figure, found, may, words
from weighed import weighed

# The rhythm in which what is low is done, and the one that takes it in the last window that is over before a quarter is.
SLOW, SPRINTS = "quarterly clean-up", "every sprint"


def quarter(at):
    day = datetime.fromtimestamp(at // 10**6, timezone.utc)
    return day.year, (day.month - 1) // 3


def is_last(window):
    """Whether the next sprint ends in another quarter."""
    ends = moment(window["ends"])
    return quarter(ends) != quarter(ends + int(timedelta(days=14).total_seconds()) * 10**6)


class Terms:
    """What a plan is made with: rhythm, windows, and how many batches may be open in one."""

    def __init__(self, cadence, windows, limit=None):
        self.cadence, self.windows, self.limit = cadence, windows, limit

    def first(self, level, now):
        """The first window that takes something of a level."""
        for window in self.windows:
            is_open = moment(window["ends"]) > now
            if is_open and (level != "low" or self.cadence == SLOW or is_last(window)):
                return window
        return None


def told(ledger, team):
    """What a team said last of itself."""
    return [e.data for e in ledger.entries if e.what == "team" and e.data["team"] == team][-1]


def windows_of(ledger, cadence, points):
    """The windows of a rhythm, as the plan of any team in it has them."""
    for team, plan in plans.plans(ledger).items():
        if plan.missing is None and told(ledger, team)["cadence"] == cadence and plan.windows:
            return [{**window, "points": points} for window in plan.windows]
    return None


def placed(plan, terms):
    """The changes of a plan under other terms, each in the first window that takes it. `None`: they do not all fit, or it
    cannot be said without a search."""
    now, all_, of = plan.ledger.now, [], collections.defaultdict(list)
    if terms is None or terms.cadence not in (SLOW, SPRINTS) or len(plan.removed()) != len(plan.open):
        return None
    for change in plan.changes:
        levels = [plan.level(f) for f in change.findings if f in plan.open]
        # What is critical is done at once.
        if not levels or None in levels or "critical" in levels or change.ready is not None:
            return None
        window = terms.first(min(levels, key=LEVELS.index), now)
        if window is None:
            return None
        one = copy.copy(change)
        one.name, one.starts, one.ends = window["name"], moment(window["starts"]), moment(window["ends"])
        all_.append(one)
        of[window["name"]].append(one)
    for window in terms.windows:
        own = of[window["name"]]
        if sum(change.points for change in own) > plans.left(window, now):
            return None
        if terms.limit is not None and len({change.asset for change in own}) > terms.limit:
            return None
    return sorted(all_, key=lambda change: (change.starts, change.asset, change.package))


def as_agreed(plan):
    team = told(plan.ledger, plan.team)
    return Terms(team["cadence"], plan.windows, team["open_limit"])


def is_plain(plan):
    """Whether the plan as it was kept has each change in the first window that takes it: then no plan is better."""
    made = placed(plan, as_agreed(plan))
    where = lambda all_: {(change.asset, change.package): change.starts for change in all_}
    return made is not None and where(made) == where(plan.changes)


def under(plan, asked):
    """The plan under what an address tries. `None`: it is not made again."""
    team, trial = told(plan.ledger, plan.team), copy.copy(plan)
    terms = as_agreed(plan)
    (name, value), = asked.items()
    if name == "capacity":
        terms.windows = [{**window, "points": float(value)} for window in plan.windows]
    elif name == "open_limit":
        terms.limit = int(value)
    elif name == "cadence":
        terms = Terms(value, windows_of(plan.ledger, value, team["capacity"]) or [], team["open_limit"])
    elif name == "charter":
        text = weighed(plan.ledger).charters.texts.get(int(value)) if value.isdigit() else None
        charter = Charter(text) if text else Charter() if value == "framework" else None
        if charter is None or not reweighed(trial, charter):
            return None
    trial.windows, trial.changes = terms.windows, placed(trial, terms)
    return trial if trial.changes and trial.windows else None


def reweighed(trial, charter):
    """Weighs what counts by another charter."""
    all_, of = weighed(trial.ledger), {}
    for finding in trial.open:
        own = all_.of.get(finding.number)
        is_ = own and charter.is_known and all_.by(finding, own.purl, trial.ledger.now, charter)
        if not is_ or not is_.is_known or is_.probability is None:
            return False
        of[finding.number] = is_.level, is_.weight, is_.deadline(finding.episode_at(trial.ledger.now).since)
    trial.other = of
    return True


def say_of(plan, asked, at):
    """A page that tries other terms."""
    (name, value), = asked.items()
    if name != "cadence":
        words(at, "words||p.notice note", found(value))
    if not is_plain(plan):
        return
    trial = under(plan, asked)
    if trial is not None:
        page(trial, at, True)
        for change in trial.changes:
            row = f"{change.asset}:{change.package}"
            may(at, "Changes", "Load", row, sum(trial.weight(f) for f in change.findings if f in trial.open))


def page(plan, at, is_best):
    """What a plan comes to. Gives load-days by it, and if nothing is done."""
    now, until, gone = plan.ledger.now, plan.horizon(), plan.removed()
    by_plan, of_nothing = plan.missed(until, now)
    load, ends = sum(plan.weight(f) for f in gone), plan.gone(now)
    carried = sum(plans.days(plan, f, now, ends.get(f.number, until), until) for f in plan.open)
    of_all = sum(plans.days(plan, f, now, until, until) for f in plan.open)
    if plan.other:
        figure(at, "load now", plan.load())
    figure(at, "load after these windows", plan.load() - load)
    figure(at, "finding removed" if len(gone) == 1 else "findings removed", len(gone))
    figure(at, "past their deadline by then", by_plan)
    words(at, "h1", [len(plan.changes), len(plan.windows), load, plan.load()] if plan.changes else [])
    words(at, "words|About this plan|dd", [of_nothing, of_all, by_plan, carried])
    if plan.changes and is_best:
        # Nothing that is in the first window which takes it can be done sooner.
        words(at, "words|About this plan|dd", [0])
    plans.filled(plan, at)
    return now, until, carried, of_all

