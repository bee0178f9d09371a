-- Accounts that nobody can log in to, for stores that have no seller of their own.
INSERT INTO accounts (email, role, is_active, email_vouched, created_at, imported_at)
SELECT lower(s.id) || '@imported.invalid', 'seller', false, false, s.created_at, $2
FROM jsonb_to_recordset($1) AS s (id text, owner text, placeholder boolean, created_at timestamptz)
WHERE s.placeholder OR EXISTS (SELECT FROM stores other WHERE other.seller_email = s.owner AND other.id <> s.id)
   OR NOT EXISTS (SELECT FROM accounts owner WHERE owner.email = s.owner AND owner.role = 'seller')
ON CONFLICT DO NOTHING
