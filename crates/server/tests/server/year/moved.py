"""What moved the load, and by how much: what one cause did on one day."""

import collections

from lives import DAY, date
from saying import cell

# In the order in which causes of one day stand.
CAUSES = ["advisory", "snapshot", "deployment", "regression", "decision", "ended", "weighing", "retraction"]


def changes(ledger):
    """Each change of what a finding adds to the load: when, by how much, why, and of which finding."""
    trigger = None
    stood, decided = collections.defaultdict(float), {}
    weighed, last = set(), {}
    for entry in ledger.entries:
        data, number = entry.data, entry.finding
        if entry.kind in ("received", "deployed") and entry.what is None and data.get("what") != "alert":
            word = "snapshot" if entry.kind == "received" else "deployment"
            trigger = [entry.asset, word, None]
            continue
        if number is None:
            trigger = None
            continue
        # What an asset is told at one time right behind a document or a deployment is of it.
        if trigger and (trigger[0] != entry.asset or trigger[2] not in (None, entry.at)):
            trigger = None
        if trigger:
            trigger[2] = entry.at
        by = trigger and trigger[1]
        if entry.kind == "regressed":
            cause = "regression"
        elif entry.kind == "detected":
            cause = by or "advisory"
        elif entry.kind == "retracted":
            cause = "retraction"
        elif entry.kind == "merged" and last.get(number, (None,))[0] == entry.at:
            # It came where it runs alone, and was never on the main line: one change with that.
            cause = last[number][1]
        elif entry.kind in ("merged", "fixed") or "level" not in data:
            cause = by or "snapshot"
        else:
            was, is_ = decided.get(number), data["decision"]
            cause = by or "weighing"
            if was is None and is_ is not None:
                cause = ("decision", is_)
            elif was is not None and is_ is None:
                cause = ("ended", was)
        if entry.kind == "assessed" and "level" in data:
            decided[number] = data["decision"]
            # The weighing that comes with the detection is one change with it.
            if number not in weighed and last.get(number, (None,))[0] == entry.at:
                cause = last[number][1]
            weighed.add(number)
        elif entry.kind in ("detected", "regressed"):
            episode = ledger.findings[number].episode_at(entry.at)
            if episode is None or episode.began == entry.at:
                weighed.discard(number)
                decided.pop(number, None)
        last[number] = (entry.at, cause)
        yield entry, cause


def moves(ledger, first, last, most=7):
    """The largest, in the order of time."""
    sums = collections.defaultdict(lambda: [0.0, 0])
    told = collections.defaultdict(list)
    for entry, cause in changes(ledger):
        told[entry.finding].append((entry.at, cause))
    for number, all_ in told.items():
        finding, before = ledger.findings[number], 0.0
        # Entries of one time are one change, of the last cause; a detection with its weighing is of the detection.
        for place, (at, cause) in enumerate(all_):
            if place + 1 < len(all_) and all_[place + 1][0] == at:
                continue
            counts = finding.counts_at(at)
            weight = (counts[2] or 0.0) if counts else 0.0
            by, before, day = weight - before, weight, at // DAY
            if by == 0 or not first <= day <= last:
                continue
            word = cause if isinstance(cause, str) else cause[0]
            about = None
            if word in ("advisory", "retraction"):
                about = finding.vulnerability
            elif word in ("snapshot", "deployment", "regression"):
                about = finding.system
            one = sums[day, cause, about]
            one[0], one[1] = one[0] + by, one[1] + 1
    key = lambda one: (one[0][0], CAUSES.index(one[0][1] if isinstance(one[0][1], str) else one[0][1][0]), str(one[0][2]))
    ordered = sorted(sums.items(), key=lambda one: (-abs(one[1][0]), key(one)))[:most]
    return sorted(ordered, key=lambda one: one[0][0])


def pages(ledger):
    last = ledger.now // DAY
    asked = [e.data for e in ledger.entries if e.kind == "decided" and e.data.get("state") == "asked"]
    of = {data["decision"]: data["vulnerability"] for data in asked}
    for place, ((day, cause, about), (by, findings)) in enumerate(moves(ledger, last - 89, last)):
        to = "/findings?state=any"
        if not isinstance(cause, str):
            to += f"&vulnerability={of[cause[1]]}"
        elif cause in ("advisory", "retraction"):
            to += f"&vulnerability={ledger.called(about)}"
        elif cause == "weighing":
            to = "/findings"
        elif about is not None:
            to += f"&system={about}"
        # The order in which they stand, when, and of what.
        cell("/", "moves", "what", f"{date(day)} {to}", [place + 1, by, findings])
