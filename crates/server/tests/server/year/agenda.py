"""The agenda of a review: what each part has, and how its minutes are given to it. Written from docs/reviews.md."""

import math
from datetime import datetime, timezone

import plans
from saying import api, cell, say, words

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
# What has as many rows each time has the time of a few topics.
FEW, STANDING = 3, ("Most relied on", "Concentration", "Noise", "Attack patterns", "What to watch")
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
    """What is scheduled in windows that are not over, by window: at once, and then by time."""
    at, team = review["open"], None if review["of"] == "all" else int(review["of"].split(":")[1])
    of = {}
    for change in plans.changes_at(ledger, at, team):
        if change.ends is None or change.ends > at:
            of.setdefault((change.starts or 0, change.name), []).append(change)
    return dict(sorted(of.items()))


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


def of_pack(counts, whole):
    """The same in a pack: no part has more than a third, and what is over is for the end."""
    minutes, end = times(counts, whole)
    most = max(1, whole // 3)
    over = sum(max(0, own - most) for own in minutes)
    return [min(own, most) for own in minutes], end + over


def parts(id_, review, all_):
    """Each part with its title, how many topics it has, and the numbers of what is said below its title. `None`: these are not
    known here."""
    name, page = f"/api/v1/reviews/{id_}", f"/reviews/{id_}"
    worth = [min(many, FEW) if title in STANDING else many for title, many, _ in all_]
    minutes, end = (times if review["kind"] == "weekly" else of_pack)(worth, review["minutes"])
    say(name, "api", "/pack/end", end)
    at = review["open"]
    for place, ((title, many, told), own) in enumerate(zip(all_, minutes)):
        api(name, f"/pack/parts/{place}", {"count": many, "minutes": own})
        to = at + own * MINUTE
        heading = f"{title} * min, {clock(at)}–{clock(to)} UTC" if own else f"{title} no time"
        at = to
        words(page, f"words|{heading}|h2", [own] if own else [])
        if told is not None:
            listed = WINDOWS if title == "The next windows" else LISTED
            words(page, f"words|{heading}|p", told + ([many, listed] if many > listed else []))


def topic(id_, part, key, weight, repeats=0):
    row = f"pack/parts/{part}/topics|key|{key}"
    say(f"/api/v1/reviews/{id_}", "row", f"{row}|weight", weight)
    say(f"/api/v1/reviews/{id_}", "row", f"{row}|repeats", repeats)


def again_of(review, key):
    """How many reviews in a row before it had a topic, of the last twelve."""
    again = 0
    for one in reversed(review["earlier"][-12:]):
        if key not in one["topics"]:
            break
        again += 1
    return again


def followed(id_, review, follows):
    """What was decided stands in each review until it is done."""
    if len(follows) <= LISTED:
        for one in follows:
            topic(id_, 0, f"decision:{one}", 0)


def pages(ledger, id_, review, is_, decisions, ended):
    """`is_`: the numbers that it showed. `decisions`: those that end, and those that are asked for. `ended`: exceptions that
    ended by themselves since the last."""
    follows, planned = list(follow(review)), windows(ledger, review)
    counts = [len(follows), is_["new"], is_["late"] + is_["soon"], is_["exceptions"], is_["answers"], len(planned)]
    if None in counts:
        return
    counts[3] += len(ended)
    ends = [14] + ([len(ended)] if ended else [])
    told = [[], [], [is_["late"], 14], ends, [], [is_["scheduled"]]]
    parts(id_, review, [(title, many, told if many else []) for title, many, told in zip(TITLES, counts, told)])
    followed(id_, review, follows)
    ending, asked = decisions
    for part, all_ in ((3, ending + ended), (4, asked)):
        for one in all_ if len(all_) <= LISTED else ():
            key = f"exception:{one['id']}"
            topic(id_, part, key, 0, again_of(review, key))
    for (starts, window), all_ in list(planned.items())[:WINDOWS]:
        load, points = sum(c.load for c in all_), sum(c.points for c in all_)
        topic(id_, 5, f"window:{window}", load)
        # What a change costs that no plan tells of is not known.
        if any(change.cost is None for change in all_):
            continue
        row = window if starts else "At once"
        cell(f"/reviews/{id_}", "The next windows", "Topic", row, [len(all_), points, load])


def headline(id_, review, now):
    """How long a meeting took, and how much it decided."""
    decided = len(review["decisions"])
    words(f"/reviews/{id_}", "words|The meeting|dd", [review["minutes"]])
    if "closed" in review:
        took = (review["closed"] - review["open"]) // MINUTE
        words(f"/reviews/{id_}", "h1", [decided, took, review["minutes"]])
    elif now >= review["open"] + review["minutes"] * MINUTE:
        words(f"/reviews/{id_}", "h1", [decided])


