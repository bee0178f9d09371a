-- $3: whether the keys are those of people. Their e-mails are known as long as their accounts are here.
SELECT CASE WHEN $3 THEN a.email ELSE i.key END AS key
FROM imported i LEFT JOIN accounts a ON $3 AND imported_key($1, a.email) = i.key
WHERE i.kind = $1 AND i.seen_at < $2 AND (a.email IS NOT NULL OR NOT $3)
ORDER BY 1
