-- An account that somebody has made here meanwhile stays as it is: it was not brought, and imported_at says so.
WITH person AS (
    SELECT * FROM jsonb_to_recordset($1) AS p (
        email text, written text, role text, is_active boolean, created_at timestamptz, nickname text, phone_number text,
        profile_created_at timestamptz, profile_updated_at timestamptz, preferences jsonb)
), account AS (
    INSERT INTO accounts (email, role, is_active, email_vouched, created_at, imported_at, imported_as)
    SELECT email, role, is_active, false, created_at, $2, written FROM person
    ON CONFLICT (email) DO UPDATE SET role = excluded.role, is_active = excluded.is_active, imported_as = excluded.imported_as WHERE accounts.imported_at IS NOT NULL
    RETURNING email, is_active
), suspended AS (
    UPDATE stores SET suspended = true, updated_at = $2 FROM account WHERE stores.seller_email = account.email AND NOT account.is_active AND NOT suspended
), profile AS (
    INSERT INTO customers (email, nickname, phone_number, created_at, updated_at)
    SELECT p.email, p.nickname, p.phone_number, p.profile_created_at, p.profile_updated_at
    FROM person p JOIN account a ON a.email = p.email WHERE p.nickname IS NOT NULL
    ON CONFLICT (email) DO UPDATE SET nickname = excluded.nickname, phone_number = excluded.phone_number, updated_at = excluded.updated_at
    RETURNING email
), gone AS (
    DELETE FROM customer_preferences c USING person p, profile
    WHERE c.email = p.email AND profile.email = p.email AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(p.preferences) AS w (kind text, word text) WHERE (w.kind, w.word) = (c.kind, c.word))
)
INSERT INTO customer_preferences (email, kind, word, created_at)
SELECT p.email, w.kind, w.word, w.created_at
FROM person p JOIN profile ON profile.email = p.email,
     jsonb_to_recordset(p.preferences) AS w (kind text, word text, created_at timestamptz)
ON CONFLICT DO NOTHING
