CREATE INDEX CONCURRENTLY stores_tile ON stores (store_tile(lat, lng)) WHERE has_product;
