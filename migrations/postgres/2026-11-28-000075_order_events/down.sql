DROP TRIGGER orders_tell_new ON orders;
DROP TRIGGER orders_tell_changed ON orders;
DROP FUNCTION tell_order;
DROP TABLE order_events;
