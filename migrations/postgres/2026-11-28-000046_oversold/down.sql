DROP FUNCTION changed_here;
DROP TRIGGER products_oversold ON products;
DROP FUNCTION products_oversold;
ALTER TABLE products DROP COLUMN oversold;
