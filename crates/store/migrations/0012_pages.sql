-- What a tool says of a component, by component.
CREATE INDEX reported_component ON reported (org, component, asset);
-- What a team fixed, the last first. In the words of `findings/read.rs`.
CREATE INDEX finding_team_fixed ON finding (org, team, (COALESCE(fixed, 0)), id) WHERE state = 'fixed';
-- What happened to an asset as a whole.
CREATE INDEX event_asset_whole ON event (org, asset, seq) WHERE finding IS NULL;
-- Decisions about a vulnerability, of any state.
CREATE INDEX decision_vulnerability ON decision (org, vulnerability, id);
