CREATE INDEX CONCURRENTLY inbox_of_payment ON inbox (payment_id) WHERE payment_id IS NOT NULL;
