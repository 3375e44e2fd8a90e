-- Amounts are whole minor units, debit positive.
create table company (
  tenant text primary key, country text not null, template text not null, base_currency text not null,
  version bigint not null, created_at bigint not null, updated_at bigint not null
);

create table account (
  tenant text not null references company (tenant), id text not null, code text not null, name text not null,
  type text not null check (type in ('asset', 'liability', 'equity', 'income', 'expense')),
  role text, active smallint not null check (active in (0, 1)),
  version bigint not null, created_at bigint not null, updated_at bigint not null,
  primary key (tenant, id)
);
create unique index account_by_code on account (tenant, code);
create unique index account_by_role on account (tenant, role) where role is not null;

-- `sequence` counts what the company posted, whatever the year; `number` counts within it.
create table journal_entry (
  tenant text not null references company (tenant), id text not null,
  state text not null default 'draft' check (state in ('draft', 'posted')),
  date date not null, memo text not null, currency text not null,
  source_type text, source_id text, posting_kind text, reverses text,
  created_by text not null, created_at bigint not null, updated_at bigint not null, version bigint not null,
  sequence bigint, year integer, number bigint, posted_at bigint, prev_hash text, hash text,
  primary key (tenant, id),
  foreign key (tenant, reverses) references journal_entry (tenant, id),
  check ((source_type is null) = (source_id is null) and (source_type is null) = (posting_kind is null)),
  check ((state = 'draft' and num_nonnulls(sequence, year, number, posted_at, prev_hash, hash) = 0)
      or (state = 'posted' and num_nulls(sequence, year, number, posted_at, prev_hash, hash) = 0
          and year = extract(year from date)))
);
create index journal_entry_by_date on journal_entry (tenant, date, id);
create unique index journal_entry_by_source on journal_entry (tenant, source_type, source_id, posting_kind)
  where source_type is not null;
create unique index journal_entry_by_sequence on journal_entry (tenant, sequence) where sequence is not null;
create unique index journal_entry_by_number on journal_entry (tenant, year, number) where number is not null;

create table journal_line (
  tenant text not null, entry text not null, line integer not null, account text not null,
  amount bigint not null check (amount <> 0 and amount between -9007199254740991 and 9007199254740991),
  memo text not null,
  primary key (tenant, entry, line),
  foreign key (tenant, entry) references journal_entry (tenant, id) on delete cascade,
  foreign key (tenant, account) references account (tenant, id)
);
create index journal_line_by_account on journal_line (tenant, account, entry);

-- Who posts takes the head first: postings of one company follow each other.
create table journal_head (tenant text primary key, sequence bigint not null, hash text not null);
create table number_series (
  tenant text not null, kind text not null, year integer not null, last bigint not null,
  primary key (tenant, kind, year)
);

-- At the commit, whatever the order of the statements was.
create function require_balance() returns trigger language plpgsql as $$
declare
  lines bigint;
  total numeric;
begin
  select count(*), coalesce(sum(amount), 0) into lines, total from journal_line
    where tenant = new.tenant and entry = new.id;
  if not exists (select 1 from journal_entry where tenant = new.tenant and id = new.id and state = 'posted') then
    return null;
  end if;
  if lines < 2 then raise exception 'TOO_FEW_LINES' using errcode = 'check_violation'; end if;
  if total <> 0 then raise exception 'UNBALANCED_ENTRY' using errcode = 'check_violation'; end if;
  return null;
end $$;
create constraint trigger journal_entry_balanced after insert or update on journal_entry
  deferrable initially deferred for each row when (new.state = 'posted') execute function require_balance();

create function require_next_number() returns trigger language plpgsql as $$
begin
  if new.number <> 1 + coalesce((select max(number) from journal_entry
      where tenant = new.tenant and year = new.year), 0) then
    raise exception 'NUMBER_NOT_NEXT' using errcode = 'check_violation';
  end if;
  if new.sequence <> 1 + coalesce((select max(sequence) from journal_entry where tenant = new.tenant), 0)
      or new.prev_hash <> coalesce((select hash from journal_entry
        where tenant = new.tenant and sequence = new.sequence - 1), '') then
    raise exception 'CHAIN_BROKEN' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger journal_entry_numbered before update of state on journal_entry
  for each row when (old.state = 'draft' and new.state = 'posted') execute function require_next_number();

-- What was posted stays.
create function refuse() returns trigger language plpgsql as $$
begin
  raise exception '%', tg_argv[0] using errcode = 'check_violation';
end $$;
create trigger journal_entry_begins before insert on journal_entry
  for each row when (new.state <> 'draft') execute function refuse('ENTRY_NOT_DRAFT');
create trigger journal_entry_kept before update on journal_entry
  for each row when (old.state = 'posted') execute function refuse('IMMUTABLE');
create trigger journal_entry_not_deleted before delete on journal_entry
  for each row when (old.state = 'posted') execute function refuse('IMMUTABLE');
create trigger journal_entry_not_emptied before truncate on journal_entry
  for each statement execute function refuse('IMMUTABLE');
create trigger journal_line_not_emptied before truncate on journal_line
  for each statement execute function refuse('IMMUTABLE');

-- Locks the entry: a line that is added while another transaction posts waits, and then is refused.
create function keep_lines() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    perform 1 from journal_entry where tenant = old.tenant and id = old.entry and state = 'posted' for share;
    if found then raise exception 'IMMUTABLE' using errcode = 'check_violation'; end if;
  end if;
  if tg_op = 'DELETE' then return old; end if;
  perform 1 from journal_entry where tenant = new.tenant and id = new.entry for share;
  perform 1 from journal_entry where tenant = new.tenant and id = new.entry and state = 'posted';
  if found then raise exception 'IMMUTABLE' using errcode = 'check_violation'; end if;
  return new;
end $$;
create trigger journal_line_kept before insert or update or delete on journal_line
  for each row execute function keep_lines();

create function keep_account_type() returns trigger language plpgsql as $$
begin
  if exists (select 1 from journal_line where tenant = old.tenant and account = old.id) then
    raise exception 'ACCOUNT_IN_USE' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger account_type_kept before update of type on account
  for each row when (old.type <> new.type) execute function keep_account_type();
