-- Suppliers: who delivers what to us, and what was promised.
CREATE TABLE supplier (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    contract TEXT NOT NULL,
    contract_ends BIGINT,
    -- JSON: the server reads it.
    obligations TEXT NOT NULL,
    made BIGINT NOT NULL,
    -- Since when nothing is delivered any longer. NULL: it is.
    ended BIGINT,
    PRIMARY KEY (org, id)
);

-- What they deliver. The asset stands for it; its system says who may see it.
CREATE TABLE supplier_product (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    supplier BIGINT NOT NULL,
    name TEXT NOT NULL,
    asset BIGINT NOT NULL,
    -- The newest release that we were told of, and when.
    newest TEXT,
    newest_since BIGINT,
    made BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE INDEX supplier_product_supplier ON supplier_product (org, supplier);
CREATE UNIQUE INDEX supplier_product_asset ON supplier_product (org, asset);

-- Links by which a supplier sends and answers without an account. Only the digest of each is kept.
CREATE TABLE supplier_link (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    supplier BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    person BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    withdrawn BIGINT,
    used BIGINT,
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX supplier_link_digest ON supplier_link (digest);

-- What they sent, the bytes being a document as any other.
CREATE TABLE supplier_document (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    supplier BIGINT NOT NULL,
    product BIGINT NOT NULL,
    -- `sbom` or `vex`.
    kind TEXT NOT NULL,
    -- Of which version of the product; empty: it was not said.
    version TEXT NOT NULL,
    document TEXT NOT NULL,
    received BIGINT NOT NULL,
    -- By which link. NULL: somebody of ours sent it for them.
    link BIGINT,
    actor TEXT NOT NULL,
    -- When it was made, by its own word.
    made BIGINT,
    -- JSON: format, quality, what it states; the server reads it.
    told TEXT NOT NULL,
    -- When somebody let a VEX document hold, and who.
    taken BIGINT,
    taken_by TEXT,
    PRIMARY KEY (org, id)
);
CREATE INDEX supplier_document_product ON supplier_document (org, product, id);
CREATE INDEX supplier_document_supplier ON supplier_document (org, supplier, id);
CREATE INDEX supplier_document_bytes ON supplier_document (org, document);

-- What we ask them, and what they answered.
CREATE TABLE supplier_question (
    org BIGINT NOT NULL,
    id BIGINT NOT NULL,
    supplier BIGINT NOT NULL,
    product BIGINT NOT NULL,
    finding BIGINT,
    vulnerability TEXT,
    words TEXT NOT NULL,
    author BIGINT NOT NULL,
    author_role TEXT NOT NULL,
    asked BIGINT NOT NULL,
    due BIGINT NOT NULL,
    -- `asked`, `answered` or `withdrawn`.
    state TEXT NOT NULL,
    answered BIGINT,
    link BIGINT,
    -- JSON: what they answered; the server reads it.
    answer TEXT,
    -- The decision that was asked for out of the answer.
    decision BIGINT,
    PRIMARY KEY (org, id)
);
CREATE INDEX supplier_question_supplier ON supplier_question (org, supplier, id);
CREATE INDEX supplier_question_finding ON supplier_question (org, finding);
