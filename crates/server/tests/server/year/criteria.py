"""The criteria of maturity: what each says, of which stage it is, and what is asked for. Written from docs/maturity.md."""

from typing import NamedTuple


class Criterion(NamedTuple):
    """`least` of a hundred. Whether nothing to count is enough, and whether each team must meet it. Days that are said of what
    is counted, and of how it is."""

    words: str
    stage: int
    least: int
    of_none: bool
    everywhere: bool
    of: list
    is_: list


CRITERIA = {
    "inventory-begun": Criterion("At least half of the systems have an inventory.", 2, 50, False, False, [], []),
    "advisories-read": Criterion("Advisories were updated in the last month.", 2, 50, False, False, [], [30]),
    "findings-weighed": Criterion("Findings have a level.", 2, 90, True, False, [], []),
    "all-watched": Criterion("Every team's assets have an inventory from the last month.", 3, 90, False, True, [], [30]),
    "inventory-whole": Criterion("Every system has an inventory.", 3, 100, False, False, [], []),
    "advisories-fresh": Criterion("Advisories are at most two days old.", 3, 100, False, False, [], [2]),
    "rhythm-chosen": Criterion("Every team has a cadence and a plan.", 3, 100, False, True, [], []),
    "updates-tested": Criterion("Updates are tested and not reverted.", 3, 75, False, False, [90], []),
    "deadlines-mostly": Criterion("Three in four deadlines are kept.", 3, 75, True, False, [90], []),
    "charter-agreed": Criterion("All four sides have agreed to one charter.", 4, 100, False, False, [], []),
    "reviews-held": Criterion("Every team has held a review in the last month.", 4, 100, False, True, [], [37]),
    "owned": Criterion("Every system has an owner team.", 4, 100, False, False, [], []),
    "context-told": Criterion("Every team's systems have a tier, an exposure and data classes.", 4, 90, False, True, [], []),
    "running-told": Criterion("What runs in production is known.", 4, 90, False, False, [], []),
    "exploits-known": Criterion("What is exploited, and what is likely to be, is known.", 4, 100, False, False, [], []),
    "decisions-of-two": Criterion("Decisions are approved by a second person, and accepted risks expire.", 4, 100, True, False, [], []),
    "deadlines-kept": Criterion("Nine in ten deadlines are kept.", 4, 90, True, False, [90], []),
    "changes-gated": Criterion("The gate checks changes of at least half of the assets.", 4, 50, False, False, [], [30]),
    "suppliers-send": Criterion("Suppliers' products have an SBOM from the last 90 days.", 4, 75, True, False, [], [90]),
    "all-current": Criterion("Every team's assets have an inventory from the last week.", 5, 90, False, True, [], [7]),
    "refusals-answered": Criterion("What the gate refuses is fixed, or let through by a decision.", 5, 90, True, False, [90], []),
    "suppliers-keep-promises": Criterion("Suppliers keep their promises.", 5, 75, True, False, [], []),
    "suppliers-answer": Criterion("Suppliers answer questions.", 5, 75, True, False, [90], []),
    "little-noise": Criterion("No team is interrupted more than twice a week.", 5, 100, False, False, [], [90]),
    "load-falls": Criterion("No team carries more load than 90 days ago.", 5, 100, False, False, [], [90]),
    "accountable": Criterion("Every team's systems name a product owner and who operates them.", 5, 90, False, True, [], []),
    "not-affected-told": Criterion("Not-affected statements have a justification.", 5, 100, False, False, [], []),
    "ledger-holds": Criterion("The ledger is intact.", 5, 100, False, False, [], []),
}
# What is so or is not, and stays as it is.
WHOLE = {"advisories-read", "advisories-fresh", "exploits-known", "charter-agreed", "ledger-holds"}
STAGES = {
    2: "basic, with ad-hoc monitoring",
    3: "proactive remediation across repositories",
    4: "centralised, with context-aware triage",
    5: "advanced, integrated",
}
# What of other frameworks criteria point to.
FRAMEWORKS = {
    "NIST SSDF (SP 800-218)": {
        "PO.1.3": "suppliers-send suppliers-keep-promises suppliers-answer",
        "PO.2.1": "owned accountable",
        "PO.3.3": "ledger-holds",
        "PO.4.1": "charter-agreed changes-gated",
        "PO.4.2": "changes-gated refusals-answered",
        "PS.3.2": "inventory-begun inventory-whole running-told all-current",
        "PW.4.4": "all-watched updates-tested suppliers-keep-promises",
        "RV.1.1": "advisories-read advisories-fresh exploits-known suppliers-answer",
        "RV.2.1": "findings-weighed context-told not-affected-told",
        "RV.2.2": "rhythm-chosen deadlines-mostly decisions-of-two deadlines-kept refusals-answered load-falls",
        "RV.3.4": "reviews-held",
    },
    "NIST SP 800-161r1": {
        "AU-10": "ledger-holds",
        "CA-7": "all-watched all-current",
        "CM-8": "inventory-begun inventory-whole owned running-told",
        "PM-29": "accountable",
        "PM-6": "little-noise load-falls",
        "PM-9": "charter-agreed",
        "RA-3": "findings-weighed",
        "RA-5": "exploits-known",
        "RA-7": "decisions-of-two",
        "RA-9": "context-told",
        "SI-2": "rhythm-chosen updates-tested deadlines-mostly deadlines-kept",
        "SI-5": "advisories-read advisories-fresh",
    },
    "NTIA minimum elements": {
        "Automation support": "inventory-whole",
        "Data fields": "inventory-begun",
        "Practices and processes: frequency": "all-watched suppliers-send all-current",
        "Practices and processes: known unknowns": "not-affected-told",
    },
    "EU CRA annex I part II": {
        "(1)": "inventory-begun advisories-read inventory-whole advisories-fresh",
        "(2)": "rhythm-chosen updates-tested deadlines-mostly deadlines-kept refusals-answered load-falls",
        "(3)": "all-watched reviews-held all-current",
        "(6)": "not-affected-told",
        "(8)": "running-told",
    },
    "NCSC vulnerability management": {
        "1": "rhythm-chosen deadlines-mostly charter-agreed",
        "2": "inventory-begun all-watched running-told suppliers-send",
        "3": "findings-weighed context-told exploits-known changes-gated refusals-answered suppliers-answer not-affected-told",
        "4": "owned decisions-of-two suppliers-keep-promises accountable",
        "5": "updates-tested reviews-held deadlines-kept little-noise load-falls ledger-holds",
    },
}
