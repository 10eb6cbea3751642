-- Version 2: models, what users said of flows for training, and predictions.

-- Slim; the file stands apart. `state`: 0 candidate, 1 active, 2 former.
CREATE TABLE model (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    schema TEXT NOT NULL,
    kind TEXT NOT NULL,
    origin INTEGER NOT NULL,
    created INTEGER NOT NULL,
    actor TEXT NOT NULL,
    rows INTEGER NOT NULL,
    digest TEXT NOT NULL,
    threshold REAL NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    -- The model that was active before it.
    before TEXT,
    metrics TEXT NOT NULL,
    card TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX model_active ON model (schema) WHERE state = 1;

-- `held`: records that it was not trained on, to compare it with others.
CREATE TABLE model_file (
    model INTEGER PRIMARY KEY REFERENCES model (key) ON DELETE CASCADE,
    file BLOB NOT NULL,
    held BLOB
) STRICT;

CREATE TABLE label (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    flow TEXT NOT NULL,
    attack INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (source, flow)
) STRICT;

CREATE TABLE prediction (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX prediction_user ON prediction (user, id);
