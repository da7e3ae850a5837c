-- What was carried when a monthly review was opened, so that the next can say what came and went.
CREATE TABLE review_stock (
    org BIGINT NOT NULL,
    review BIGINT NOT NULL,
    -- JSON, compressed (zstd), its size in front.
    listed BYTEA NOT NULL,
    PRIMARY KEY (org, review)
);

-- People who want that what their updates removed is shown to nobody else.
CREATE TABLE unshown (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (org, person)
);

-- Deployments of a time, of all assets.
CREATE INDEX deployment_at ON deployment (org, at) WHERE outcome <> 'stopped';
