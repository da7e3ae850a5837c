-- Reviews: of a team, of systems that people chose, or of the whole organisation.
CREATE TABLE review (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- What it is of, the same word for every review of the same: `team:3`, `systems:1,4`, `all`.
    scope TEXT NOT NULL,
    team BIGINT,
    -- Whether it is of the whole organisation: then no system is named below.
    whole BOOLEAN NOT NULL,
    -- When it is planned for, and for how many minutes.
    at BIGINT NOT NULL,
    minutes BIGINT NOT NULL,
    -- `prepared`, `open`, `closed`.
    state TEXT NOT NULL,
    made BIGINT NOT NULL,
    actor TEXT NOT NULL,
    opened BIGINT,
    closed BIGINT,
    -- JSON: what was shown, as it was when it was opened. NULL: it was not yet.
    pack TEXT,
    -- What people wrote at its end.
    note TEXT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX review_scope ON review (org, scope, kind, opened);
CREATE INDEX review_at ON review (org, at, id);

-- The systems that a review tells of: who sees it sees all of them.
CREATE TABLE review_system (
    org BIGINT NOT NULL,
    review BIGINT NOT NULL,
    system BIGINT NOT NULL,
    PRIMARY KEY (org, review, system)
);

-- Who was there, and since when.
CREATE TABLE review_person (
    org BIGINT NOT NULL,
    review BIGINT NOT NULL,
    person BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (org, review, person)
);

-- What a review decided.
CREATE TABLE review_decision (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    review BIGINT NOT NULL,
    -- The key and title of the topic. Empty: of none.
    topic TEXT NOT NULL,
    title TEXT NOT NULL,
    what TEXT NOT NULL,
    -- The person who does it.
    owner BIGINT NOT NULL,
    -- Before when.
    due BIGINT NOT NULL,
    made BIGINT NOT NULL,
    actor TEXT NOT NULL,
    -- `open`, `done`, `dropped`; since when it is over, and a word about it.
    state TEXT NOT NULL,
    ended BIGINT,
    word TEXT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX review_decision_of ON review_decision (org, review, id);

-- Goals that a team or the organisation shares.
CREATE TABLE goal (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    -- NULL: of the organisation.
    team BIGINT,
    name TEXT NOT NULL,
    measure TEXT NOT NULL,
    -- The number that it began at, and the one that it is to be.
    begins_at DOUBLE PRECISION NOT NULL,
    ends_at DOUBLE PRECISION NOT NULL,
    begins BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    made BIGINT NOT NULL,
    actor TEXT NOT NULL,
    -- When people gave it up.
    dropped BIGINT,
    PRIMARY KEY (org, id)
);

-- The pulse: how many gave which answer, and no more. Who answered is kept beside it, so that everybody answers once.
CREATE TABLE pulse_count (
    org BIGINT NOT NULL,
    round TEXT NOT NULL,
    role TEXT NOT NULL,
    question BIGINT NOT NULL,
    answer BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (org, round, role, question, answer)
);
CREATE TABLE pulse_person (
    org BIGINT NOT NULL,
    round TEXT NOT NULL,
    person BIGINT NOT NULL,
    PRIMARY KEY (org, round, person)
);
