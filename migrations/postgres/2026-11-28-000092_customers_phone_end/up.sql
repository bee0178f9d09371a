CREATE INDEX CONCURRENTLY customers_phone_end ON customers (right(phone_number, 4));
