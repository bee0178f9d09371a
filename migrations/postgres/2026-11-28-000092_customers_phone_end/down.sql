DROP INDEX CONCURRENTLY customers_phone_end;
