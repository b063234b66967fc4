-- migrate:up

-- What a person decided about something parked, for ever.
create table parked_decision (
    id uuid primary key,
    decision text not null check (decision in ('retry', 'skip')),
    kind text not null check (kind in ('event', 'effect')),
    consumer text not null,
    subject_id uuid not null,
    source text,
    partition smallint,
    position bigint,
    account_id uuid,
    brand text not null,
    error text,
    reason text,
    who text not null,
    decided_at timestamptz not null,
    check (decision = 'retry' or length(reason) between 3 and 500)
);
create index parked_frozen on parked (consumer, frozen, parked_at, position);

-- An effect that was performed and whose outcome is not yet recorded is not performed again. What
-- it has led to is kept until then, encrypted where it is a person's.
alter table effect add column performed text;
alter table effect drop constraint effect_state_check;
alter table effect add constraint effect_state_check
    check (state in ('pending', 'performed', 'done', 'refused', 'parked', 'given_up'));
create index effect_performed on effect (reactor, next_try_at) where state = 'performed';

-- migrate:down
drop index effect_performed;
alter table effect drop constraint effect_state_check;
alter table effect add constraint effect_state_check
    check (state in ('pending', 'done', 'refused', 'parked'));
alter table effect drop column performed;
drop index parked_frozen;
drop table parked_decision;
