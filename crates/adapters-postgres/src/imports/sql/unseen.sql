-- $3: whether the keys are those of people. Their e-mails are known as long as their accounts are here.
SELECT CASE WHEN $3 THEN a.email ELSE i.key END AS key
FROM imported i LEFT JOIN accounts a ON $3 AND imported_key($1, a.email) = i.key
LEFT JOIN products p ON $1 = 'products' AND p.id = i.key
LEFT JOIN stores s ON s.id = CASE $1 WHEN 'stores' THEN i.key WHEN 'products' THEN p.store_id END
LEFT JOIN accounts seller ON seller.email = s.seller_email
WHERE i.kind = $1 AND i.seen_at < $2 AND (a.email IS NOT NULL OR NOT $3)
  -- What is here, and does not go with its seller at the next rollover.
  AND ($1 <> 'favorites' OR EXISTS (SELECT FROM favorites f WHERE f.customer_email = a.email))
  AND ($1 NOT IN ('stores', 'products') OR seller.is_active OR seller.email LIKE '%@imported.invalid')
ORDER BY 1
