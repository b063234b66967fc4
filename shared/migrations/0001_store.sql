-- migrate:up

create table events (
    stream_id uuid not null,
    version integer not null check (version > 0),
    topic text not null,
    account_id uuid,
    brand text not null,
    data jsonb not null,
    recorded_at timestamptz not null,
    primary key (stream_id, version)
);

create table partition_head (
    partition smallint primary key check (partition between 0 and 63),
    position bigint not null default 0,
    hash bytea not null default decode(repeat('00', 32), 'hex')
);
insert into partition_head (partition) select generate_series(0, 63);

create table log (
    partition smallint not null references partition_head,
    position bigint not null,
    id uuid not null unique,
    type text not null,
    version smallint not null,
    account_id uuid,
    brand text not null,
    occurred_at timestamptz not null,
    actor text not null,
    causation_id uuid,
    correlation_id uuid not null,
    traceparent text not null,
    data json not null,
    hash bytea not null,
    primary key (partition, position)
);

-- Names that may be taken once: what no single aggregate can protect.
create table claim (
    kind text not null,
    key text not null,
    claimed_at timestamptz not null default now(),
    primary key (kind, key)
);

-- Gapless numbers: the row is locked until the issuing transaction commits.
create table series (
    name text primary key,
    last_number bigint not null
);

-- Records events and their public log rows at once. Within a partition, commit order is position
-- order, because the head row is locked from the first row to the commit; heads are taken in
-- ascending order, so two writers never wait for each other in a circle.
create function append(
    event_streams uuid[], event_versions integer[], event_topics text[], event_accounts uuid[],
    event_brands text[], event_data text[], recorded timestamptz,
    log_partitions smallint[], log_ids uuid[], log_types text[], log_versions smallint[],
    log_accounts uuid[], log_brands text[], log_data text[], log_sealed bytea[],
    log_actor text, log_causation uuid, log_correlation uuid, log_traceparent text
) returns table (at_partition smallint, at_position bigint, at_hash bytea) language plpgsql as $$
declare
    head record;
    entry record;
begin
    insert into events (stream_id, version, topic, account_id, brand, data, recorded_at)
    select e.stream_id, e.version, e.topic, e.account_id, e.brand, e.data::jsonb, recorded
    from unnest(event_streams, event_versions, event_topics, event_accounts, event_brands,
                event_data) as e (stream_id, version, topic, account_id, brand, data);
    for head in
        select h.partition, h.position, h.hash from partition_head h
        where h.partition = any (log_partitions) order by h.partition for update
    loop
        at_partition := head.partition;
        at_position := head.position;
        at_hash := head.hash;
        for entry in
            select * from unnest(log_partitions, log_ids, log_types, log_versions, log_accounts,
                                 log_brands, log_data, log_sealed) with ordinality
                as l (partition, id, type, version, account_id, brand, data, sealed, place)
            where l.partition = head.partition order by l.place
        loop
            at_position := at_position + 1;
            at_hash := sha256(at_hash || entry.sealed);
            insert into log (partition, position, id, type, version, account_id, brand, occurred_at,
                             actor, causation_id, correlation_id, traceparent, data, hash)
            values (at_partition, at_position, entry.id, entry.type, entry.version,
                    entry.account_id, entry.brand, recorded, log_actor, log_causation,
                    log_correlation, log_traceparent, entry.data::json, at_hash);
        end loop;
        update partition_head set position = at_position, hash = at_hash
        where partition = at_partition;
        return next;
    end loop;
end $$;

-- What the relay has published, and the stream it published to.
create table relay_checkpoint (
    partition smallint primary key references partition_head,
    position bigint not null default 0
);
insert into relay_checkpoint (partition) select generate_series(0, 63);

create table relay_stream (
    stream text primary key,
    created_at timestamptz not null,
    last_sequence bigint not null,
    last_event_id text not null,
    epoch integer not null default 0
);

-- migrate:down
drop table relay_stream, relay_checkpoint;
drop function append;
drop table series, claim, log, partition_head, events;
