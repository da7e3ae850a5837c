-- What an asset carries lies together, and is found by component within groups of 64 assets: a new
-- snapshot of 300 components touches the pages of its group, not one page for each component.
-- The table has the columns that it had, and tells rows apart by the same ones.
CREATE TABLE carried_anew (
    org BIGINT NOT NULL,
    component BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    latest BOOLEAN NOT NULL,
    running BOOLEAN NOT NULL,
    scope TEXT NOT NULL,
    relation TEXT NOT NULL,
    -- How many files list it.
    files BIGINT NOT NULL,
    PRIMARY KEY (org, asset, component)
);
INSERT INTO carried_anew (org, component, asset, latest, running, scope, relation, files)
    SELECT org, component, asset, latest, running, scope, relation, files FROM carried
    ORDER BY org, asset, component;
DROP TABLE carried;
ALTER TABLE carried_anew RENAME TO carried;
-- With the asset in it: else SQLite prefers to walk the key.
CREATE INDEX carried_group ON carried (org, (asset / 64), component, asset);
