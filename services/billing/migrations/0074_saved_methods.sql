-- migrate:up

-- Pages on which a way to pay is saved: the janitor asks their gateways what came of the open ones.
create table method_setup_page (
    setup_id uuid primary key,
    gateway text not null,
    gateway_reference text not null default '',
    wanted_at timestamptz not null,
    next_at timestamptz not null,
    ended_at timestamptz
);
create index method_setup_page_due on method_setup_page (next_at) where ended_at is null;
create index method_setup_page_by_reference on method_setup_page (gateway, gateway_reference);

-- migrate:down
drop table method_setup_page;
