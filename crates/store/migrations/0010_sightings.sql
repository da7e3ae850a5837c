-- Where a cluster that lists all that runs in it was last seen to run an asset: what is no longer in its
-- list, and in no other's, has stopped.
CREATE TABLE sighting (
    org BIGINT NOT NULL,
    environment TEXT NOT NULL,
    cluster TEXT NOT NULL,
    asset BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org, environment, cluster, asset)
);
CREATE INDEX sighting_asset ON sighting (org, asset, environment);
