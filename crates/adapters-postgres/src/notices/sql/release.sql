-- $1 the batch, $2 people, $3 now. Who was told somewhere keeps the place.
WITH given_back AS (
    DELETE FROM notices WHERE batch = $1 AND told_at IS NULL AND customer_email = ANY ($2) AND reached = '{}'
)
UPDATE notices SET told_at = $3 WHERE batch = $1 AND told_at IS NULL AND customer_email = ANY ($2) AND reached <> '{}'
