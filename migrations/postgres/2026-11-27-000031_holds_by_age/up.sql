-- A BRIN index knows where old rows lie; once they leave and new ones take their places it knows nothing any more.
CREATE INDEX CONCURRENTLY holds_by_age ON holds (created_at);
