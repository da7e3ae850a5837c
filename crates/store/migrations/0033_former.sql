-- Teams and systems that were removed, with the names that they had: what was recorded of them is told by these.
CREATE TABLE former (
    org BIGINT NOT NULL,
    -- `team` or `system`.
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    removed BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (org, kind, id)
);
