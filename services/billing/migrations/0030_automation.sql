-- migrate:up

-- The log of the run: when a step began, how many things it found to do.
alter table business_day_run
    add column started_at timestamptz,
    add column found integer;

-- What a step has found and not done yet; a chunk of it goes with the transaction that does it.
create table business_day_task (
    brand text not null,
    day date not null,
    ordinal smallint not null,
    partition smallint not null,
    account_id uuid not null,
    item text not null,
    facts jsonb not null,
    primary key (brand, day, ordinal, partition, account_id, item)
);

-- A parked task can be looked at, explained and tried again by its id.
alter table business_day_problem
    add column problem_id uuid not null default gen_random_uuid(),
    add column code text not null default 'unexpected',
    add column explanation text not null default '',
    add column facts jsonb not null default '{}',
    add column tries integer not null default 1;
create unique index business_day_problem_id on business_day_problem (problem_id);
create index business_day_problem_of_account on business_day_problem (account_id);

-- The accounts with rules of their own: the run joins them, so that nobody else's are looked at.
create table account_rules (
    account_id uuid primary key,
    brand text not null,
    rules jsonb not null
);
create index account_rules_of_brand on account_rules (brand);

-- migrate:down
drop table account_rules;
drop index business_day_problem_id, business_day_problem_of_account;
alter table business_day_problem
    drop column problem_id, drop column code, drop column explanation, drop column facts,
    drop column tries;
drop table business_day_task;
alter table business_day_run drop column started_at, drop column found;
