-- migrate:up

-- What a member of staff may do. Who was appointed before there were roles may do everything.
alter table credential add column staff_role text not null default '';
update credential set staff_role = 'admin' where is_staff;

-- migrate:down
alter table credential drop column staff_role;
