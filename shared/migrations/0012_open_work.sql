-- migrate:up

-- The order in which events were parked. A clock does not tell it: it may be set back.
alter table parked add column place bigint;
update parked p set place = o.place
from (select ctid, row_number() over (order by parked_at, position) as place from parked) o
where p.ctid = o.ctid;
alter table parked alter column place set not null;
alter table parked alter column place add generated always as identity;
select setval(pg_get_serial_sequence('parked', 'place'), coalesce(max(place), 0) + 1, false)
from parked;
drop index parked_frozen;
create index parked_frozen on parked (consumer, frozen, place);

-- One index for all that asks for effects that have not ended: for what is due in several states,
-- an index for each would not be used.
create index effect_open on effect (reactor, next_try_at)
    where state in ('pending', 'performed', 'parked');
drop index effect_due, effect_performed;

-- A repeated answer names its positions in the order of the first: within an aggregate,
-- "order by 1" is an order by a constant.
do $$ begin
    execute replace(pg_get_functiondef('append(event_row[], log_row[], jsonb)'::regprocedure),
                    ''','' order by 1)', ''','' order by w.partition)');
end $$;

-- migrate:down
do $$ begin
    execute replace(pg_get_functiondef('append(event_row[], log_row[], jsonb)'::regprocedure),
                    ''','' order by w.partition)', ''','' order by 1)');
end $$;
create index effect_due on effect (reactor, next_try_at) where state = 'pending';
create index effect_performed on effect (reactor, next_try_at) where state = 'performed';
drop index effect_open;
drop index parked_frozen;
create index parked_frozen on parked (consumer, frozen, parked_at, position);
alter table parked drop column place;
