DROP TABLE tasks, refunds, orders, holds, products, favorites, store_images, operation_times, store_payments, stores,
    customer_preferences, customers, account_identities, accounts;
