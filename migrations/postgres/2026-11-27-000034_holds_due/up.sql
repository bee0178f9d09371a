-- holds_due stays for the version before, which looks by next_look_at alone.
CREATE INDEX CONCURRENTLY holds_due_by_state ON holds (state, next_look_at) WHERE next_look_at IS NOT NULL;
