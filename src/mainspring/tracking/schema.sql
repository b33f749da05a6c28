-- The facts of Mainspring at their newest revision, for SQLite and Postgres alike.
--
-- postgres.py rewrites three words for Postgres: an INTEGER PRIMARY KEY becomes an identity column, every text column
-- compares by bytes, and WITHOUT ROWID goes away. Times are seconds since 1970 UTC by the database's clock, unless said
-- otherwise or named _ns.
-- There are no foreign keys: a result and its metrics outlive the run that made them, and what may be deleted is decided in
-- runs.py and results.py. A change here is a new revision: see migrations/.

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- `expires`: when the leases of this run may be taken over.
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    pipeline TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'lost')),
    started DOUBLE PRECISION NOT NULL,
    ended DOUBLE PRECISION,
    beat DOUBLE PRECISION NOT NULL,
    expires DOUBLE PRECISION NOT NULL,
    owner TEXT NOT NULL,
    seed TEXT NOT NULL,
    error TEXT,
    pinned BIGINT NOT NULL CHECK (pinned IN (0, 1))
);
CREATE INDEX runs_by_time ON runs (started, id);
CREATE INDEX runs_by_pipeline ON runs (pipeline, started, id);
CREATE INDEX runs_running ON runs (id) WHERE status = 'running';

-- Apart from `runs`, whose rows are rewritten at each heartbeat and read by the hundred.
CREATE TABLE records (
    run TEXT NOT NULL PRIMARY KEY,
    record TEXT NOT NULL
);

-- Artifacts of a run itself: source snapshot, kept inputs.
CREATE TABLE kept (
    run TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    blob TEXT NOT NULL,
    codec TEXT NOT NULL,
    size BIGINT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (run, name)
);
CREATE INDEX kept_by_digest ON kept (digest);

-- `result`: the result that this step run made or used; it stays when the key gets another result later.
-- `run_started` is by the database's clock, as step runs of several hosts are ordered by it; `started` is by the host's.
CREATE TABLE steps (
    run TEXT NOT NULL,
    name TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    run_started DOUBLE PRECISION NOT NULL,
    position BIGINT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    key TEXT NOT NULL,
    result BIGINT,
    started DOUBLE PRECISION NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    cpu_seconds DOUBLE PRECISION NOT NULL,
    peak_rss BIGINT NOT NULL,
    cost DOUBLE PRECISION,
    host TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT,
    log TEXT,
    code TEXT NOT NULL,
    inputs TEXT NOT NULL,
    warnings TEXT NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX steps_by_time ON steps (name, pipeline, run_started, run);

-- Which step runs read an artifact.
CREATE TABLE uses (
    digest TEXT NOT NULL,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    PRIMARY KEY (digest, run, step)
) WITHOUT ROWID;

-- The row of the empty key belongs to no run: it holds the last generation that was given out.
CREATE TABLE leases (
    key TEXT NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL,
    run TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO leases (key, generation, run) VALUES ('', 0, '');

-- `id`: the generation of the lease that it was committed under. `live`: what a lookup by key finds, at most one a key.
CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    live BIGINT NOT NULL CHECK (live IN (0, 1))
);
CREATE UNIQUE INDEX results_live ON results (key) WHERE live = 1;

CREATE TABLE artifacts (
    result BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    blob TEXT NOT NULL,
    codec TEXT NOT NULL,
    size BIGINT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (result, position)
) WITHOUT ROWID;
CREATE INDEX artifacts_by_digest ON artifacts (digest);

-- `value`: null stands for NaN, which SQLite has no place for.
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    value DOUBLE PRECISION,
    at BIGINT,
    time DOUBLE PRECISION NOT NULL
);
CREATE INDEX metrics_by_step ON metrics (run, step);

CREATE TABLE logged (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('figure', 'table')),
    artifact TEXT NOT NULL,
    digest TEXT NOT NULL,
    blob TEXT NOT NULL,
    codec TEXT NOT NULL,
    size BIGINT NOT NULL,
    summary TEXT NOT NULL,
    time DOUBLE PRECISION NOT NULL
);
CREATE INDEX logged_by_step ON logged (run, step);

