-- The tracker of a team: where its tickets are, and how far it was looked at.
CREATE TABLE tracker (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    -- Which software: a word of the server.
    software TEXT NOT NULL,
    -- Where its API is.
    address TEXT NOT NULL,
    -- The project there.
    project TEXT NOT NULL,
    -- JSON: the type of tickets, names of fields, words of states.
    settings TEXT NOT NULL,
    -- JSON: the component of an asset or system, by its name.
    components TEXT NOT NULL,
    -- The most tickets that are open at once.
    open_limit BIGINT NOT NULL,
    -- Whether an administrator allowed an address of a private network.
    private BOOLEAN NOT NULL,
    -- The sealed token, and the sealed secret of its webhooks.
    token BYTEA NOT NULL,
    secret BYTEA NOT NULL,
    -- What names it in the address of its webhooks, and in the marks of its tickets.
    handle TEXT NOT NULL,
    -- Who set it last: who asks for what people there will not do.
    person BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    -- Up to when it told what changed. `NULL`: it was not asked yet.
    told BIGINT,
    -- When it was looked at last, and what went wrong then.
    looked BIGINT,
    trouble TEXT NOT NULL,
    -- Until when it asks to be left alone.
    rests BIGINT,
    -- Who works with it now, and until when that holds.
    worker TEXT,
    lease BIGINT,
    PRIMARY KEY (org, team)
);
CREATE INDEX tracker_handle ON tracker (handle);

-- The ticket of an action: a package of an asset that is raised for a team.
CREATE TABLE ticket (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    package TEXT NOT NULL,
    -- `open`, `over`: whether it is wanted.
    want TEXT NOT NULL,
    -- JSON: what is to stand in it, and what that was made of.
    told TEXT NOT NULL,
    -- What is known beside the tracker: its key there, when it was sent and nobody answered, the note that was written.
    key TEXT,
    sent BIGINT,
    note TEXT,
    -- JSON: what the tracker had when it was looked at. Empty: nobody looked yet.
    seen TEXT NOT NULL,
    -- When all was as it should be. `NULL`: it is to be looked at.
    looked BIGINT,
    trouble TEXT NOT NULL,
    -- Points that people gave it there.
    points DOUBLE PRECISION,
    -- When an exception was asked for because people will not do it, and what became of that in words.
    asked BIGINT,
    answer TEXT NOT NULL,
    PRIMARY KEY (org, team, asset, package)
);
CREATE INDEX ticket_key ON ticket (org, team, key);
