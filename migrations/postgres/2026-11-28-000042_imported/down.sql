DROP FUNCTION imported_content(text, text);
DROP FUNCTION imported_key(text, text);
DROP TABLE imported;
