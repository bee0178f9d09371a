-- $2 to $7: the switches; $8 the wording, $9 a secret for whoever has none, $10 now.
WITH chosen AS (
    INSERT INTO notice_choices (customer_email, opens, price_drops, back_in_stock, by_mail, by_push, at_night, consented_at, secret)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $10, $9)
    ON CONFLICT (customer_email) DO UPDATE
    SET opens = excluded.opens, price_drops = excluded.price_drops, back_in_stock = excluded.back_in_stock, by_mail = excluded.by_mail,
        by_push = excluded.by_push, at_night = excluded.at_night, consented_at = excluded.consented_at
    RETURNING *
)
INSERT INTO notice_consents (customer_email, at, wording, said)
SELECT customer_email, $10, $8, to_jsonb(chosen) - 'customer_email' - 'secret' - 'consented_at' FROM chosen
