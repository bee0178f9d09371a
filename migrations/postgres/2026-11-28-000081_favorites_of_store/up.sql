-- Those whose favourite a store is are read page by page.
CREATE INDEX CONCURRENTLY favorites_of_store ON favorites (store_id, customer_email);
