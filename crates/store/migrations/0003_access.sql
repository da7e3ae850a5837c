-- A way to sign in that has begun and not ended: a password was right and a code is waited for, or
-- somebody was sent to a provider.
CREATE TABLE sign_in_step (
    digest TEXT NOT NULL PRIMARY KEY,
    org BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    expires BIGINT NOT NULL
);

-- What stands in for a one-time code, once each.
CREATE TABLE recovery_code (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (org, person, digest)
);
