-- How many people must grant what is asked outside of the plan, each another than who asked.
ALTER TABLE appeal ADD COLUMN needs BIGINT NOT NULL DEFAULT 1;
-- Whether the charter names the sides for this, so that whoever may ask for one of them may answer, too.
ALTER TABLE appeal ADD COLUMN named BIGINT NOT NULL DEFAULT 0;

-- Who granted it while more must.
CREATE TABLE appeal_consent (
    org BIGINT NOT NULL,
    appeal BIGINT NOT NULL,
    person BIGINT NOT NULL,
    role TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org, appeal, person)
);

-- The server that writes a team's tickets, by its own address. Empty: the next one that writes.
ALTER TABLE tracker ADD COLUMN home TEXT NOT NULL DEFAULT '';

-- What groups of systems are called of which reviews are held, by the word of the review's scope.
CREATE TABLE review_group (
    org BIGINT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (org, scope)
);
