-- What is scheduled now, by team: the plan as it was told to people. What happened to it is in the ledger.
CREATE TABLE scheduled (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    package TEXT NOT NULL,
    -- The version that it is raised to.
    version TEXT NOT NULL,
    -- The window. NULL: at once.
    window_name TEXT,
    starts BIGINT,
    ends BIGINT,
    points DOUBLE PRECISION NOT NULL,
    load_removed DOUBLE PRECISION NOT NULL,
    -- A JSON list of ids.
    findings TEXT NOT NULL,
    -- Why it is in its window, in words, as it was when it came there.
    why TEXT NOT NULL,
    -- Whether people put it there.
    by_people BOOLEAN NOT NULL,
    -- Since when it is in its window.
    since BIGINT NOT NULL,
    PRIMARY KEY (org, team, asset, package)
);

-- What a team's plan was made of last, and what it comes to.
CREATE TABLE team_plan (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    mark TEXT NOT NULL,
    made BIGINT NOT NULL,
    -- JSON: windows and sums.
    told TEXT NOT NULL,
    PRIMARY KEY (org, team)
);

-- What a package manager confirmed for an asset: the actions of the plan that was pushed last.
CREATE TABLE confirmed (
    org BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    -- The snapshot that it is about.
    snapshot BIGINT NOT NULL,
    made BIGINT NOT NULL,
    received BIGINT NOT NULL,
    actor TEXT NOT NULL,
    -- JSON: the actions.
    told TEXT NOT NULL,
    PRIMARY KEY (org, asset)
);

-- Batches that were carried out, with their evidence. How far each is since then is read from the ledger.
CREATE TABLE applied (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    batch TEXT NOT NULL,
    at BIGINT NOT NULL,
    received BIGINT NOT NULL,
    actor TEXT NOT NULL,
    -- JSON: the evidence, as it was pushed.
    told TEXT NOT NULL,
    -- The points that it took in truth, as people say.
    points DOUBLE PRECISION,
    -- When it was taken back, and why.
    reverted BIGINT,
    reason TEXT NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, asset, batch, at)
);
