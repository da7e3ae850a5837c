-- The packages that most is built on, the first of them by place; reckoned once a day.
CREATE TABLE relied_package (
    org BIGINT NOT NULL,
    package TEXT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (org, package)
);

-- What the registry of a version that is carried told whoever pushed it. NULL: it does not tell.
CREATE TABLE package_told (
    org BIGINT NOT NULL,
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    -- When somebody tried last, and about which asset.
    tried BIGINT NOT NULL,
    tried_by BIGINT NOT NULL,
    -- When the registry was asked, and by which program. NULL: it never answered.
    asked BIGINT,
    source TEXT NOT NULL,
    published BIGINT,
    -- When the newest version was published, which that is, and how many came after this one.
    last_release BIGINT,
    newest TEXT,
    since BIGINT,
    -- offered, deprecated, yanked; and in which words.
    standing TEXT,
    words TEXT NOT NULL,
    archived BOOLEAN,
    -- When it came here, about which asset, and who sent it.
    told BIGINT NOT NULL,
    asset BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (org, package, version)
);

-- When a provider said last that the person has this address.
ALTER TABLE person ADD COLUMN verified BIGINT;

-- Who merged an update, where git or they themselves tell.
CREATE TABLE applied_merge (
    org BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    person BIGINT NOT NULL,
    -- git (the merge of the main line is theirs, by its address), said (by themselves).
    how TEXT NOT NULL,
    -- The merge, and when it was, as git tells; or when they said it.
    revision TEXT,
    at BIGINT,
    -- When it came here, and who sent it.
    told BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (org, applied)
);
CREATE INDEX applied_merge_person ON applied_merge (org, person, applied);

-- Who said that they did not merge an update: nobody tells it of them again but they themselves.
CREATE TABLE applied_merge_denied (
    org BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    person BIGINT NOT NULL,
    PRIMARY KEY (org, applied, person)
);

-- When whoever pushes was asked last who merged it.
ALTER TABLE applied ADD COLUMN merger_asked BIGINT;

-- Counts the changes of a supplier: who changes it says which one they have read.
ALTER TABLE supplier ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- How much of a criterion of maturity is enough for the organisation, in percent; why, and who said so.
CREATE TABLE maturity_threshold (
    org BIGINT NOT NULL,
    criterion TEXT NOT NULL,
    least BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (org, criterion)
);

-- The stage of a team (0: of the organisation) on a day, with how many criteria were met, not met and unknown.
CREATE TABLE maturity_day (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    day BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    met BIGINT NOT NULL,
    unmet BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    PRIMARY KEY (org, team, day)
);

-- How far the ledger was found to hold, by a job: the entry with its seal, when the pass began and was gone on with last,
-- how many entries there were, and what the last pass came to that ended (1: it holds), since when that is known.
CREATE TABLE ledger_proof (
    org BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    began BIGINT NOT NULL,
    read BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    holds BIGINT,
    since BIGINT
);

-- Since when a refusal is of a branch that was left: nothing came on it for long.
ALTER TABLE verdict ADD COLUMN abandoned BIGINT;
