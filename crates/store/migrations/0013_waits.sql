-- What waits for somebody, in the words of the questions: an index of a part is only used where they agree.
-- Gone from the main line, and still running.
CREATE INDEX finding_merged ON finding (org, asset) WHERE state = 'merged';
-- What could not be weighed, in the order of its coming.
CREATE INDEX finding_unweighed ON finding (org, level, detected, id, state)
    WHERE state IN ('open', 'merged') AND level IS NULL;
-- Deployments that went wrong.
CREATE INDEX deployment_wrong ON deployment (org, at) WHERE outcome IN ('failed', 'rolled-back');
-- Decisions in force, by their end.
CREATE INDEX decision_ends ON decision (org, expires, id) WHERE state = 'approved';
-- What is scheduled at once, or in a window.
CREATE INDEX scheduled_window ON scheduled (org, starts, ends);
