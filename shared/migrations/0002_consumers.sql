-- migrate:up

create table checkpoint (
    consumer text not null,
    source text not null,
    partition smallint not null,
    position bigint not null,
    hash bytea not null,
    primary key (consumer, source, partition)
);

-- Events that a consumer could not apply, and those of the same account that wait behind them.
create table parked (
    consumer text not null,
    source text not null,
    partition smallint not null,
    position bigint not null,
    frozen text not null,
    record jsonb not null,
    error text not null,
    tries integer not null,
    next_try_at timestamptz,
    parked_at timestamptz not null default now(),
    primary key (consumer, source, partition, position)
);

-- What a reactor does to the outside world: the intent before, the outcome after.
create table effect (
    id uuid primary key,
    reactor text not null,
    key text not null,
    kind text not null,
    account_id uuid,
    brand text not null,
    payload jsonb not null,
    cause_id uuid not null,
    correlation_id uuid not null,
    traceparent text not null,
    state text not null default 'pending' check (state in ('pending', 'done', 'refused', 'parked')),
    tries integer not null default 0,
    next_try_at timestamptz not null default now(),
    outcome jsonb,
    error text,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    unique (reactor, key)
);
create index effect_due on effect (reactor, next_try_at) where state = 'pending';

-- Answers to requests with an Idempotency-Key, written in the transaction of their command.
create table idempotency_key (
    caller text not null,
    key text not null,
    request_hash bytea not null,
    status smallint,
    headers jsonb,
    body bytea,
    created_at timestamptz not null default now(),
    primary key (caller, key)
);

-- migrate:down
drop table idempotency_key, effect, parked, checkpoint;
