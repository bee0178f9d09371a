DROP INDEX CONCURRENTLY products_changed;
