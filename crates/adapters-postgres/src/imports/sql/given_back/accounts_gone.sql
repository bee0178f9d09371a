-- Their e-mails are not known here any more.
SELECT i.key, jsonb_build_object('gone', jsonb_build_object('email_sha256', i.key)) AS change
FROM imported i
WHERE i.kind = 'accounts' AND i.ours IS NOT NULL
  AND NOT EXISTS (SELECT FROM accounts a WHERE imported_key('accounts', a.email) = i.key)
