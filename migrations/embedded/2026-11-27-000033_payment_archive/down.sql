DROP TABLE embedded.payment_archive;
