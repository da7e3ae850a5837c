-- Links to a board that are read without signing in. Only the digest of each is kept; what it shows is of a scope that
-- is fixed when it is made, and never more than whoever made it may see when it is read.
CREATE TABLE share (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    person BIGINT NOT NULL,
    side TEXT NOT NULL,
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    withdrawn BIGINT,
    used BIGINT,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX share_digest ON share (digest);
-- When the same inventory was sent again last, at most once a day: it was looked at then, and nothing was new.
ALTER TABLE snapshot ADD COLUMN confirmed BIGINT;
