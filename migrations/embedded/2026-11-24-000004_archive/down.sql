DROP TABLE embedded.search_history, embedded.order_archive, embedded.stock_reservations, embedded.withdrawals;
