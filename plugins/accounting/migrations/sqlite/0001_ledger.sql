-- Amounts are whole minor units, debit positive. Tables are strict: a fraction or a text is no amount.
create table company (
  tenant text not null primary key, country text not null, template text not null, base_currency text not null,
  version integer not null, created_at integer not null, updated_at integer not null
) strict, without rowid;

create table account (
  tenant text not null, id text not null, code text not null, name text not null,
  type text not null check (type in ('asset', 'liability', 'equity', 'income', 'expense')),
  role text, active integer not null check (active in (0, 1)),
  version integer not null, created_at integer not null, updated_at integer not null,
  primary key (tenant, id),
  foreign key (tenant) references company (tenant)
) strict, without rowid;
create unique index account_by_code on account (tenant, code);
create unique index account_by_role on account (tenant, role) where role is not null;

-- Begins as a draft. `sequence` counts what the company posted, whatever the year; `number` counts within it.
create table journal_entry (
  tenant text not null, id text not null,
  state text not null default 'draft' check (state in ('draft', 'posted')),
  date text not null check (date is date(date)), memo text not null, currency text not null,
  source_type text, source_id text, posting_kind text, reverses text,
  created_by text not null, created_at integer not null, updated_at integer not null, version integer not null,
  sequence integer, year integer, number integer, posted_at integer, prev_hash text, hash text,
  primary key (tenant, id),
  foreign key (tenant) references company (tenant),
  foreign key (tenant, reverses) references journal_entry (tenant, id),
  check ((source_type is null) = (source_id is null) and (source_type is null) = (posting_kind is null)),
  check ((state = 'draft' and coalesce(sequence, year, number, posted_at, prev_hash, hash) is null)
      or (state = 'posted' and sequence is not null and number is not null and year is cast(substr(date, 1, 4) as integer)
          and posted_at is not null and prev_hash is not null and hash is not null))
) strict, without rowid;
create index journal_entry_by_date on journal_entry (tenant, date, id);
create unique index journal_entry_by_source on journal_entry (tenant, source_type, source_id, posting_kind)
  where source_type is not null;
create unique index journal_entry_by_sequence on journal_entry (tenant, sequence) where sequence is not null;
create unique index journal_entry_by_number on journal_entry (tenant, year, number) where number is not null;

create table journal_line (
  tenant text not null, entry text not null, line integer not null, account text not null,
  amount integer not null check (amount <> 0 and amount between -9007199254740991 and 9007199254740991),
  memo text not null,
  primary key (tenant, entry, line),
  foreign key (tenant, entry) references journal_entry (tenant, id) on delete cascade,
  foreign key (tenant, account) references account (tenant, id)
) strict, without rowid;
create index journal_line_by_account on journal_line (tenant, account, entry);

-- Who posts takes the head first: postings of one company follow each other.
create table journal_head (
  tenant text not null primary key, sequence integer not null, hash text not null
) strict, without rowid;
create table number_series (
  tenant text not null, kind text not null, year integer not null, last integer not null,
  primary key (tenant, kind, year)
) strict, without rowid;

-- SQLite has no deferred triggers: an entry is balanced when it leaves the state of a draft.
create trigger journal_entry_balanced before update of state on journal_entry
when old.state = 'draft' and new.state = 'posted'
begin
  select raise(abort, 'TOO_FEW_LINES')
    where (select count(*) from journal_line where tenant = new.tenant and entry = new.id) < 2;
  select raise(abort, 'UNBALANCED_ENTRY')
    where (select sum(amount) from journal_line where tenant = new.tenant and entry = new.id) <> 0;
end;
create trigger journal_entry_numbered before update of state on journal_entry
when old.state = 'draft' and new.state = 'posted'
begin
  select raise(abort, 'NUMBER_NOT_NEXT') where new.number is not 1 + coalesce((select max(number) from journal_entry
    where tenant = new.tenant and year = new.year and number is not null), 0);
  select raise(abort, 'CHAIN_BROKEN') where new.sequence is not 1 + coalesce((select max(sequence) from journal_entry
    where tenant = new.tenant and sequence is not null), 0);
  select raise(abort, 'CHAIN_BROKEN') where new.prev_hash is not coalesce((select hash from journal_entry
    where tenant = new.tenant and sequence = new.sequence - 1), '');
end;

-- What was posted stays. The first trigger is for INSERT OR REPLACE, which deletes without asking the others.
create trigger journal_entry_begins before insert on journal_entry
begin
  select raise(abort, 'ENTRY_NOT_DRAFT') where new.state <> 'draft';
  select raise(abort, 'IMMUTABLE') where exists (select 1 from journal_entry where tenant = new.tenant
    and id = new.id and state = 'posted');
  select raise(abort, 'DUPLICATE') where exists (select 1 from journal_entry where tenant = new.tenant
    and source_type = new.source_type and source_id = new.source_id and posting_kind = new.posting_kind);
end;
create trigger journal_entry_kept before update on journal_entry when old.state = 'posted'
begin select raise(abort, 'IMMUTABLE'); end;
create trigger journal_entry_not_deleted before delete on journal_entry when old.state = 'posted'
begin select raise(abort, 'IMMUTABLE'); end;
create trigger journal_line_not_added before insert on journal_line
when exists (select 1 from journal_entry where tenant = new.tenant and id = new.entry and state = 'posted')
begin select raise(abort, 'IMMUTABLE'); end;
create trigger journal_line_kept before update on journal_line
when exists (select 1 from journal_entry where state = 'posted'
  and ((tenant = old.tenant and id = old.entry) or (tenant = new.tenant and id = new.entry)))
begin select raise(abort, 'IMMUTABLE'); end;
create trigger journal_line_not_deleted before delete on journal_line
when exists (select 1 from journal_entry where tenant = old.tenant and id = old.entry and state = 'posted')
begin select raise(abort, 'IMMUTABLE'); end;
create trigger account_type_kept before update of type on account
when old.type <> new.type and exists (select 1 from journal_line where tenant = old.tenant and account = old.id)
begin select raise(abort, 'ACCOUNT_IN_USE'); end;
