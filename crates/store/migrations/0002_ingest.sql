-- What tools other than ours say about an asset: one row for each tool, package and vulnerability. A
-- finding lives while any of them, or the matcher, says so.
CREATE TABLE reported (
    org BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    source TEXT NOT NULL,
    -- The purl without version and qualifiers.
    package TEXT NOT NULL,
    vulnerability BIGINT NOT NULL,
    component BIGINT NOT NULL,
    since BIGINT NOT NULL,
    -- When the tool was last seen to say so.
    last BIGINT NOT NULL,
    -- Since when it no longer does.
    until BIGINT,
    -- JSON: what it says in its own words.
    said TEXT NOT NULL,
    PRIMARY KEY (org, asset, source, package, vulnerability)
);
CREATE INDEX reported_vulnerability ON reported (org, vulnerability);

-- Reports that were received; the bytes are documents.
CREATE TABLE report (
    org BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    source TEXT NOT NULL,
    document TEXT NOT NULL,
    received BIGINT NOT NULL,
    -- Whether what is missing in it may not be gone.
    incomplete BOOLEAN NOT NULL,
    PRIMARY KEY (org, asset, source, document)
);
CREATE INDEX report_document ON report (org, document);

-- VEX documents that hold; the bytes are documents. `asset` 0: for the whole organisation.
CREATE TABLE vex (
    org BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    document TEXT NOT NULL,
    received BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (org, asset, document)
);
CREATE INDEX vex_document ON vex (org, document);

-- The compressed bytes of a document that is too large for one row, in order; `document.bytes` is empty then.
CREATE TABLE document_piece (
    org BIGINT NOT NULL,
    digest TEXT NOT NULL,
    number BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (org, digest, number)
);
