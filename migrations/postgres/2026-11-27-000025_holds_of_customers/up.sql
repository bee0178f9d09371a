CREATE INDEX CONCURRENTLY holds_of_customers ON holds (customer_email, created_at);
