DROP TABLE erasures;
DROP FUNCTION holds_of_customer(text, timestamptz);
ALTER TABLE holds DROP COLUMN replaced_by, DROP COLUMN seen_prices;
ALTER TABLE products DROP COLUMN max_per_customer, DROP COLUMN past_prices, DROP COLUMN price_since;
