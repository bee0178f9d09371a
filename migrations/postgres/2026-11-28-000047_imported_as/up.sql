ALTER TABLE accounts ADD COLUMN imported_as text;
COMMENT ON COLUMN accounts.imported_as IS 'how the Python service writes the e-mail, where that is otherwise: what is given back finds its people by it';
