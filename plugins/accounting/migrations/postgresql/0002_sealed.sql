-- expand
-- What a row is stays, whatever the statement. A text that begins with `conflict` is a 409, the others are 422.
create trigger company_kept before update on company
  for each row when ((new.tenant, new.base_currency) is distinct from (old.tenant, old.base_currency))
  execute function refuse('IMMUTABLE');
create function keep_company() returns trigger language plpgsql as $$
begin
  if exists (select 1 from account where tenant = old.tenant)
      or exists (select 1 from journal_entry where tenant = old.tenant) then
    raise exception 'conflict COMPANY_IN_USE' using errcode = 'check_violation';
  end if;
  return old;
end $$;
create trigger company_not_deleted before delete on company for each row execute function keep_company();

create trigger account_kept before update on account
  for each row when ((new.tenant, new.id) is distinct from (old.tenant, old.id))
  execute function refuse('IMMUTABLE');
create or replace function keep_account_type() returns trigger language plpgsql as $$
begin
  if exists (select 1 from journal_line where tenant = old.tenant and account = old.id) then
    raise exception 'conflict ACCOUNT_IN_USE' using errcode = 'check_violation';
  end if;
  return coalesce(new, old);
end $$;
create trigger account_not_deleted before delete on account for each row execute function keep_account_type();

-- A draft may get another day, text and lines. What it is for, in which books and in which currency, it keeps.
create function require_true_draft() returns trigger language plpgsql as $$
begin
  if new.currency is distinct from (select base_currency from company where tenant = new.tenant) then
    raise exception 'CURRENCY_MISMATCH' using errcode = 'check_violation';
  end if;
  if new.reverses is null and new.source_type is not distinct from 'journal_entry'
      or new.reverses is not null and (new.source_type, new.source_id, new.posting_kind)
        is distinct from ('journal_entry', new.reverses, 'reversal') then
    raise exception 'NOT_A_REVERSAL' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger journal_entry_true before insert on journal_entry
  for each row execute function require_true_draft();
create trigger journal_entry_same before update on journal_entry
  for each row when ((new.tenant, new.id, new.currency, new.source_type, new.source_id, new.posting_kind, new.reverses,
                      new.created_by, new.created_at) is distinct from
                     (old.tenant, old.id, old.currency, old.source_type, old.source_id, old.posting_kind, old.reverses,
                      old.created_by, old.created_at))
  execute function refuse('IMMUTABLE');
create function require_reversal() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from journal_entry where tenant = new.tenant and id = new.reverses and state = 'posted')
      or exists (select 1 from journal_line where tenant = new.tenant and entry in (new.id, new.reverses)
        group by account having sum(amount) <> 0) then
    raise exception 'NOT_A_REVERSAL' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger journal_entry_reverses before update of state on journal_entry
  for each row when (old.state = 'draft' and new.state = 'posted' and new.reverses is not null)
  execute function require_reversal();
-- Locks the account, too: its type does not change between the look for lines and the commit of the first one. Lines
-- do not wait for each other.
create or replace function keep_lines() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    perform 1 from journal_entry where tenant = old.tenant and id = old.entry and state = 'posted' for share;
    if found then raise exception 'IMMUTABLE' using errcode = 'check_violation'; end if;
  end if;
  if tg_op = 'DELETE' then return old; end if;
  perform 1 from journal_entry where tenant = new.tenant and id = new.entry for share;
  perform 1 from journal_entry where tenant = new.tenant and id = new.entry and state = 'posted';
  if found then raise exception 'IMMUTABLE' using errcode = 'check_violation'; end if;
  perform 1 from account where tenant = new.tenant and id = new.account for share;
  return new;
end $$;
create trigger journal_line_same before update on journal_line
  for each row when ((new.tenant, new.entry, new.line) is distinct from (old.tenant, old.entry, old.line))
  execute function refuse('IMMUTABLE');

-- Head and series say what was posted, or that the next one is being posted. After an insert, and not before it: an
-- upsert that finds its row asks the trigger of the update instead. One that was moved ahead and left there harms
-- nothing: who posts asks the entries.
create function require_true_head() returns trigger language plpgsql as $$
declare
  posted bigint;
  chained text;
begin
  select sequence, hash into posted, chained from journal_entry
    where tenant = new.tenant and sequence is not null order by sequence desc limit 1;
  if new.sequence - coalesce(posted, 0) not in (0, 1) or new.hash is distinct from coalesce(chained, '')
      or tg_op = 'INSERT' and posted is not null then
    raise exception 'CHAIN_BROKEN' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger journal_head_begins after insert on journal_head
  for each row execute function require_true_head();
create trigger journal_head_true before update on journal_head
  for each row execute function require_true_head();
create trigger journal_head_kept before update on journal_head
  for each row when (new.tenant <> old.tenant) execute function refuse('IMMUTABLE');
create function keep_head() returns trigger language plpgsql as $$
begin
  if exists (select 1 from journal_entry where tenant = old.tenant and sequence is not null) then
    raise exception 'IMMUTABLE' using errcode = 'check_violation';
  end if;
  return old;
end $$;
create trigger journal_head_not_deleted before delete on journal_head for each row execute function keep_head();
create trigger journal_head_not_emptied before truncate on journal_head
  for each statement execute function refuse('IMMUTABLE');

create function require_true_series() returns trigger language plpgsql as $$
begin
  if new.last - coalesce((select max(number) from journal_entry
      where tenant = new.tenant and year = new.year and number is not null), 0) not in (0, 1) then
    raise exception 'NUMBER_NOT_NEXT' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger number_series_begins after insert on number_series
  for each row when (new.kind = 'journal_entry') execute function require_true_series();
create trigger number_series_true before update on number_series
  for each row when (new.kind = 'journal_entry') execute function require_true_series();
create trigger number_series_kept before update on number_series
  for each row when ((new.tenant, new.kind, new.year) is distinct from (old.tenant, old.kind, old.year))
  execute function refuse('IMMUTABLE');
create function keep_series() returns trigger language plpgsql as $$
begin
  if exists (select 1 from journal_entry where tenant = old.tenant and year = old.year and number is not null) then
    raise exception 'IMMUTABLE' using errcode = 'check_violation';
  end if;
  return old;
end $$;
create trigger number_series_not_deleted before delete on number_series
  for each row when (old.kind = 'journal_entry') execute function keep_series();
create trigger number_series_not_emptied before truncate on number_series
  for each statement execute function refuse('IMMUTABLE');

-- A temporary table is found before one of the same name, also by a function: not by these.
do $$
declare
  rule regprocedure;
begin
  for rule in select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace
      and prorettype = 'trigger'::regtype loop
    execute format('alter function %s set search_path = %I, pg_temp', rule, current_schema());
  end loop;
end $$;
