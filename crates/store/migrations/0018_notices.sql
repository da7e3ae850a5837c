-- How a team wishes to be told: what the server reads, and where its channel is, sealed. `turn` counts changes of it and
-- letters that were begun: who decided by what another has changed meanwhile begins none.
CREATE TABLE notice_wishes (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    told TEXT NOT NULL,
    sealed BYTEA,
    turn BIGINT NOT NULL,
    PRIMARY KEY (org, team)
);

-- By what a team's things to do were looked at last, and when: while that is the same, so are they.
CREATE TABLE notice_look (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    mark TEXT NOT NULL,
    looked BIGINT NOT NULL,
    PRIMARY KEY (org, team)
);

-- Things to do of a team, one for an action: since when they are as they are, since when the charter calls them *now* and
-- for what, and when somebody said last that they have it.
CREATE TABLE notice_pending (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    item TEXT NOT NULL,
    mark TEXT NOT NULL,
    told TEXT NOT NULL,
    since BIGINT NOT NULL,
    urgent BIGINT,
    urgent_of TEXT NOT NULL,
    acknowledged BIGINT,
    acknowledged_by TEXT,
    PRIMARY KEY (org, team, item)
);

-- Letters that were begun, and what they tell of.
CREATE TABLE letter (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    team BIGINT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    items TEXT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX letter_team ON letter (org, team, at, id);

-- To whom a letter goes, and what became of that.
CREATE TABLE letter_to (
    org BIGINT NOT NULL,
    letter BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    person BIGINT,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    next BIGINT,
    changed BIGINT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (org, letter, nth)
);
CREATE INDEX letter_to_state ON letter_to (org, state, next);

-- Calendars that programs of people fetch: by the digest of what stands in the address.
CREATE TABLE calendar (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    team BIGINT NOT NULL,
    digest TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, person, team)
);
CREATE INDEX calendar_digest ON calendar (digest);
