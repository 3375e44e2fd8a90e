-- expand
-- Where a resource's visits are shown, by the words of calendar/1; both or neither.
alter table resource add column calendar_connection text;
alter table resource add column calendar text;

-- What customers are told, in the tenant's words; '' is nothing.
alter table tenant_settings add column text_confirmed text;
alter table tenant_settings add column text_moved text;
alter table tenant_settings add column text_cancelled text;
alter table tenant_settings add column text_no_show text;
