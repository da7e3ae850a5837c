-- When a version of a change leaves quarantine within its window: until then it waits. `NULL`: from the window's start.
ALTER TABLE scheduled ADD COLUMN ready BIGINT;

-- When what a batch removes was gone from the main line and from production, as it was seen first. `NULL`: it is not
-- yet, or nobody looked.
ALTER TABLE applied ADD COLUMN merged BIGINT;
ALTER TABLE applied ADD COLUMN deployed BIGINT;
