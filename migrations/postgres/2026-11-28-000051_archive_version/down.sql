DROP TRIGGER orders_went ON orders;
DROP FUNCTION orders_went();
DROP FUNCTION change_archive_version();
DROP TABLE archive_version;
