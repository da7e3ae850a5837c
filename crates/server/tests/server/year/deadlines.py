"""When what a charter agrees on ends: hours, days, sprints, on its calendar. Written from docs/charter.md and the framework in
words, docs/generated/charter-framework.md."""

import re
from datetime import datetime, timedelta, timezone

from lives import DAY, HOUR, LEVELS

# What the framework agrees on, by level from critical to low: in production, and in any other environment.
TERMS = {
    "production": dict(zip(LEVELS, ("72 hours", "this sprint", "90 days", "opportunistic"))),
    "other": dict(zip(LEVELS, ("this sprint", "2 sprints", "180 days", "opportunistic"))),
}
# A sprint has fourteen days, and one began on this one, which is a Monday. Work is over at five in the afternoon.
SPRINT, BEGAN, DAY_ENDS = 14, datetime(2026, 1, 5, tzinfo=timezone.utc), 17


def is_working(day):
    return day.weekday() < 5


def sprint_end(day, many):
    """The last working day of a sprint, 1 being the one that runs."""
    number = (day - BEGAN).days // SPRINT + many
    end = BEGAN + timedelta(days=number * SPRINT - 1)
    last = end
    while not is_working(last):
        last -= timedelta(days=1)
    return last if last >= day else end


def ends(term, start):
    """When a term is over that starts at a moment; `None`: it has no end."""
    first = datetime.fromtimestamp(start // 10**6, timezone.utc).replace(hour=0, minute=0, second=0)
    many = re.match(r"\d+", term)
    many = int(many[0]) if many else 1
    if term == "opportunistic":
        return None
    if "hour" in term:
        return start + many * HOUR
    if "sprint" in term:
        last = sprint_end(first, many)
    elif "working" in term:
        last = first
        while many:
            last += timedelta(days=1)
            many -= is_working(last)
    else:
        last = first + timedelta(days=many)
    return int(last.timestamp()) * 10**6 + DAY_ENDS * HOUR


def deadline(terms, level, start):
    """By when something of a level is to be gone. No level is due before a graver one is."""
    own = ends(terms[level], start)
    if own is None:
        return None
    graver = (ends(terms[other], start) for other in LEVELS[: LEVELS.index(level)])
    return max([own, *(at for at in graver if at is not None)])


def told(text):
    """The numbers of a term in words."""
    return [int(number) for number in re.findall(r"\d+", text)]


assert DAY == 24 * HOUR
