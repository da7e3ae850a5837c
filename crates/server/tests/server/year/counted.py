"""What stands behind each number of the metrics: the findings one by one, and what teams were asked and told."""

import collections

from lives import DAY, HOUR, LEVELS
from periods import overlap
from saying import may, words

# How old, in days, each band of the backlog is.
BANDS = [(0, 7), (7, 30), (30, 90), (90, float("inf"))]
# How many rows a page has.
ROWS = 100


def ended(findings, start, to):
    for finding in findings:
        for episode in finding.episodes:
            if episode.ended is not None and start <= episode.ended < to and episode.stands(to):
                yield finding, episode, (episode.ended - episode.since) / DAY


def missed(findings, start, to):
    for finding in findings:
        for episode in finding.episodes:
            at = episode.missed()
            if at is not None and start <= at < to:
                yield finding, episode, (at - episode.since) / DAY


def met(findings, start, to):
    for finding, episode, took in ended(findings, start, to):
        if episode.met(to):
            yield finding, episode, took


def carried(findings, start, to):
    """Load-days of each that carried any."""
    for finding in findings:
        sum_ = 0.0
        for episode in finding.episodes:
            spans = zip(episode.held, episode.held[1:] + [(episode.end(), None)])
            for (since, (counts, _, weight)), (until, _) in spans:
                if counts and weight is not None:
                    sum_ += weight * overlap(since, until, start, to) / DAY
        if sum_ > 0:
            yield finding, finding.episodes[-1], sum_


def counts(findings, at):
    for finding in findings:
        is_ = finding.counts_at(at)
        if is_:
            yield finding, is_


def members(is_, asked, now):
    """The findings that a number counts, each with what it brings."""
    start, end = is_.first * DAY, (is_.last + 1) * DAY
    to = max(min(end, now), start)
    of, level = asked["of"], asked.get("level") or None
    all_ = is_.findings
    if of == "counting":
        there = [(f, one[1], one[2] or 0) for f, one in counts(all_, end - 1)]
        wanted = None if level == "unknown" else level
        return [(f, weight) for f, is_level, weight in there if level is None or is_level == wanted]
    if of == "found":
        began = [(f, e) for f in all_ for e in f.episodes]
        return [(f, 0) for f, e in began if e.came(start, to)]
    if of in ("fixed", "gone"):
        return [(f, took) for f, e, took in ended(all_, start, to) if of == "gone" or e.how == "fixed"]
    if of in ("remediated", "merged"):
        gone = [one for one in ended(all_, start, to) if one[1].how == "fixed" and one[1].counted()]
        gone = [one for one in gone if of != "merged" or one[1].was_merged()]
        return [(f, took) for f, e, took in gone if level not in LEVELS or e.level == level]
    if of in ("met", "missed", "due"):
        kept = list(met(all_, start, to)) if of != "missed" else []
        late = list(missed(all_, start, to)) if of != "met" else []
        return [(f, took) for f, _, took in kept + late]
    if of == "backlog":
        least, most = BANDS[int(asked["band"])] if asked.get("band") else (0, float("inf"))
        ages = [(f, (to - f.episode_at(to).since) / DAY) for f, _ in counts(all_, to)]
        return [(f, age) for f, age in ages if least <= age < most]
    if of == "load-days":
        return [(f, sum_) for f, _, sum_ in carried(all_, start, to)]
    return None


def told(is_, asked, now):
    """What teams were asked, by hour and team; and each request and notice."""
    start, to = is_.first * DAY, max(min((is_.last + 1) * DAY, now), is_.first * DAY)
    all_ = [one for one in is_.told if start <= one[0] < to]
    if asked["of"] == "interruptions":
        hours = collections.defaultdict(list)
        for one in all_:
            if one[1] != "finding" and one[2] is not None:
                hours[one[0] // HOUR, one[2]].append(one)
        return [some for some in hours.values() if not all(one[4] for one in some)]
    if asked["of"] == "requests":
        return {one[5] for one in all_ if one[1] == "request"}
    if asked["of"] == "notices":
        notices = {(one[0], one[1], one[2]) for one in all_ if one[1] == "plan"}
        return notices | {(one[0], one[1], one[5]) for one in all_ if one[1] == "finding"}
    return None


# What the number of a row is called.
COLUMNS = {"counting": "Load", "load-days": "Load-days", "found": None}


def page(is_, asked, at):
    now = int(asked["at"]) if asked.get("at") else is_.ledger.now
    of = asked["of"]
    all_ = members(is_, asked, now)
    if all_ is not None:
        sums = [sum(value for _, value in all_)] if of in ("counting", "load-days") else []
        words(at, "h1", [len(all_)] + sums)
        column = COLUMNS.get(of, "Days")
        for finding, value in all_ if column else []:
            may(at, "Findings", column, f"/findings/{finding.number}", value)
        pager(at, asked, len(all_))
        return
    lines = told(is_, asked, now)
    if lines is not None:
        words(at, "h1", [len(lines)])
        pager(at, asked, len(lines))


def pager(at, asked, many):
    """How many of all a page shows; of one that goes on in the middle it is not said here."""
    if many > ROWS and not asked.get("after"):
        words(at, "words||p.pager", [ROWS, many])
