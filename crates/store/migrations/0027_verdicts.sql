-- What the gate said of a change, and what became of it. `source`: push (the server's own answer to who waited), gate
-- (what `trimtab gate` decided), check-new (what was asked before a package was added).
CREATE TABLE verdict (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    source TEXT NOT NULL,
    -- passed, refused, unknown
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- When the same was said last, and how often.
    last BIGINT NOT NULL,
    times BIGINT NOT NULL,
    actor TEXT NOT NULL,
    revision TEXT,
    -- NULL: the main line, or nobody said.
    branch TEXT,
    snapshot BIGINT,
    headline TEXT NOT NULL,
    charter TEXT NOT NULL,
    -- The reasons as JSON, the first of them; how many there were.
    reasons TEXT NOT NULL,
    count BIGINT NOT NULL,
    -- Of what was said: the same again is no other verdict.
    digest TEXT NOT NULL,
    -- Reasons that no decision about a finding can answer.
    loose BIGINT NOT NULL,
    -- What answered a refusal: passed (a later verdict) or decided (a decision about all that refused), its id and when.
    answered_how TEXT,
    answered_by BIGINT,
    answered BIGINT,
    PRIMARY KEY (org, id)
);
CREATE INDEX verdict_asset ON verdict (org, asset, id);
CREATE INDEX verdict_last ON verdict (org, last, id);
CREATE INDEX verdict_open ON verdict (org, outcome, answered, id);

-- The vulnerabilities that refused, by the ids of what is known here.
CREATE TABLE verdict_subject (
    org BIGINT NOT NULL,
    verdict BIGINT NOT NULL,
    vulnerability BIGINT NOT NULL,
    PRIMARY KEY (org, verdict, vulnerability)
);

-- The refusal that a near miss was opened from.
ALTER TABLE incident ADD COLUMN verdict BIGINT;
CREATE INDEX incident_verdict ON incident (org, verdict);

-- Since when promises hold that were made later than the first, as JSON by their words. NULL: all were made with it.
ALTER TABLE supplier ADD COLUMN promised TEXT;

-- How each product stands with what was promised, as it was judged last. It holds until `until`, or until another `mark`
-- says that something of it is other than it was.
CREATE TABLE supplier_judgement (
    org BIGINT NOT NULL,
    product BIGINT NOT NULL,
    mark TEXT NOT NULL,
    at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    -- How many promises are kept, broken and unknown.
    met BIGINT NOT NULL,
    broken BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    -- JSON: the server reads it.
    told TEXT NOT NULL,
    PRIMARY KEY (org, product)
);

-- 1: letters are written to the supplier itself. NULL and 0: they are not.
ALTER TABLE supplier ADD COLUMN letters BIGINT;

-- What was told to a supplier in letters, each thing once. It is begun before anything is sent, and by one alone.
CREATE TABLE supplier_letter (
    org BIGINT NOT NULL,
    supplier BIGINT NOT NULL,
    item TEXT NOT NULL,
    mark TEXT NOT NULL,
    at BIGINT NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (org, supplier, item, mark)
);
