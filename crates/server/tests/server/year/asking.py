"""What is said of addresses that ask for something: each by its path and its members. Some are asked for whether somebody
opened them or not."""

from urllib.parse import parse_qsl

import findings
import gates
import metrics
import plans
from lives import LEVELS

FINDINGS = ("/findings", "/findings.csv", "/api/v1/findings.csv")
GATES = ("/verdicts", "/api/v1/verdicts/teams")
METRICS = ("/api/v1/metrics", "/metrics", "/metrics.csv", "/metrics/list")


def always(ledger):
    """What is to be compared in any case."""
    for days in (28, 84, 364):
        yield f"/api/v1/metrics?days={days}"
    for team in ledger.teams:
        yield f"/api/v1/metrics?days=84&team={team}"
        yield f"/metrics?days=28&team={team}"
    for system in list(ledger.systems)[:4]:
        yield f"/api/v1/metrics?days=182&system={system}"
    yield "/metrics?days=84"
    yield "/metrics?days=364&against=2025-08-21"
    yield from ("/findings?by=package", "/findings?by=vulnerability", "/findings?counts=true")
    yield from (f"/findings?counts=true&level={level}" for level in LEVELS)
    yield from (f"/findings?asset={asset}&by={by}" for asset in range(1, 5) for by in ("package", "vulnerability"))
    yield "/metrics.csv?chart=load&days=56"
    yield "/metrics.csv?chart=flow&days=84"


def pages(ledger, opened):
    all_ = opened if ledger.part is not None else [*opened, *always(ledger)]
    for at in dict.fromkeys(all_):
        path, _, query = at.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if path in METRICS:
            metrics.say_of(ledger, path, asked, at)
        elif path in FINDINGS:
            findings.say_of(ledger, path, asked, at)
        elif path in GATES:
            gates.say_of(ledger, path, asked, at)
        elif plans.OF_TEAM.fullmatch(path):
            plans.say_of(ledger, path, asked, at)
