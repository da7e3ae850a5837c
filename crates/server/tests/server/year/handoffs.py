"""Steps that wait for somebody: what is to be raised, rolled out, assessed or answered, and what of it is late. Written from
docs/incidents.md and docs/ledger.md."""

from urllib.parse import parse_qsl

from deciding import Decisions
from entries import about
from saying import figure, words

# How many findings are looked at: those that are due first.
LOOKED = 100


def steps(ledger, team=None):
    """Of each finding that counts how many steps wait, and its deadline."""
    there = [f for f in ledger.of(team) if f.counts_at(ledger.now)]
    # Decisions that nobody answered, and that have not ended by themselves.
    asked = {d["id"] for d in Decisions(ledger).at("asked", ledger.now, None)}
    for finding in there:
        many = 1 + (finding.level is None) + sum(decision in asked for decision, _ in about(ledger, finding))
        yield finding, many, finding.episode_at(ledger.now).deadline


def late(ledger, team=None):
    """Those of which a deadline has passed."""
    return [(f, many) for f, many, due in steps(ledger, team) if due is not None and due < ledger.now]


def pages(ledger):
    for at in sorted(ledger.opened):
        path, _, query = at.partition("?")
        asked = dict(parse_qsl(query))
        if path != "/handoffs" or set(asked) - {"team", "late"}:
            continue
        team = int(asked["team"]) if asked.get("team") else None
        all_ = list(steps(ledger, team))
        if len(all_) > LOOKED:
            continue
        waits, over = sum(many for _, many, _ in all_), sum(many for _, many in late(ledger, team))
        words(at, "h1", [waits, over] if waits else [])
        figure(at, "late", over)
        figure(at, "wait for somebody", waits)
