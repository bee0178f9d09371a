DROP TABLE embedded.portone_webhooks;
