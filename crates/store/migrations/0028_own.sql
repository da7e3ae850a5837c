-- Digests of people's own: days, hour and time zone, as the server reads them.
CREATE TABLE own_digest (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    told TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (org, person)
);

-- What became of each time that had something to tell. It is begun before anything is sent, and by one alone.
CREATE TABLE own_digest_run (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    due BIGINT NOT NULL,
    state TEXT NOT NULL,
    changed BIGINT NOT NULL,
    detail TEXT NOT NULL,
    tries BIGINT NOT NULL,
    -- When it is tried again, if it is.
    again BIGINT,
    PRIMARY KEY (org, person, due)
);

-- What was told to somebody, by what it was then, and at which time: it is told once.
CREATE TABLE own_told (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    item TEXT NOT NULL,
    mark TEXT NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (org, person, item)
);

-- The last time of a team's digest of which nobody could read anything: what waited then waits for the next.
ALTER TABLE notice_wishes ADD COLUMN passed BIGINT NOT NULL DEFAULT 0;

-- Of which team a mailed board is (0: of all that its reader may see), and where its clock is read.
ALTER TABLE board_mail ADD COLUMN team BIGINT NOT NULL DEFAULT 0;
ALTER TABLE board_mail ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';

-- How often a time was tried, and when it is tried again, if it is.
ALTER TABLE board_mail_run ADD COLUMN tries BIGINT NOT NULL DEFAULT 1;
ALTER TABLE board_mail_run ADD COLUMN again BIGINT;

-- Until when a change stays held that a dispute held back, and when it came back by itself.
ALTER TABLE appeal ADD COLUMN until BIGINT;
ALTER TABLE appeal ADD COLUMN ended BIGINT;

-- Packs of reviews that are prepared, and of what they were made: they are made anew when that changed, or a day is over.
CREATE TABLE review_prepared (
    org BIGINT NOT NULL,
    review BIGINT NOT NULL,
    mark TEXT NOT NULL,
    made BIGINT NOT NULL,
    pack TEXT NOT NULL,
    PRIMARY KEY (org, review)
);
