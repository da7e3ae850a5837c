-- A token may sign: its public handle, and the sealed secret that a sender signs with.
ALTER TABLE token ADD COLUMN hook TEXT;
ALTER TABLE token ADD COLUMN hook_secret BYTEA;
CREATE INDEX token_hook ON token (hook);
