-- migrate:up

-- The steps of each started business day; a day is over when all of its steps are.
create table business_day_run (
    brand text not null,
    day date not null,
    ordinal smallint not null,
    step text not null,
    finished_at timestamptz,
    primary key (brand, day, ordinal)
);
create index business_day_run_open on business_day_run (brand, day, ordinal)
    where finished_at is null;

-- What a step could not do for one account; it went on with the others.
create table business_day_problem (
    brand text not null,
    day date not null,
    step text not null,
    item text not null,
    account_id uuid not null,
    error text not null,
    occurred_at timestamptz not null,
    primary key (brand, day, step, item)
);

-- What gateway and panel told us, as they told it: kept first, worked off later.
create table webhook (
    source text not null,
    event_id text not null,
    body json not null,
    received_at timestamptz not null,
    next_try_at timestamptz not null,
    tries integer not null default 0,
    processed_at timestamptz,
    problem text,
    primary key (source, event_id)
);
create index webhook_open on webhook (next_try_at) where processed_at is null;

-- When gateway or panel were last asked about something that is still open.
create table inquiry (
    subject_id uuid primary key,
    asked_at timestamptz not null
);

-- migrate:down
drop table inquiry, webhook, business_day_problem, business_day_run;
