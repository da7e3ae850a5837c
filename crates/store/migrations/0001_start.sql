-- Who is there.
CREATE TABLE organisation (
    org BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    settings TEXT NOT NULL
);

-- The next free id of each kind of row in an organisation; processes take blocks of them.
CREATE TABLE counter (
    org BIGINT NOT NULL,
    kind TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (org, kind)
);

CREATE TABLE person (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    -- argon2id in PHC form. NULL: no password of ours (OIDC, or not yet chosen).
    password TEXT,
    -- The secret of one-time codes, sealed. NULL: not used.
    totp BYTEA,
    -- The last time step that was used, so that a code is good once.
    totp_step BIGINT,
    -- Issuer and subject at an OIDC provider.
    subject TEXT,
    disabled BOOLEAN NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX person_email ON person (org, email);
CREATE UNIQUE INDEX person_subject ON person (org, subject);

-- A role of a person within a scope: the organisation, a team or a system. `scope_id` is 0 for the organisation.
CREATE TABLE holds_role (
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    PRIMARY KEY (org, person, role, scope, scope_id)
);

CREATE TABLE session (
    digest TEXT NOT NULL PRIMARY KEY,
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    csrf TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_person ON session (org, person);

-- A link that signs in once: the first run, an invitation, a forgotten password.
CREATE TABLE sign_in_link (
    digest TEXT NOT NULL PRIMARY KEY,
    org BIGINT NOT NULL,
    person BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT
);

CREATE TABLE token (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    person BIGINT NOT NULL,
    actions TEXT NOT NULL,
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT,
    used BIGINT,
    PRIMARY KEY (org, id)
);

-- What they look after.
CREATE TABLE team (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    cadence TEXT,
    -- Points for dependency work in one window. NULL: not said.
    capacity DOUBLE PRECISION,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX team_name ON team (org, name);

CREATE TABLE system (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    team BIGINT,
    product_owner TEXT,
    operations TEXT,
    tier TEXT,
    exposure TEXT,
    -- JSON arrays; NULL: unknown.
    data TEXT,
    environments TEXT,
    failure TEXT,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX system_name ON system (org, name);
CREATE INDEX system_team ON system (org, team);

CREATE TABLE system_needs (
    org BIGINT NOT NULL,
    system BIGINT NOT NULL,
    needs BIGINT NOT NULL,
    PRIMARY KEY (org, system, needs)
);

CREATE TABLE asset (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    system BIGINT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The newest snapshot of its main line.
    latest BIGINT,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX asset_name ON asset (org, name);
CREATE INDEX asset_system ON asset (org, system);

-- The original bytes of what was received, compressed (zstd), by SHA-256 of the original.
CREATE TABLE document (
    org BIGINT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    received BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (org, digest)
);

-- What a document lists, as ids of components: made once for equal documents.
CREATE TABLE contents (
    org BIGINT NOT NULL,
    digest TEXT NOT NULL,
    components BIGINT NOT NULL,
    unknowns BIGINT NOT NULL,
    -- JSON, compressed (zstd): see `components.rs`.
    listed BYTEA NOT NULL,
    PRIMARY KEY (org, digest)
);

CREATE TABLE snapshot (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    document TEXT NOT NULL,
    revision TEXT,
    branch TEXT,
    build TEXT,
    received BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX snapshot_asset ON snapshot (org, asset, id);
CREATE INDEX snapshot_document ON snapshot (org, document);

CREATE TABLE deployment (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    environment TEXT NOT NULL,
    snapshot BIGINT NOT NULL,
    -- ok, failed, rolled-back
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX deployment_asset ON deployment (org, asset, environment, at);

-- What runs where now, derived from deployments.
CREATE TABLE running (
    org BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    environment TEXT NOT NULL,
    snapshot BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (org, asset, environment)
);

-- What is in it.
CREATE TABLE component (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    purl TEXT NOT NULL,
    -- The purl without version and qualifiers.
    package TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT,
    licence TEXT,
    -- Whether it comes from where the advisories of its ecosystem look.
    registry BOOLEAN NOT NULL,
    -- Whether `affects` has the matcher's answer for it.
    matched BOOLEAN NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX component_purl ON component (org, purl);
CREATE INDEX component_package ON component (org, package, id);
CREATE INDEX component_name ON component (org, name, id);
CREATE INDEX component_licence ON component (org, licence, id);

-- Which assets carry a component now: in the newest snapshot of the main line, or in one that runs
-- in production.
CREATE TABLE carried (
    org BIGINT NOT NULL,
    component BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    latest BOOLEAN NOT NULL,
    running BOOLEAN NOT NULL,
    scope TEXT NOT NULL,
    relation TEXT NOT NULL,
    -- How many files list it.
    files BIGINT NOT NULL,
    PRIMARY KEY (org, component, asset)
);
CREATE INDEX carried_asset ON carried (org, asset, component);

-- A group of advisories that assert that they are aliases.
CREATE TABLE vulnerability (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT,
    kind TEXT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX vulnerability_name ON vulnerability (org, name);

CREATE TABLE alias (
    org BIGINT NOT NULL,
    alias TEXT NOT NULL,
    vulnerability BIGINT NOT NULL,
    PRIMARY KEY (org, alias)
);
CREATE INDEX alias_vulnerability ON alias (org, vulnerability);

-- The matcher's answer for a distinct component, whoever carries it.
CREATE TABLE affects (
    org BIGINT NOT NULL,
    component BIGINT NOT NULL,
    vulnerability BIGINT NOT NULL,
    confidence TEXT NOT NULL,
    fix TEXT,
    PRIMARY KEY (org, component, vulnerability)
);
CREATE INDEX affects_vulnerability ON affects (org, vulnerability, component);

CREATE TABLE finding (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    -- The purl without version and qualifiers.
    package TEXT NOT NULL,
    vulnerability BIGINT NOT NULL,
    -- Denormalised for lists: where the asset belongs now.
    system BIGINT,
    team BIGINT,
    -- The component that has it now, or had it last.
    component BIGINT NOT NULL,
    -- open, merged (gone from the main line, still running), fixed, retracted
    state TEXT NOT NULL,
    -- Whether it is in production: NULL where it is not known what runs.
    production BOOLEAN,
    detected BIGINT NOT NULL,
    -- When it went from the main line, and from production.
    merged BIGINT,
    fixed BIGINT,
    -- The last weighing. NULL: not weighed.
    level BIGINT,
    level_least BIGINT,
    level_most BIGINT,
    probability DOUBLE PRECISION,
    weight DOUBLE PRECISION,
    -- A moment, or NULL with `deadline_kind` opportunistic or unknown.
    deadline BIGINT,
    deadline_kind TEXT,
    cost_least DOUBLE PRECISION,
    cost_most DOUBLE PRECISION,
    fix TEXT,
    -- The decision that holds: its id, and its kind (accepted, not-affected).
    decision BIGINT,
    decided TEXT,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX finding_key ON finding (org, asset, package, vulnerability);
CREATE INDEX finding_level ON finding (org, state, level, id);
CREATE INDEX finding_deadline ON finding (org, state, deadline, id);
CREATE INDEX finding_vulnerability ON finding (org, vulnerability, id);
CREATE INDEX finding_package ON finding (org, package, id);
CREATE INDEX finding_system ON finding (org, system, state, level, id);
CREATE INDEX finding_team ON finding (org, team, state, level, id);

CREATE TABLE attribution (
    org BIGINT NOT NULL,
    finding BIGINT NOT NULL,
    source TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- When the source was last seen to say so.
    last BIGINT NOT NULL,
    -- Since when it no longer says so.
    until BIGINT,
    -- JSON: what it says in its own words.
    said TEXT NOT NULL,
    PRIMARY KEY (org, finding, source)
);

-- What people agreed.
CREATE TABLE decision (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    -- exception, not-affected
    kind TEXT NOT NULL,
    -- asked, approved, refused, ended
    state TEXT NOT NULL,
    vulnerability TEXT,
    package TEXT,
    asset BIGINT,
    system BIGINT,
    environment TEXT,
    reason TEXT NOT NULL,
    justification TEXT,
    control TEXT,
    author BIGINT NOT NULL,
    author_role TEXT NOT NULL,
    approver BIGINT,
    approver_role TEXT,
    asked BIGINT NOT NULL,
    answered BIGINT,
    expires BIGINT,
    PRIMARY KEY (org, id)
);
CREATE INDEX decision_state ON decision (org, state, id);

CREATE TABLE charter (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    text TEXT NOT NULL,
    -- proposed, in-force, past, withdrawn
    state TEXT NOT NULL,
    author BIGINT NOT NULL,
    proposed BIGINT NOT NULL,
    in_force BIGINT,
    PRIMARY KEY (org, id)
);

CREATE TABLE charter_agreed (
    org BIGINT NOT NULL,
    charter BIGINT NOT NULL,
    side TEXT NOT NULL,
    person BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org, charter, side)
);

-- The ledger: what happened, each row sealed by the hash of the one before.
CREATE TABLE event (
    org BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    system BIGINT,
    asset BIGINT,
    finding BIGINT,
    data TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (org, seq)
);
CREATE INDEX event_finding ON event (org, finding, seq);
CREATE INDEX event_asset ON event (org, asset, seq);
CREATE INDEX event_kind ON event (org, kind, at);

CREATE TABLE ledger_head (
    org BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- Work to be done, and words to be sent.
CREATE TABLE job (
    id BIGINT NOT NULL PRIMARY KEY,
    org BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- The same work is waiting once.
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    -- 0 somebody waits, 1 an upload, 2 scheduled
    priority BIGINT NOT NULL,
    -- waiting, running, done, dead
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease BIGINT,
    worker TEXT,
    error TEXT,
    result TEXT,
    created BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX job_next ON job (state, priority, run_at, id);
CREATE INDEX job_org ON job (org, state, id);
CREATE INDEX job_name ON job (org, kind, name, state);

CREATE TABLE outbox (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    created BIGINT NOT NULL,
    sent BIGINT,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX outbox_unsent ON outbox (sent, id);

-- Answers that were given to requests with an idempotency key.
CREATE TABLE answered (
    org BIGINT NOT NULL,
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, name)
);

-- The load by day, derived from the ledger.
CREATE TABLE load_day (
    org BIGINT NOT NULL,
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    -- Days since 1970-01-01, UTC.
    day BIGINT NOT NULL,
    load DOUBLE PRECISION NOT NULL,
    critical BIGINT NOT NULL,
    high BIGINT NOT NULL,
    medium BIGINT NOT NULL,
    low BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    PRIMARY KEY (org, scope, scope_id, day)
);

CREATE TABLE feed (
    name TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    checked BIGINT,
    changed BIGINT,
    error TEXT
);
