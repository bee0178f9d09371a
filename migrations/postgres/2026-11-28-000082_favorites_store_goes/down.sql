CREATE INDEX CONCURRENTLY favorites_store ON favorites (store_id);
