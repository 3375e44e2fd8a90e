-- expand
-- Payments and refunds that the books could not take, with the reason, until they can or somebody says that they need not.
create table waiting_payment (
  tenant text not null, id text not null, payment text not null, kind text not null check (kind in ('charge', 'refund')),
  body text not null, code text not null, message text not null, tries integer not null,
  received_at integer not null, tried_at integer not null,
  primary key (tenant, id)
) strict, without rowid;
create index waiting_payment_by_payment on waiting_payment (tenant, payment, received_at, id);
create index waiting_payment_by_time on waiting_payment (tenant, received_at, id);
create index waiting_payment_by_code on waiting_payment (code, tenant, received_at, id);

-- Those of one reason are being tried again, all of them; `again` asks for another pass behind this one.
create table waiting_pass (
  tenant text not null, code text not null, again integer not null check (again in (0, 1)),
  primary key (tenant, code)
) strict, without rowid;