-- What a path's content was when it was last read. `inode` is text, since some file systems use all 64 bits of it.
CREATE TABLE files (
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    inode TEXT NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    ctime_ns BIGINT NOT NULL,
    digest TEXT NOT NULL,
    seen_ns BIGINT NOT NULL,
    PRIMARY KEY (host, path)
) WITHOUT ROWID;

CREATE TABLE memo (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- `versions`: the number that was given out last. Whoever changes anything of a model updates this row first: it is the
-- lock of the model.
CREATE TABLE models (
    name TEXT NOT NULL PRIMARY KEY,
    versions BIGINT NOT NULL,
    created DOUBLE PRECISION NOT NULL
);

-- `trusted`: digests of source in the package that may run, separated by blanks.
CREATE TABLE versions (
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    run TEXT,
    created DOUBLE PRECISION NOT NULL,
    note TEXT NOT NULL,
    trusted TEXT NOT NULL,
    PRIMARY KEY (name, number)
);
CREATE UNIQUE INDEX versions_by_digest ON versions (name, digest);

-- `generation`: how often the alias was moved.
CREATE TABLE aliases (
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    number BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (name, alias)
);

-- What `aliases` was and why; rows are only added.
CREATE TABLE alias_moves (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    generation BIGINT NOT NULL,
    source BIGINT,
    target BIGINT NOT NULL,
    who TEXT NOT NULL,
    moved DOUBLE PRECISION NOT NULL,
    why TEXT NOT NULL,
    evidence TEXT
);
CREATE UNIQUE INDEX alias_moves_by_generation ON alias_moves (name, alias, generation);

-- What a version was trained on, as its package says. `until` is the last moment that training knew, ISO 8601.
CREATE TABLE training (
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    until TEXT NOT NULL,
    refit BIGINT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (name, number)
);

-- What the gates said of a version. `digest` is that of `record`, the report as JSON; `against` the champion then.
CREATE TABLE gate_reports (
    digest TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    package TEXT NOT NULL,
    against BIGINT,
    passed BIGINT NOT NULL,
    made DOUBLE PRECISION NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX gate_reports_by_version ON gate_reports (name, number, made);

CREATE TABLE gate_answers (
    report TEXT NOT NULL,
    position BIGINT NOT NULL,
    gate TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('pass', 'fail', 'inconclusive')),
    says TEXT NOT NULL,
    PRIMARY KEY (report, position)
);

-- Why `champion` moved: each row was added in one transaction with the move of the same generation. Rows are only added.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('promotion', 'rollback')),
    source BIGINT,
    target BIGINT NOT NULL,
    report TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    made DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX decisions_by_generation ON decisions (name, generation);

-- A person who looked at a version and stands for it, where the gates ask for one.
CREATE TABLE sign_offs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    made DOUBLE PRECISION NOT NULL
);
CREATE INDEX sign_offs_by_version ON sign_offs (name, number);

-- What checks said, on their subject and on planted faults; `digest` is of all the rest but `id`. `key`: of the step run.
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    key TEXT NOT NULL,
    test TEXT NOT NULL,
    name TEXT NOT NULL,
    record TEXT NOT NULL,
    time DOUBLE PRECISION NOT NULL,
    digest TEXT NOT NULL
);
CREATE INDEX evidence_by_step ON evidence (run, step);

-- What people say of a pipeline; `withdrawn`: since when it does not hold any more.
CREATE TABLE attestations (
    id INTEGER PRIMARY KEY,
    pipeline TEXT NOT NULL,
    test TEXT NOT NULL,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    time DOUBLE PRECISION NOT NULL,
    withdrawn DOUBLE PRECISION
);
CREATE INDEX attestations_by_pipeline ON attestations (pipeline, test);
-- What was found when a run was run again; rows are only added, and go with their run. `record`: JSON of `mainspring
-- reproduce`.
CREATE TABLE proofs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    verdict TEXT NOT NULL,
    record TEXT NOT NULL,
    made DOUBLE PRECISION NOT NULL
);
CREATE INDEX proofs_by_run ON proofs (run, id);

