-- What sellers changed in the last minute. No statement of the dinner rush changes these columns, so that its updates stay off the indexes.
CREATE INDEX CONCURRENTLY products_changed ON products (greatest(price_since, restocked_at));
