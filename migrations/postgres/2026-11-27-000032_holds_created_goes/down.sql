CREATE INDEX CONCURRENTLY holds_created ON holds USING brin (created_at);
