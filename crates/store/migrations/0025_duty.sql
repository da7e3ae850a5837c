-- Who is on duty in a team: people in their order and how it goes round, as the server reads it.
CREATE TABLE rota (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (org, team)
);

-- Days of a rota that somebody takes for others, from the hand-over of one day until that of another (2026-03-02).
CREATE TABLE rota_cover (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    begins TEXT NOT NULL,
    ends TEXT NOT NULL,
    person BIGINT NOT NULL,
    PRIMARY KEY (org, team, begins)
);

-- Test letters of teams' channels, and what each channel answered. Kept for a month: they limit how often.
CREATE TABLE channel_try (
    org BIGINT NOT NULL,
    team BIGINT NOT NULL,
    at BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    actor TEXT NOT NULL,
    channel TEXT NOT NULL,
    works BOOLEAN,
    answer TEXT NOT NULL,
    PRIMARY KEY (org, team, at, nth)
);

-- `near-miss`: it was caught before anything was touched. NULL: an incident, or a drill.
ALTER TABLE incident ADD COLUMN kind TEXT;
