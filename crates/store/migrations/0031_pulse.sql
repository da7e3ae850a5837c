-- Rounds of the pulse whose sums the ledger was told, as far as they may be told.
CREATE TABLE pulse_told (
    org BIGINT NOT NULL,
    round TEXT NOT NULL,
    told BIGINT NOT NULL,
    PRIMARY KEY (org, round)
);
