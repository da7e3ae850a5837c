-- When nothing went wrong last with a feed.
ALTER TABLE feed ADD COLUMN succeeded BIGINT;
