-- Backups that were made: when, and how large they were.
CREATE TABLE backup_made (
    at BIGINT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL
);
