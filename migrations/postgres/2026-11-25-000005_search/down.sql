CREATE INDEX stores_name_trgm ON stores USING gin (name gin_trgm_ops);
CREATE INDEX products_name_trgm ON products USING gin (name gin_trgm_ops);
DROP TRIGGER store_named ON stores;
DROP TRIGGER product_named ON products;
DROP FUNCTION store_named();
DROP FUNCTION product_named();
DROP FUNCTION refresh_store_search(text);
DROP TABLE store_search;
DROP FUNCTION search_text(text);
