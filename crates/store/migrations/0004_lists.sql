-- What lists are read from. The expressions stand in `findings/read.rs` in the same words: an index is only
-- used where they agree.

-- The gravest first; within a level the likeliest.
CREATE INDEX finding_rank ON finding
    (org, (COALESCE(level, -1) * 1000000 + CAST(COALESCE(probability, 0.0) * 999999 AS BIGINT)), id)
    WHERE state IN ('open', 'merged');
CREATE INDEX finding_team_rank ON finding
    (org, team, (COALESCE(level, -1) * 1000000 + CAST(COALESCE(probability, 0.0) * 999999 AS BIGINT)), id)
    WHERE state IN ('open', 'merged');
-- The soonest due first.
CREATE INDEX finding_due ON finding (org, (-COALESCE(deadline, 9000000000000000)), id)
    WHERE state IN ('open', 'merged');
CREATE INDEX finding_due_counting ON finding
    (org, (-COALESCE(deadline, 9000000000000000)), id, system)
    WHERE state IN ('open', 'merged') AND decided IS NULL
        AND (production OR (production IS NULL AND state = 'open'));
CREATE INDEX finding_newest ON finding (org, detected, id) WHERE state IN ('open', 'merged');
-- The soonest due of a package, of one to a fix, of a vulnerability and of a system.
CREATE INDEX finding_package_due ON finding
    (org, package, state, (-COALESCE(deadline, 9000000000000000)), id);
CREATE INDEX finding_action_due ON finding
    (org, package, (COALESCE(fix, '')), state, (-COALESCE(deadline, 9000000000000000)), id);
CREATE INDEX finding_vulnerability_due ON finding
    (org, vulnerability, state, (-COALESCE(deadline, 9000000000000000)), id);
CREATE INDEX finding_system_due ON finding (org, system, (-COALESCE(deadline, 9000000000000000)), id)
    WHERE state IN ('open', 'merged') AND decided IS NULL
        AND (production OR (production IS NULL AND state = 'open'));

-- Others serve what these did.
DROP INDEX finding_level;
DROP INDEX finding_deadline;
DROP INDEX finding_package;
DROP INDEX finding_vulnerability;

-- Kept sums over live findings, so that no page counts them all. Written in the transaction that changes
-- findings, and reckoned anew from them now and then. `system` 0: of no system; `level` -1: not weighed.
CREATE TABLE tally_system (
    org BIGINT NOT NULL,
    system BIGINT NOT NULL,
    level BIGINT NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    -- Of those that count to the load.
    findings BIGINT NOT NULL,
    PRIMARY KEY (org, system, level, weight)
);
-- `fix` empty: no source names one.
CREATE TABLE tally_package (
    org BIGINT NOT NULL,
    package TEXT NOT NULL,
    fix TEXT NOT NULL,
    vulnerability BIGINT NOT NULL,
    level BIGINT NOT NULL,
    weight DOUBLE PRECISION NOT NULL,
    -- Whether they count to the load.
    counts BOOLEAN NOT NULL,
    findings BIGINT NOT NULL,
    PRIMARY KEY (org, package, fix, vulnerability, level, weight, counts)
);
CREATE INDEX tally_vulnerability ON tally_package (org, vulnerability);
-- How many assets have any of a group. `level` -2: of any level.
CREATE TABLE tally_assets (
    org BIGINT NOT NULL,
    -- package, action (a package and a fix), vulnerability
    grouped TEXT NOT NULL,
    key TEXT NOT NULL,
    fix TEXT NOT NULL,
    level BIGINT NOT NULL,
    assets BIGINT NOT NULL,
    PRIMARY KEY (org, grouped, key, fix, level)
);

-- Counts what an organisation changed of how it is described: systems, teams, charters, decisions, VEX. Who
-- remembers any of them sees by it whether it still holds.
ALTER TABLE ledger_head ADD COLUMN described BIGINT NOT NULL DEFAULT 0;
