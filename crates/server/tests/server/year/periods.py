"""The numbers of a time: what was carried, gone, late and told in it. Written from docs/metrics.md and docs/ledger.md."""

import collections
import math

from lives import DAY, HOUR, LEVELS


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


def share(part, of):
    return part / of if of else None


def numbers(ledger, findings, told, teams, first, last):
    """The numbers of a period of days, both included."""
    findings = list(findings)
    start, to = first * DAY, min((last + 1) * DAY, max(ledger.now, first * DAY))
    episodes = [episode for finding in findings for episode in finding.episodes]
    ended = [e for e in episodes if e.ended is not None and start <= e.ended < to and e.stands(to)]
    fixed = [e for e in ended if e.how == "fixed"]
    counted = [e for e in fixed if e.counted()]
    days = lambda e: (e.ended - e.since) / DAY
    carried = 0.0
    for episode in episodes:
        spans = zip(episode.held, episode.held[1:] + [(episode.end(), None)])
        for (since, (counts, _, weight)), (until, _) in spans:
            if counts and weight is not None:
                carried += weight * overlap(since, until, start, to) / DAY
    passed = {id(e): e.missed() for e in episodes}
    met = [e for e in fixed if e.met(to)]
    missed = sum(at is not None and start <= at < to for at in passed.values())
    there = [(f, f.episode_at(to)) for f in findings if f.counts_at(to)]
    ages = [(to - e.since) / DAY for _, e in there]
    bands = [0, 0, 0, 0]
    for age in ages:
        bands[0 if age < 7 else 1 if age < 30 else 2 if age < 90 else 3] += 1
    merged = [e for e in counted if e.was_merged()]
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
        "detected_to_merged": spread((e.merged - e.since) / DAY for e in merged),
        "merged_to_deployed": spread((e.ended - e.merged) / DAY for e in merged),
        "deadlines": {"met": len(met), "missed": missed, "share": share},
        "flow": {
            "found": sum(e.came(start, to) for e in episodes),
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


def by_day(findings, first, last):
    findings = list(findings)
    for day in range(first, last + 1):
        there = [f.counts_at((day + 1) * DAY - 1) for f in findings]
        there = [is_ for is_ in there if is_]
        levels = {level: sum(is_[1] == level for is_ in there) for level in LEVELS}
        yield day, sum(is_[2] or 0 for is_ in there), levels, sum(is_[1] is None for is_ in there)
