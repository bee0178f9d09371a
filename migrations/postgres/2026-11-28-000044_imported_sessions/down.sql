DROP TABLE imported_sessions;
