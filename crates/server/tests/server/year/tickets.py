"""How it stands with tickets, and how many points they have. Written from docs/ledger.md."""

from urllib.parse import quote

from saying import cell, figure, may, words

# The figures of a page, by the states that they count.
FIGURES = {"open": ["open"], "closed by people": ["done", "wont-do"], "closed by evidence": ["closed"]}


def teams(ledger):
    """Of each team its tickets by action: what the last entry said; and how many may be open, if it has a tracker."""
    tickets, limits, points, places = {}, {}, {}, {}
    for entry in ledger.entries:
        data = entry.data
        team, of = data.get("team"), (entry.asset, data.get("package"))
        if entry.what == "tracker":
            limits[team] = data.get("open_limit")
            # In another project there is none of them; in one that has another name, all.
            place = data.get("address"), data.get("project")
            if place[0] is not None and places.setdefault(team, place) != place:
                places[team] = place
                if "renamed_from" not in data:
                    tickets.pop(team, None)
        elif entry.what == "ticket" and "points" in data:
            points[team, *of] = data["points"]
        elif entry.what == "ticket-stands":
            tickets.setdefault(team, {})[of] = data
    for team, own in tickets.items():
        for of, data in own.items():
            said = points.get((team, *of))
            own[of] = {**data, "points": data["planned"] if said is None else said}
    return {team: (limit, tickets.get(team, {})) for team, limit in limits.items() if limit is not None}


def pages(ledger):
    all_ = teams(ledger)
    for team in ledger.teams:
        limit, tickets = all_.get(team, (None, {}))
        at = f"/teams/{team}/tickets"
        many = {label: sum(t["state"] in states for t in tickets.values()) for label, states in FIGURES.items()}
        for label, value in many.items():
            figure(at, label, value)
        words(at, "h1", [n for n in (many["open"], many["closed by evidence"]) if n])
        if limit is not None:
            words(at, "words|The tracker|dd", [limit])
        plans = [page for page in sorted(ledger.opened) if page.split("?")[0] == f"/teams/{team}/plan"]
        for (asset, package), ticket in tickets.items():
            row = f"/findings?state=any&team={team}&package={quote(package, safe='')}&asset={asset}"
            if ticket["points"] is not None:
                cell(at, "Actions with a ticket", "Points", row, ticket["points"])
            if ticket["key"].isdigit():
                cell(at, "Actions with a ticket", "Ticket", row, int(ticket["key"]))
                for page in plans:
                    may(page, "Changes", "Ticket", f"{asset}:{package}", int(ticket["key"]))
