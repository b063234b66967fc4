-- migrate:up

-- What there is only so much of, and how much of it is taken: stocks, uses of promotions.
create table allotment (
    name text primary key,
    taken bigint not null check (taken >= 0)
);

-- What of the stocks each service holds, or is to hold once it has changed.
create table held_stock (
    service_id uuid not null,
    product_id uuid not null,
    count integer not null check (count >= 0),
    primary key (service_id, product_id)
);

-- Revisions of products that wait for their day.
create table planned_revision (
    product_id uuid not null,
    effective_on date not null,
    brand text not null,
    primary key (product_id, effective_on)
);
create index planned_revision_of_brand on planned_revision (brand, effective_on);

-- migrate:down
drop table planned_revision, held_stock, allotment;
