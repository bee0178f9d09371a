-- $1 the batch, $2 who was told where: [{customer, reached, done}], $3 browsers that are gone, $4 now.
WITH gone AS (
    DELETE FROM push_subscriptions WHERE id = ANY ($3)
)
UPDATE notices n SET reached = t.reached, told_at = CASE WHEN t.done THEN $4 END
FROM jsonb_to_recordset($2) AS t (customer text, reached text[], done boolean)
WHERE n.batch = $1 AND n.told_at IS NULL AND n.customer_email = t.customer
