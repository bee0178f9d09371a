-- $1: the kind, $2: keys. In their order.
SELECT i.old, i.ours, imported_content($1, k.key) AS now
FROM unnest($2) WITH ORDINALITY AS k (key, n)
LEFT JOIN imported i ON i.kind = $1 AND i.key = imported_key($1, k.key)
ORDER BY k.n
