-- Incidents: what each is about. How it goes is told by its events.
CREATE TABLE incident (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    title TEXT NOT NULL,
    -- What is looked for: a purl or a name of a vulnerability, and a version or range of it; may be empty.
    looked_for TEXT NOT NULL,
    versions TEXT NOT NULL,
    -- When the world was told. NULL: nobody said.
    published BIGINT,
    -- The past event that a drill plays; empty: one of our own. NULL: it is real.
    drill TEXT,
    -- How many minutes of the past go by in one of the drill.
    speed BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    closed BIGINT,
    PRIMARY KEY (org, id)
);

-- What happened in an incident, in order. The same stands in the ledger.
CREATE TABLE incident_event (
    org BIGINT NOT NULL,
    incident BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The team that it is about. NULL: the whole, or what nobody owns; `kind` says which.
    team BIGINT,
    -- JSON: what was said.
    told TEXT NOT NULL,
    PRIMARY KEY (org, incident, seq)
);

-- The systems that an incident touched, ever: who may see one of them may see the incident.
CREATE TABLE incident_system (
    org BIGINT NOT NULL,
    incident BIGINT NOT NULL,
    system BIGINT NOT NULL,
    PRIMARY KEY (org, incident, system)
);

-- What people ask of each other outside of the plan: a change outside of any cadence, a dispute about what is first.
-- One person asks, another answers.
CREATE TABLE appeal (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    -- `emergency` or `dispute`.
    kind TEXT NOT NULL,
    incident BIGINT,
    finding BIGINT,
    asset BIGINT NOT NULL,
    package TEXT NOT NULL,
    system BIGINT,
    team BIGINT,
    -- `now` or `later`.
    wanted TEXT NOT NULL,
    reason TEXT NOT NULL,
    author BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    -- Until when it is to be answered.
    due BIGINT NOT NULL,
    -- `asked`, `granted` or `refused`.
    state TEXT NOT NULL,
    -- By which rule of the charter it is answered, in words, as it was when it was asked.
    rule TEXT NOT NULL,
    -- The sides that may answer, a JSON list.
    sides TEXT NOT NULL,
    approver BIGINT,
    approver_role TEXT,
    answered BIGINT,
    answer TEXT NOT NULL,
    PRIMARY KEY (org, id)
);

-- Who answers for a part of the work on a system. What has no row is the owner team's.
CREATE TABLE system_person (
    org BIGINT NOT NULL,
    system BIGINT NOT NULL,
    part TEXT NOT NULL,
    person BIGINT NOT NULL,
    PRIMARY KEY (org, system, part)
);
