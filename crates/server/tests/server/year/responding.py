"""Incidents and how long each step took. Written from docs/incidents.md."""

import collections

from lives import moment
from saying import cell, may, say, words


def length(seconds):
    """The numbers in which a length of time is told: minutes, hours and minutes, or days and hours."""
    minutes = seconds // 60
    if minutes < 120:
        return [max(minutes, 1)]
    if minutes < 2880:
        return [minutes // 60, minutes % 60]
    return [minutes // 1440, minutes % 1440 // 60]


def incidents(ledger):
    all_ = collections.defaultdict(list)
    for entry in ledger.entries:
        if entry.what == "incident":
            all_[entry.data["incident"]].append(entry)
    drills = near = real = still = 0
    of_teams = collections.defaultdict(list)
    for id_, told in all_.items():
        opened = told[0].data["told"]
        published = opened["published"] and moment(opened["published"])
        drills += opened["drill"] is not None
        near += opened["near_miss"]
        is_real = opened["drill"] is None and not opened["near_miss"]
        until = next((e.at for e in told if e.data["event"] == "closed"), None)
        real += is_real
        still += is_real and until is None
        end = until or ledger.now
        teams = {}
        for entry in told:
            team, word = entry.data["team"], entry.data["event"]
            if word == "handed":
                teams.pop(team, None)
            elif word in ("touched", "returned") and team not in teams:
                teams[team] = {"touched": entry.at}
            elif team in teams and word == "returned":
                teams[team].pop("contained", None)
                teams[team].pop("fixed", None)
            elif team in teams and word in ("acknowledged", "contained", "fixed"):
                # Who contained it acknowledged it, and what is gone is contained.
                order = ("acknowledged", "contained", "fixed")
                for earlier in order[: order.index(word) + 1]:
                    teams[team].setdefault(earlier, entry.at)
        at = f"/api/v1/incidents/{id_}"
        page, table = f"/incidents/{id_}", "Teams"
        for team, is_ in teams.items():
            took = {}
            of_teams[team] += [took] if is_real else []
            spans = {"know": None, "acknowledge": "acknowledged", "contain": "contained", "fix": "fixed"}
            for span, word in spans.items():
                if span == "know":
                    # A drill begins when it is known.
                    known = published is not None and opened["drill"] is None
                    seconds = max(0, is_["touched"] - published) // 10**6 if known else None
                    state = "took" if known else "unknown"
                else:
                    state = "took" if word in is_ else "runs"
                    seconds = (is_.get(word, end) - is_["touched"]) // 10**6
                say(at, "team", f"{team}|to_{span}/state", state)
                say(at, "team", f"{team}|to_{span}/seconds", seconds)
                column = f"To {span}"
                took_ = None if seconds is None else length(seconds)
                cell(page, table, column, ledger.teams[team], took_)
                cell(f"{page}/report", "How long it took", column, ledger.teams[team], took_)
                if state == "took":
                    took[span] = seconds
    for team, all_ in of_teams.items():
        table, row = "Median times by team", ledger.teams[team]
        may("*/incidents", table, "Incidents", row, len(all_))
        for span in ("know", "acknowledge", "contain", "fix"):
            known = sorted(one[span] for one in all_ if span in one)
            middle = length(known[len(known) // 2]) if known else None
            may("*/incidents", table, f"To {span}", row, middle)
    if still:
        words("/incidents", "h1", [still])
    say("/incidents", "figure", "open", still)
    say("/incidents", "figure", "real ones", real)
    say("/incidents", "figure", "near misses", near)
    say("/incidents", "figure", "drills, not measured", drills)
