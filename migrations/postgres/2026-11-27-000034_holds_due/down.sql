DROP INDEX CONCURRENTLY holds_due_by_state;
