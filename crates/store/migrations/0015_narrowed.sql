-- The ledger, narrowed and in its own order: a page of a long one is found, and not looked for.
CREATE INDEX event_system ON event (org, system, seq);
CREATE INDEX event_actor ON event (org, actor, seq);
CREATE INDEX event_kind_seq ON event (org, kind, seq);

-- From where people try to sign in, over all servers: before anybody is known, so that it is of no organisation.
CREATE TABLE attempt (
    -- An address; of IPv6 its network.
    network TEXT NOT NULL PRIMARY KEY,
    -- When all that was tried is made up for. What is past is forgotten.
    until BIGINT NOT NULL
);
CREATE INDEX attempt_until ON attempt (until);
