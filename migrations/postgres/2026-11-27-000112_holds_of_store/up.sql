CREATE INDEX CONCURRENTLY holds_store_created ON holds (store_id, created_at);
