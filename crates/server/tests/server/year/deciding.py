"""What people asked for and answered. Written from docs/ledger.md."""

from lives import moment


class Decisions:
    """What people asked for and answered."""

    def __init__(self, ledger):
        self.all = {}
        for entry in ledger.entries:
            if entry.kind != "decided" or "decision" not in entry.data:
                continue
            data = entry.data
            if data["state"] == "asked":
                ends = data["expires"] and moment(data["expires"])
                self.all[data["decision"]] = {
                    "id": data["decision"],
                    "system": entry.system,
                    "ends": ends,
                    "kind": data["kind"],
                    "asked": entry.actor,
                    "answered": None,
                    "told": [],
                    "justified": data["justification"] is not None and bool(data["reason"]),
                }
            elif data["state"] in ("approved", "refused"):
                self.all[data["decision"]]["answered"] = entry.actor
            self.all[data["decision"]]["state"] = data["state"]
            self.all[data["decision"]]["told"].append((entry.at, data["state"]))
        self.now = ledger.now

    def at(self, state, at, systems):
        """Those of some systems that stood so at a moment, and had not ended by themselves."""
        for one in self.all.values():
            told = [state for since, state in one["told"] if since <= at]
            lasts = one["ends"] is None or one["ends"] > at
            if told and told[-1] == state and lasts and (systems is None or one["system"] in systems):
                yield one

    def in_force(self, systems=None):
        holds = lambda d: d["state"] == "approved" and (d["ends"] is None or d["ends"] > self.now)
        return [d for d in self.all.values() if holds(d) and (systems is None or d["system"] in systems)]


def answered(decisions, state):
    """Those that stand so, and have not ended by themselves."""
    lasts = lambda d: d["ends"] is None or d["ends"] > decisions.now
    return [d for d in decisions.all.values() if d["state"] == state and lasts(d)]
