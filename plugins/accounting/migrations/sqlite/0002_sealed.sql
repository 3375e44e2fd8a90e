-- expand
-- What a row is stays, whatever the verb: `or replace` deletes rows without asking the triggers of deletion, so each
-- way to it is refused before. A text that begins with `conflict` is a 409, the others are 422.
create trigger company_begins before insert on company
when exists (select 1 from company where tenant = new.tenant)
begin select raise(abort, 'conflict DUPLICATE'); end;
create trigger company_kept before update on company
when (new.tenant, new.base_currency) is not (old.tenant, old.base_currency)
begin select raise(abort, 'IMMUTABLE'); end;
create trigger company_not_deleted before delete on company
when exists (select 1 from account where tenant = old.tenant)
  or exists (select 1 from journal_entry where tenant = old.tenant)
begin select raise(abort, 'conflict COMPANY_IN_USE'); end;

create trigger account_begins before insert on account
when exists (select 1 from account where tenant = new.tenant and id = new.id)
  or exists (select 1 from account where tenant = new.tenant and code = new.code)
  or exists (select 1 from account where tenant = new.tenant and role = new.role)
begin select raise(abort, 'conflict DUPLICATE'); end;
create trigger account_kept before update on account
when (new.tenant, new.id) is not (old.tenant, old.id)
begin select raise(abort, 'IMMUTABLE'); end;
create trigger account_alone before update of code, role on account
when exists (select 1 from account where tenant = new.tenant and code = new.code and id <> new.id)
  or exists (select 1 from account where tenant = new.tenant and role = new.role and id <> new.id)
begin select raise(abort, 'conflict DUPLICATE'); end;
drop trigger account_type_kept;
create trigger account_type_kept before update of type on account
when old.type <> new.type and exists (select 1 from journal_line where tenant = old.tenant and account = old.id)
begin select raise(abort, 'conflict ACCOUNT_IN_USE'); end;
create trigger account_not_deleted before delete on account
when exists (select 1 from journal_line where tenant = old.tenant and account = old.id)
begin select raise(abort, 'conflict ACCOUNT_IN_USE'); end;

-- A draft may get another day, text and lines. What it is for, in which books and in which currency, it keeps.
drop trigger journal_entry_begins;
create trigger journal_entry_begins before insert on journal_entry
begin
  select raise(abort, 'ENTRY_NOT_DRAFT') where new.state <> 'draft';
  select raise(abort, 'IMMUTABLE') where exists (select 1 from journal_entry where tenant = new.tenant
    and id = new.id and state = 'posted');
  select raise(abort, 'conflict DUPLICATE') where exists (select 1 from journal_entry where tenant = new.tenant
    and id = new.id);
  select raise(abort, 'conflict DUPLICATE') where exists (select 1 from journal_entry where tenant = new.tenant
    and source_type = new.source_type and source_id = new.source_id and posting_kind = new.posting_kind);
  select raise(abort, 'CURRENCY_MISMATCH') where new.currency is not
    (select base_currency from company where tenant = new.tenant);
  select raise(abort, 'NOT_A_REVERSAL') where case when new.reverses is null then new.source_type is 'journal_entry'
    else (new.source_type, new.source_id, new.posting_kind) is not ('journal_entry', new.reverses, 'reversal') end;
end;
create trigger journal_entry_same before update on journal_entry
when (new.tenant, new.id, new.currency, new.source_type, new.source_id, new.posting_kind, new.reverses, new.created_by,
      new.created_at) is not
     (old.tenant, old.id, old.currency, old.source_type, old.source_id, old.posting_kind, old.reverses, old.created_by,
      old.created_at)
begin select raise(abort, 'IMMUTABLE'); end;
create trigger journal_entry_reverses before update of state on journal_entry
when old.state = 'draft' and new.state = 'posted' and new.reverses is not null
begin
  select raise(abort, 'NOT_A_REVERSAL') where not exists (select 1 from journal_entry where tenant = new.tenant
      and id = new.reverses and state = 'posted')
    or exists (select 1 from journal_line where tenant = new.tenant and entry in (new.id, new.reverses)
      group by account having sum(amount) <> 0);
end;

drop trigger journal_line_not_added;
create trigger journal_line_begins before insert on journal_line
begin
  select raise(abort, 'IMMUTABLE') where exists (select 1 from journal_entry where tenant = new.tenant
    and id = new.entry and state = 'posted');
  select raise(abort, 'conflict DUPLICATE') where exists (select 1 from journal_line where tenant = new.tenant
    and entry = new.entry and line = new.line);
end;
create trigger journal_line_same before update on journal_line
when (new.tenant, new.entry, new.line) is not (old.tenant, old.entry, old.line)
begin select raise(abort, 'IMMUTABLE'); end;

-- Head and series say what was posted, or that the next one is being posted. After an insert, and not before it: an
-- upsert that finds its row asks the trigger of the update instead. One that was moved ahead and left there harms
-- nothing: who posts asks the entries.
create trigger journal_head_begins after insert on journal_head
when (new.sequence, new.hash) is not (1, '')
  or exists (select 1 from journal_entry where tenant = new.tenant and sequence is not null)
begin select raise(abort, 'CHAIN_BROKEN'); end;
create trigger journal_head_true before update on journal_head
begin
  select raise(abort, 'IMMUTABLE') where new.tenant is not old.tenant;
  select raise(abort, 'CHAIN_BROKEN') where new.sequence - coalesce((select max(sequence) from journal_entry
    where tenant = new.tenant and sequence is not null), 0) not in (0, 1);
  select raise(abort, 'CHAIN_BROKEN') where new.hash is not coalesce((select hash from journal_entry
    where tenant = new.tenant and sequence is not null order by sequence desc limit 1), '');
end;
create trigger journal_head_not_deleted before delete on journal_head
when exists (select 1 from journal_entry where tenant = old.tenant and sequence is not null)
begin select raise(abort, 'IMMUTABLE'); end;
create trigger number_series_begins after insert on number_series
when new.kind = 'journal_entry' and new.last - coalesce((select max(number) from journal_entry
  where tenant = new.tenant and year = new.year and number is not null), 0) not in (0, 1)
begin select raise(abort, 'NUMBER_NOT_NEXT'); end;
create trigger number_series_true before update on number_series
begin
  select raise(abort, 'IMMUTABLE') where (new.tenant, new.kind, new.year) is not (old.tenant, old.kind, old.year);
  select raise(abort, 'NUMBER_NOT_NEXT') where new.kind = 'journal_entry'
    and new.last - coalesce((select max(number) from journal_entry
      where tenant = new.tenant and year = new.year and number is not null), 0) not in (0, 1);
end;
create trigger number_series_not_deleted before delete on number_series
when old.kind = 'journal_entry' and exists (select 1 from journal_entry where tenant = old.tenant and year = old.year
  and number is not null)
begin select raise(abort, 'IMMUTABLE'); end;
