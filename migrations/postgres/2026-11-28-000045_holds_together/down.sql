DROP FUNCTION hold_together;
DROP AGGREGATE left_over(integer, integer);
DROP FUNCTION left_for_next;
