DROP TABLE embedded.open_streams, embedded.rate_limits;
