CREATE INDEX CONCURRENTLY audit_log_request ON audit_log (request_id) WHERE request_id IS NOT NULL;