-- What was found and what people said of it. `rule`: the check; `source`: what was looked at, each on its own; `columns` and
-- `windows`: lists as JSON; `silent`: in how many windows after `last` it did not show, up to window `heard`; `told`: when its
-- last change was. Times are those that observers give.
CREATE TABLE alerts (
    id TEXT NOT NULL PRIMARY KEY,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    rule TEXT NOT NULL,
    segment TEXT NOT NULL,
    columns TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
    began DOUBLE PRECISION NOT NULL,
    last DOUBLE PRECISION NOT NULL,
    resolved DOUBLE PRECISION,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    windows TEXT NOT NULL,
    size DOUBLE PRECISION NOT NULL,
    says TEXT NOT NULL,
    record TEXT NOT NULL,
    silent BIGINT NOT NULL,
    heard BIGINT NOT NULL,
    told DOUBLE PRECISION NOT NULL,
    changes BIGINT NOT NULL
);
CREATE INDEX alerts_by_time ON alerts (began, id);
CREATE UNIQUE INDEX alerts_open ON alerts (model, version, source, rule, segment) WHERE state <> 'resolved';

-- The outbox: each change of an alert, in its order, until a receiver has taken it. `next`: when it is tried; null where there
-- is no receiver.
CREATE TABLE alert_changes (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    alert TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('firing', 'again', 'acknowledged', 'resolved')),
    at DOUBLE PRECISION NOT NULL,
    body TEXT NOT NULL,
    delivered DOUBLE PRECISION,
    attempts BIGINT NOT NULL,
    next DOUBLE PRECISION,
    error TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_changes_by_id ON alert_changes (id);
CREATE INDEX alert_changes_by_alert ON alert_changes (alert, number);
CREATE INDEX alert_changes_waiting ON alert_changes (number) WHERE delivered IS NULL AND next IS NOT NULL;

-- Up to which window each version was observed. The row of an empty version and source is the lock of a model's alerts.
CREATE TABLE alert_windows (
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (model, version, source)
);

-- What triggers decided. A `held` row gives way to what its trigger decides next; one that fires stays as it is until it
-- is closed: then all that it set off has ended. At most one of a model is open. Times of these four tables are those of
-- the watch, which may be driven.
CREATE TABLE trigger_decisions (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    evidence TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('fires', 'held')),
    says TEXT NOT NULL,
    record TEXT NOT NULL,
    made DOUBLE PRECISION NOT NULL,
    closed DOUBLE PRECISION
);
CREATE UNIQUE INDEX trigger_decisions_by_evidence ON trigger_decisions (model, kind, evidence);
CREATE UNIQUE INDEX trigger_decisions_open ON trigger_decisions (model) WHERE answer = 'fires' AND closed IS NULL;

-- What the watch means to do, written before it is done: one row a decision and kind, so that nothing is done twice.
CREATE TABLE loop_actions (
    id INTEGER PRIMARY KEY,
    decision BIGINT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'done', 'refused', 'failed')),
    says TEXT NOT NULL,
    record TEXT NOT NULL,
    began DOUBLE PRECISION NOT NULL,
    ended DOUBLE PRECISION
);
CREATE UNIQUE INDEX loop_actions_by_decision ON loop_actions (decision, kind);

-- What happened, for people; `key` tells events apart, so that one is told once.
CREATE TABLE loop_events (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    says TEXT NOT NULL,
    links TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX loop_events_by_key ON loop_events (model, key);
CREATE INDEX loop_events_by_time ON loop_events (at, id);

-- What the watch has seen of a model, such as the files that were there when it last ran.
CREATE TABLE loop_marks (
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, name)
);

-- Who watches. `generation` grows with each who takes over; `expires` is by the database's clock.
CREATE TABLE watches (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    generation BIGINT NOT NULL,
    expires DOUBLE PRECISION NOT NULL
);
