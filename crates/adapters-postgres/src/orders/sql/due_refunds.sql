-- The first due refund of every store comes before the second of any, and what is under way of a store counts: however many one store
-- has, it keeps the others waiting for one. $1 now, $2 limit, $3 at once of one store.
WITH waiting AS (
    SELECT payment_id, store_id, next_attempt_at, row_number() OVER (PARTITION BY store_id ORDER BY next_attempt_at, payment_id) AS place
    FROM refunds WHERE next_attempt_at <= $1
), under_way AS (
    SELECT store_id, count(*) AS number FROM refunds WHERE claimed AND next_attempt_at > $1 GROUP BY store_id
), in_order AS (
    SELECT payment_id, next_attempt_at, place + coalesce(number, 0) AS turn FROM waiting LEFT JOIN under_way USING (store_id)
)
SELECT payment_id FROM in_order WHERE turn <= $3 ORDER BY turn, next_attempt_at, payment_id LIMIT $2
