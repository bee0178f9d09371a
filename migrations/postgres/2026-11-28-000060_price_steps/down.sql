DROP FUNCTION hold_together(text[], text[], text[], integer[], bigint[], integer[], bigint[], text[], date[], timestamptz[], timestamptz[], text[], text[], text[], integer[], jsonb[], jsonb[], interval, interval, bigint, interval, bigint, interval, boolean);
ALTER TABLE products DROP COLUMN price_steps;
