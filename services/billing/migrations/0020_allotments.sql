-- migrate:up

-- What there is only so much of, and how much of it is taken: stocks, uses of promotions.
create table allotment (
    name text primary key,
    taken bigint not null check (taken >= 0)
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
drop table planned_revision, allotment;
