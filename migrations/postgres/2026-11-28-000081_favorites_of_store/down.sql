DROP INDEX CONCURRENTLY favorites_of_store;
