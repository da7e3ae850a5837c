-- How many updates a team may have open at a time. NULL: no limit.
ALTER TABLE team ADD COLUMN open_limit BIGINT;
