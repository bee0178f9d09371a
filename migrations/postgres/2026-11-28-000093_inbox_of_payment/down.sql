DROP INDEX CONCURRENTLY inbox_of_payment;
