-- What people decided about planned changes of a team: to raise a package of an asset in a window, or
-- not for now.
CREATE TABLE placement (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    -- The purl without version.
    package TEXT NOT NULL,
    -- accepted, held
    state TEXT NOT NULL,
    -- When the window begins; NULL: at once, or held.
    starts BIGINT,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org, team, asset, package)
);
