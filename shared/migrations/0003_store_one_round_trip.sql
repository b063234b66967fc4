-- migrate:up

-- Which command wrote it: so that a writer that got no answer can find its own rows again.
alter table events
    add column write_id uuid not null default '00000000-0000-0000-0000-000000000000';
alter table claim add column write_id uuid;
alter table idempotency_key
    add column write_id uuid,
    add column positions text not null default '';

-- The head is moved by the statement that writes the row, so a check of each row proves nothing.
alter table log drop constraint log_partition_fkey;

-- A head is updated in place some thousand times a second: room for the versions of few of them a
-- page, so that writers of different partitions do not wait for one page.
alter table partition_head set (fillfactor = 10);
cluster partition_head using partition_head_pkey;

-- The state of a long stream after `version`. `form` names the class and the code that made it.
create table snapshot (
    stream_id uuid primary key,
    form text not null,
    version integer not null,
    account_id uuid,
    state text not null
);

-- What `append` is given: one array of rows costs the client half of what an array a column does.
create type event_row as (
    stream_id uuid, version integer, topic text, account_id uuid, brand text, data text,
    recorded_at timestamptz, write_id uuid
);
create type log_row as (
    partition smallint, id uuid, type text, version smallint, account_id uuid, brand text,
    occurred_at timestamptz, actor text, causation_id uuid, correlation_id uuid, traceparent text,
    data text, sealed bytea
);

-- Records what one or several commands write: events, log rows, claims and idempotency keys.
-- Log rows come sorted by partition; their positions are returned in the same order.
--
-- Within a partition, commit order is position order, because the head row is locked from the first
-- row to the commit. Events and claims come first, then the heads in ascending order, so no two
-- writers wait for each other in a circle over heads.
--
-- `guards` is null or {"claims": [{kind, key, write_id}], "keys": [{caller, key, request_hash
-- (hex), status, headers, body (base64), write_id, created_at, rows}]}, where `rows` are the places
-- (from 1) of the command's log rows. A key is free again a day after it was used.
--
-- The former `append` stays for the processes of the version before.
create function append(event_rows event_row[], log_rows log_row[], guards jsonb)
returns bigint[] language plpgsql as $$
declare
    e event_row;
    l log_row;
    heads smallint[];
    ends bigint[];
    chains bytea[];
    head integer := 0;
    positions bigint[] := '{}';
    hashes bytea[] := '{}';
    at_position bigint;
    at_hash bytea;
    taken integer;
begin
    if cardinality(event_rows) = 1 then
        e := event_rows[1];
        insert into events (stream_id, version, topic, account_id, brand, data, recorded_at,
                            write_id)
        values (e.stream_id, e.version, e.topic, e.account_id, e.brand, e.data::jsonb,
                e.recorded_at, e.write_id);
    elsif cardinality(event_rows) > 1 then
        insert into events (stream_id, version, topic, account_id, brand, data, recorded_at,
                            write_id)
        select r.stream_id, r.version, r.topic, r.account_id, r.brand, r.data::jsonb,
               r.recorded_at, r.write_id
        from unnest(event_rows) r;
    end if;

    if guards is not null then
        insert into claim (kind, key, write_id)
        select c.kind, c.key, c.write_id
        from jsonb_to_recordset(guards -> 'claims') as c (kind text, key text, write_id uuid)
        order by 1, 2;
    end if;

    if cardinality(log_rows) = 1 then
        l := log_rows[1];
        update partition_head set position = position + 1, hash = sha256(hash || l.sealed)
        where partition = l.partition returning position, hash into at_position, at_hash;
        insert into log (partition, position, id, type, version, account_id, brand, occurred_at,
                         actor, causation_id, correlation_id, traceparent, data, hash)
        values (l.partition, at_position, l.id, l.type, l.version, l.account_id, l.brand,
                l.occurred_at, l.actor, l.causation_id, l.correlation_id, l.traceparent,
                l.data::json, at_hash);
        positions := array[at_position];
    elsif cardinality(log_rows) > 1 then
        select array_agg(h.partition), array_agg(h.position), array_agg(h.hash)
        into heads, ends, chains
        from (select partition, position, hash from partition_head
              where partition = any (array(select r.partition from unnest(log_rows) r))
              order by partition for update) h;
        for place in 1 .. cardinality(log_rows) loop
            l := log_rows[place];
            if head = 0 or heads[head] <> l.partition then
                head := head + 1;
                assert heads[head] = l.partition, 'log rows are sorted by partition';
                at_position := ends[head];
                at_hash := chains[head];
            end if;
            at_position := at_position + 1;
            at_hash := sha256(at_hash || l.sealed);
            positions[place] := at_position;
            hashes[place] := at_hash;
            ends[head] := at_position;
            chains[head] := at_hash;
        end loop;
        update partition_head h set position = m.position, hash = m.hash
        from unnest(heads, ends, chains) as m (partition, position, hash)
        where h.partition = m.partition;
        insert into log (partition, position, id, type, version, account_id, brand, occurred_at,
                         actor, causation_id, correlation_id, traceparent, data, hash)
        select r.partition, r.position, r.id, r.type, r.version, r.account_id, r.brand,
               r.occurred_at, r.actor, r.causation_id, r.correlation_id, r.traceparent,
               r.data::json, r.hash
        from unnest(log_rows, positions, hashes)
            as r (partition, id, type, version, account_id, brand, occurred_at, actor,
                  causation_id, correlation_id, traceparent, data, sealed, position, hash);
    end if;

    if guards is not null then
        insert into idempotency_key as k (caller, key, request_hash, status, headers, body,
                                          created_at, write_id, positions)
        select g.caller, g.key, decode(g.request_hash, 'hex'), g.status, g.headers,
               decode(g.body, 'base64'), g.created_at, g.write_id,
               coalesce((select string_agg(w.partition || '/' || w.position, ',' order by 1)
                         from (select log_rows[r::int].partition as partition,
                                      max(positions[r::int]) as position
                               from jsonb_array_elements_text(g.rows) as r group by 1) w), '')
        from jsonb_to_recordset(guards -> 'keys')
            as g (caller text, key text, request_hash text, status smallint, headers jsonb,
                  body text, created_at timestamptz, write_id uuid, rows jsonb)
        on conflict (caller, key) do update
        set request_hash = excluded.request_hash, status = excluded.status,
            headers = excluded.headers, body = excluded.body, created_at = excluded.created_at,
            write_id = excluded.write_id, positions = excluded.positions
        where k.created_at <= excluded.created_at - interval '1 day';
        get diagnostics taken = row_count;
        if taken < jsonb_array_length(guards -> 'keys') then
            raise exception 'the idempotency key is taken'
            using errcode = 'unique_violation', constraint = 'idempotency_key_pkey';
        end if;
    end if;
    return positions;
end $$;

-- migrate:down
drop function append(event_row[], log_row[], jsonb);
drop type event_row, log_row;
drop table snapshot;
alter table log add foreign key (partition) references partition_head;
alter table idempotency_key drop column write_id, drop column positions;
alter table claim drop column write_id;
alter table events drop column write_id;
