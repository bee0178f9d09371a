DROP INDEX CONCURRENTLY holds_of_customers;
