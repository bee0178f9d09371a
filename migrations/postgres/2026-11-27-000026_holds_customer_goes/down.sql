CREATE INDEX CONCURRENTLY holds_customer ON holds (customer_email);
