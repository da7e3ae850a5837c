-- When a snapshot was settled: what it brought is told in the ledger at that moment, which is later than it was
-- received where a job read it. `NULL`: before this was noted.
ALTER TABLE snapshot ADD COLUMN settled BIGINT;
