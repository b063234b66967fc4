-- migrate:up

-- The one cart that an account has open. A guest's is known to nobody but who opened it.
create table open_cart (
    account_id uuid primary key,
    cart_id uuid not null
);

-- migrate:down
drop table open_cart;
