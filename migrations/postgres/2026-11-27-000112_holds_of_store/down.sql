DROP INDEX CONCURRENTLY holds_store_created;
