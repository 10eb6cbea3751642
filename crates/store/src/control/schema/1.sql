-- Version 1: the first. Never edited once released; a change is a file with the next number.

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE value (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    role INTEGER NOT NULL,
    password TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    last_login INTEGER,
    preferences TEXT NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    peer TEXT NOT NULL,
    agent TEXT NOT NULL,
    csrf TEXT NOT NULL,
    authenticated INTEGER NOT NULL
) STRICT;
CREATE INDEX session_user ON session (user);

CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    role INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used_at INTEGER,
    used_from TEXT
) STRICT;
CREATE INDEX token_user ON token (user);

-- Ids are never used twice: folders of history and evidence are named after them.
CREATE TABLE source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    packets INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    problem TEXT
) STRICT;
-- 1 is the sensor itself.
INSERT INTO sqlite_sequence (name, seq) VALUES ('source', 1);

CREATE TABLE document (
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    actor TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT;

CREATE TABLE document_version (
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    actor TEXT NOT NULL,
    size INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, name, version)
) STRICT;

-- Slim, so that a look over all of them reads little; the record stands apart.
-- Addresses are text with a space before and behind each.
CREATE TABLE alert (
    key INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    severity INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    escalated INTEGER NOT NULL DEFAULT 0,
    suppressed TEXT,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    incident TEXT,
    detector TEXT NOT NULL,
    technique TEXT NOT NULL,
    title TEXT NOT NULL,
    src TEXT NOT NULL,
    dst TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    changed_by TEXT,
    changed_at INTEGER,
    settled_severity INTEGER,
    UNIQUE (source, id)
) STRICT;
CREATE INDEX alert_order ON alert (source, escalated, last, key);
CREATE INDEX alert_order_all ON alert (escalated, last, key);
CREATE INDEX alert_incident ON alert (source, incident) WHERE incident IS NOT NULL;
CREATE INDEX alert_state ON alert (source, state, severity) WHERE suppressed IS NULL;

CREATE TABLE alert_record (
    alert INTEGER PRIMARY KEY REFERENCES alert (key) ON DELETE CASCADE,
    record TEXT NOT NULL
) STRICT;

CREATE TABLE story (
    id INTEGER PRIMARY KEY,
    alert INTEGER NOT NULL REFERENCES alert (key) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;
CREATE INDEX story_alert ON story (alert);

-- State, escalation and suppression are those of the steps, kept here for speed.
CREATE TABLE incident (
    key INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    severity INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    escalated INTEGER NOT NULL DEFAULT 0,
    hidden INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    title TEXT NOT NULL,
    alerts TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (source, id)
) STRICT;
CREATE INDEX incident_order ON incident (escalated, last, key);

CREATE TABLE device (
    key INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    mac TEXT,
    vendor TEXT,
    addresses TEXT NOT NULL,
    -- The first address as 16 bytes, to order by.
    address BLOB,
    names TEXT NOT NULL,
    services TEXT NOT NULL,
    learned TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    -- The process run that the three counts of `run_*` belong to; earlier runs are in `past_*`.
    run INTEGER NOT NULL,
    run_sent INTEGER NOT NULL,
    run_received INTEGER NOT NULL,
    run_flows INTEGER NOT NULL,
    past_sent INTEGER NOT NULL DEFAULT 0,
    past_received INTEGER NOT NULL DEFAULT 0,
    past_flows INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]',
    notes TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'new',
    UNIQUE (source, id)
) STRICT;
CREATE INDEX device_last ON device (source, last);

-- Which devices have an address; `place` 0 is the latest address of a device.
CREATE TABLE device_address (
    source INTEGER NOT NULL,
    address TEXT NOT NULL,
    device INTEGER NOT NULL REFERENCES device (key) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    PRIMARY KEY (source, address, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_address_device ON device_address (device);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    peer TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    result TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- `anchor`: the last entry that was removed for its age. `head`: the latest entry.
CREATE TABLE audit_end (
    name TEXT PRIMARY KEY,
    id INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
