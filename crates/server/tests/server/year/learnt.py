"""What finished updates taught of what changes cost. Written from docs/plan.md, docs/server.md and docs/ledger.md."""

import collections

from charters import COST, DAYS_PER_POINT, TRANSITIVE
from lives import DAY
from records import distance
from weighed import weighed

# The prior counts as so many finished changes, and so many updates of a team are learnt from.
PRIOR, MOST = 5, 100
# The shares of changes that are assumed to hold, by how far the version moves.
HOLDS = {"patch": 0.95, "minor": 0.9, "major": 0.7}
# Words of what is done, in their order.
KINDS = ["raise", "raise-parent", "override", "relock", "replace", "remove", "base-image", "configuration"]
DISTANCES = [None, "patch", "minor", "major"]

Finished = collections.namedtuple("Finished", "sort points days reverted")
Lesson = collections.namedtuple("Lesson", "sort finished reverted said days least most holds prior")


def prior(sort):
    """What is assumed of a sort of change: points at least and at most, and the share that holds."""
    kind, step, transitive = sort
    of_step = (COST[step], HOLDS[step]) if step else ((COST["patch"][0], COST["major"][1]), 0.7)
    (least, most), holds = {
        "override": (of_step[0], of_step[1] - 0.1),
        "relock": (COST["patch"], 0.95),
        "configuration": (COST["patch"], 0.95),
        "replace": (COST["major"], 0.7),
        "remove": ((COST["minor"][0], COST["major"][1]), 0.8),
    }.get(kind, of_step)
    more = TRANSITIVE if transitive else (0.0, 0.0)
    return least + more[0], most + more[1], holds


def working(since, until):
    """Working days between two moments, by whole seconds. Day 0 was a Thursday."""
    since, until, days, day = since // 10**6, until // 10**6, 0.0, DAY // 10**6
    for number in range(since // day, until // day + 1):
        if (number + 3) % 7 < 5:
            within = min(until, (number + 1) * day) - max(since, number * day)
            days += max(within, 0) / day
    return days


def sorts(update):
    """What was done: each sort with the points that were planned for it."""
    for one in update.did:
        if "kind" in one:
            if one["kind"] in KINDS:
                yield (one["kind"], one["distance"], bool(one["transitive"])), one["points"]
        elif one["from"] is not None and one["to"] is not None:
            yield ("raise", distance(one["from"], one["to"]), False), None


def over(ledger, team):
    """The updates of a team that are over, the newest first."""
    own = [u for u in ledger.updates.values() if ledger.owner.get(ledger.system_of.get(u.asset)) == team]
    all_ = [u for u in own if any(is_ is not None for is_ in (u.points, u.reverted, u.merged, u.deployed))]
    return sorted(all_, key=lambda u: (-u.carried, -u.number))[:MOST]


def finished(ledger, team):
    """The changes of a team that are over. `None`: of one of its updates it is not told what was done."""
    all_ = over(ledger, team)
    if any(u.did is None for u in all_):
        return None
    return changes(all_)


def changes(over):
    """What updates that are over did."""
    merge = lambda u: u.merged if u.merged is not None else u.deployed
    is_said = lambda u: u.points is not None or u.reverted is not None
    # What was carried out anew before it was merged counts once, from its start.
    first = {}
    for update in over:
        key = update.asset, update.batch, merge(update)
        if not is_said(update) and (key not in first or update.carried < first[key].carried):
            first[key] = update
    all_ = []
    for update in over:
        if not is_said(update) and first[update.asset, update.batch, merge(update)] is not update:
            continue
        if update.outcome in ("nothing", "refused"):
            continue
        parts = list(sorts(update))
        planned = [points for _, points in parts]
        whole = sum(planned) if all(p is not None and p > 0 for p in planned) else None
        came = merge(update)
        days = working(update.carried, came) if came is not None and came >= update.carried else None
        for sort, points in parts:
            share = points / whole if whole else 1 / len(parts)
            of = lambda value: None if value is None else value * share
            all_.append(Finished(sort, of(update.points), of(days), update.reverted is not None))
    return all_


def taught(ledger, team):
    """What each sort that a team finished something of came to. `None`: it is not known."""
    all_ = finished(ledger, team)
    # What tickets say of points is in no entry; nor, where its text is not known, what a charter says of costs.
    if all_ is None or weighed(ledger).charters.at(ledger.now) is None:
        return None
    order = lambda sort: (KINDS.index(sort[0]), DISTANCES.index(sort[1]), sort[2])
    return [lesson(sort, [f for f in all_ if f.sort == sort]) for sort in sorted({f.sort for f in all_}, key=order)]


def lesson(sort, same):
    least, most, holds = assumed = prior(sort)
    took = []
    for one in same:
        if one.points is not None:
            took.append(one.points)
        elif one.days is not None:
            took.append(min(max(one.days / DAYS_PER_POINT, least), most))
    took.sort()
    if took:
        last, many = len(took) - 1, len(took)
        least = (PRIOR * least + many * took[last // 4]) / (PRIOR + many)
        most = (PRIOR * most + many * took[last - last // 4]) / (PRIOR + many)
    reverted = sum(one.reverted for one in same)
    holds = (PRIOR * holds + len(same) - reverted) / (PRIOR + len(same))
    days = sorted(one.days for one in same if one.days is not None)
    middle = days[(len(days) - 1) // 2] if days else None
    said = sum(one.points is not None for one in same)
    return Lesson(sort, len(same), reverted, said, middle, least, most, holds, assumed)


def named(sort):
    """What entries call a sort."""
    kind, step, transitive = sort
    return " ".join(filter(None, [kind, step, "transitive" if transitive else None]))
