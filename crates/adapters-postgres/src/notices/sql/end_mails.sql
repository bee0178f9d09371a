-- $1 the secret, $2 the wording, $3 now. Repeated it changes nothing.
WITH this AS (
    SELECT customer_email FROM notice_choices WHERE secret = $1
), ended AS (
    UPDATE notice_choices c SET by_mail = false, consented_at = $3 FROM this WHERE c.customer_email = this.customer_email AND c.by_mail RETURNING c.*
), kept AS (
    INSERT INTO notice_consents (customer_email, at, wording, said)
    SELECT customer_email, $3, $2, to_jsonb(ended) - 'customer_email' - 'secret' - 'consented_at' || '{"by": "one click"}' FROM ended
)
SELECT EXISTS (SELECT FROM this) AS is_there
