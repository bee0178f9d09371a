-- $1: e-mails. In their order.
SELECT ARRAY(SELECT f.store_id FROM favorites f WHERE f.customer_email = e.email ORDER BY f.store_id) AS stores
FROM unnest($1) WITH ORDINALITY AS e (email, n) ORDER BY e.n
