-- migrate:up

-- Top-ups that clients said they would pay by bank transfer, so that an entry of a statement finds
-- them by number and amount. `credited_on`: since when money of theirs is credit; null: they wait.
create table top_up_by_transfer (
    top_up_id uuid primary key,
    brand text not null,
    account_id uuid not null,
    number text not null,
    amount_minor bigint not null,
    currency text not null,
    wanted_on date not null,
    credited_on date
);
create index top_up_by_transfer_of_brand on top_up_by_transfer (brand, credited_on);
create index top_up_by_transfer_since on top_up_by_transfer (wanted_on);

-- migrate:down
drop table top_up_by_transfer;
