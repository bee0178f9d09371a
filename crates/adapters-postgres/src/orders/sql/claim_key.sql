-- A claim whose lease has ended without an answer goes to the next who asks the same.
INSERT INTO idempotency_keys AS k (account, key, request, payment_id, created_at, leased_until)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account, key) DO UPDATE SET leased_until = EXCLUDED.leased_until
WHERE k.request = EXCLUDED.request AND k.status IS NULL AND k.leased_until <= $5
RETURNING payment_id, payment_id <> $4 AS resumed
