-- Of each class the first due payment of every PortOne store comes before the second of any: however many one store has, it keeps
-- the others waiting for one.
WITH due AS (
    SELECT payment_id, state, next_look_at,
           row_number() OVER (PARTITION BY state, portone_store_id ORDER BY next_look_at, payment_id) AS turn
    FROM holds WHERE state IN ('held', 'released') AND next_look_at <= $1
), in_order AS (
    SELECT payment_id, state, row_number() OVER (PARTITION BY state ORDER BY turn, next_look_at, payment_id) AS place FROM due
)
SELECT payment_id FROM in_order
WHERE place <= CASE state WHEN 'held' THEN $2 ELSE $3 END
ORDER BY state, place
