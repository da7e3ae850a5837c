"""The agenda of a weekly review: what each part has, and how its minutes are given to it. Written from docs/reviews.md."""

import math
from datetime import datetime, timezone

from lives import moment
from saying import api, say, words

TITLES = [
    "Earlier decisions",
    "New above the accepted level",
    "Deadlines at risk",
    "Exceptions that end",
    "Decisions asked for",
    "The next windows",
]
# How many topics of a part are listed, and how many windows are looked at.
LISTED, WINDOWS = 20, 4
MINUTE = 60 * 10**6


def follow(review):
    """Decisions of earlier reviews that were open when it was opened, or were over since the last."""
    at, before = review["open"], review["earlier"]
    for one in (one for review_ in before for one in review_["decisions"]):
        told = [(since, state) for since, state in one["told"] if since <= at]
        if not told:
            continue
        # Since when it is as it is.
        ended = next(since for since, state in told if all(is_ == told[-1][1] for was, is_ in told if was >= since))
        if told[-1][1] == "open" or ended >= before[-1]["open"]:
            yield one["id"]


def windows(ledger, review):
    """What is scheduled in windows that are not over, by window."""
    team, at, all_ = int(review["of"].split(":")[1]), review["open"], {}
    for entry in ledger.entries:
        data = entry.data
        if entry.kind == "planned" and entry.actor == "trimtab" and data["team"] == team and entry.at <= at:
            key = entry.asset, data["package"]
            all_.pop(key, None)
            if data["state"] != "dropped":
                all_[key] = data
    of = {}
    for data in all_.values():
        if data["ends"] is None or moment(data["ends"]) > at:
            of.setdefault((data["starts"] or "", data["window"]), []).append(data)
    return of


def times(counts, whole):
    """A minute at least for each that has any, more the more it has, and a tenth for the end."""
    filled = sum(many > 0 for many in counts)
    if not filled:
        return [0] * len(counts), whole
    end = min(whole // 10, max(0, whole - filled))
    free, root = whole - end, [math.isqrt(100 * many) for many in counts]
    least = int(free >= filled)
    rest, sum_ = free - least * filled, max(1, sum(root))
    parts = [least * (many > 0) + rest * weight // sum_ for many, weight in zip(counts, root)]
    # What does not divide goes to whom it is nearest.
    near = sorted((-(rest * root[at] % sum_), -many, at) for at, many in enumerate(counts) if many > 0)
    for turn in range(free - sum(parts)):
        parts[near[turn % len(near)][2]] += 1
    return parts, end


def clock(at):
    return datetime.fromtimestamp(at // 10**6, timezone.utc).strftime("%H:%M")


def pages(ledger, id_, review, is_, ended):
    """`is_`: the numbers that it showed; `ended`: how many exceptions ended by themselves since the last."""
    name, page = f"/api/v1/reviews/{id_}", f"/reviews/{id_}"
    follows, planned = list(follow(review)), windows(ledger, review)
    counts = [len(follows), is_["new"], is_["late"] + is_["soon"], is_["exceptions"], is_["answers"], len(planned)]
    if None in counts:
        return
    counts[3] += ended
    parts, end = times(counts, review["minutes"])
    say(name, "api", "/pack/end", end)
    at = review["open"]
    for place, (many, minutes, title) in enumerate(zip(counts, parts, TITLES)):
        api(name, f"/pack/parts/{place}", {"count": many, "minutes": minutes})
        to = at + minutes * MINUTE
        heading = f"{title} * min, {clock(at)}–{clock(to)} UTC" if minutes else f"{title} no time"
        at = to
        words(page, f"words|{heading}|h2", [minutes] if minutes else [])
        more = [many, LISTED] if many > LISTED else []
        if title == "Deadlines at risk" and many:
            words(page, f"words|{heading}|p", [is_["late"], 14] + more)
        elif title == "Exceptions that end" and many:
            words(page, f"words|{heading}|p", [14] + ([ended] if ended else []) + more)
        elif title == "The next windows" and many:
            shown = [len(planned), WINDOWS] if len(planned) > WINDOWS else []
            words(page, f"words|{heading}|p", [is_["scheduled"]] + shown)
        elif many:
            words(page, f"words|{heading}|p", more)
    if len(follows) <= LISTED:
        for one in follows:
            row = f"pack/parts/0/topics|key|decision:{one}"
            say(name, "row", f"{row}|weight", 0)
            say(name, "row", f"{row}|repeats", 0)
    if len(planned) <= WINDOWS:
        for _, window in planned:
            say(name, "row", f"pack/parts/5/topics|key|window:{window}|repeats", 0)


def headline(id_, review, now):
    """How long a meeting took, and how much it decided."""
    decided = len(review["decisions"])
    words(f"/reviews/{id_}", "words|The meeting|dd", [review["minutes"]])
    if "closed" in review:
        took = (review["closed"] - review["open"]) // MINUTE
        words(f"/reviews/{id_}", "h1", [decided, took, review["minutes"]])
    elif now >= review["open"] + review["minutes"] * MINUTE:
        words(f"/reviews/{id_}", "h1", [decided])

