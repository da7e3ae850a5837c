-- Rounds of the pulse whose sums the ledger was told, as far as they may be told, and when. 0: it is never told of them.
CREATE TABLE pulse_told (
    org BIGINT NOT NULL,
    round TEXT NOT NULL,
    told BIGINT NOT NULL,
    PRIMARY KEY (org, round)
);
-- Who answered until now was promised that the ledger is not told of it.
INSERT INTO pulse_told (org, round, told) SELECT DISTINCT org, round, 0 FROM pulse_count;

-- What the ledger was told of the stage of each team last (0: of the organisation), and on which day, since 1970.
CREATE TABLE maturity_told (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    day BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    met BIGINT NOT NULL,
    unmet BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    PRIMARY KEY (org, team)
);
