-- JSON: how the ledger was told last that it stands with a ticket. Empty: it was never told.
ALTER TABLE ticket ADD COLUMN stood TEXT NOT NULL DEFAULT '';
