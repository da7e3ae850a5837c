-- Boards of sides that are mailed again and again, each to the person who asked for it.
CREATE TABLE board_mail (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    side TEXT NOT NULL,
    rhythm TEXT NOT NULL,
    hour BIGINT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (org, person, side)
);

-- What became of each time. It is begun before anything is sent, and by one alone.
CREATE TABLE board_mail_run (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    side TEXT NOT NULL,
    due BIGINT NOT NULL,
    state TEXT NOT NULL,
    changed BIGINT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (org, person, side, due)
);
