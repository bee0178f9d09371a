-- The Python service's tables (SQLAlchemy's names and types).
CREATE TYPE preferredmenu AS ENUM ('salad', 'poke', 'korean', 'sandwich');
CREATE TYPE nutritiontype AS ENUM ('diet', 'LCHF', 'protein', 'LSLS', 'balance', 'vegetarian');
CREATE TYPE allergytype AS ENUM (
    'seafood', 'peanut', 'nuts', 'soy', 'wheat', 'egg', 'dairy', 'shellfish', 'fish', 'pork', 'beef', 'chicken'
);
CREATE TYPE toppingtype AS ENUM (
    'egg_mayo', 'chicken_breast', 'onion_flake', 'toasted_bread', 'sweet_pumpkin', 'ricotta_cheese', 'shrimp', 'smoked_salmon', 'avocado',
    'pork_belly'
);
CREATE TYPE orderstatus AS ENUM ('reservation', 'accept', 'complete', 'cancel');

CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('3f1c9d2a7b54');

CREATE TABLE customers (email varchar(255) PRIMARY KEY, is_active boolean DEFAULT true, created_at timestamptz DEFAULT now());
CREATE TABLE sellers (email varchar(255) PRIMARY KEY, is_active boolean DEFAULT true, created_at timestamptz DEFAULT now());
CREATE TABLE customer_details (
    customer_email varchar(255) PRIMARY KEY REFERENCES customers (email) ON DELETE CASCADE,
    nickname varchar(7) NOT NULL,
    phone_number varchar(11) NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE customer_preferred_menus (
    id serial PRIMARY KEY,
    customer_email varchar(255) NOT NULL REFERENCES customers (email) ON DELETE CASCADE,
    menu_type preferredmenu NOT NULL,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE customer_nutrition_types (
    id serial PRIMARY KEY,
    customer_email varchar(255) NOT NULL REFERENCES customers (email) ON DELETE CASCADE,
    nutrition_type nutritiontype NOT NULL,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE customer_allergies (
    id serial PRIMARY KEY,
    customer_email varchar(255) NOT NULL REFERENCES customers (email) ON DELETE CASCADE,
    allergy_type allergytype NOT NULL,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE customer_topping_types (
    id serial PRIMARY KEY,
    customer_email varchar(255) NOT NULL REFERENCES customers (email) ON DELETE CASCADE,
    topping_type toppingtype NOT NULL,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE store_addresses (
    address_id serial PRIMARY KEY,
    sido varchar(50) NOT NULL,
    sigungu varchar(50) NOT NULL,
    bname varchar(50) NOT NULL,
    lat varchar(50) NOT NULL,
    lng varchar(50) NOT NULL,
    nearest_station varchar(100),
    walking_time integer
);
CREATE TABLE stores (
    store_id varchar(255) PRIMARY KEY,
    store_name varchar(255) NOT NULL,
    seller_email varchar(255) NOT NULL REFERENCES sellers (email) ON DELETE CASCADE,
    created_at timestamptz DEFAULT now(),
    store_introduction text,
    store_phone varchar(20),
    store_postal_code varchar(10),
    store_address varchar(255),
    store_detail_address varchar(255),
    address_id integer REFERENCES store_addresses (address_id)
);
CREATE TABLE customer_favorites (
    customer_email varchar(255) NOT NULL REFERENCES customers (email) ON DELETE CASCADE,
    store_id varchar(255) NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    created_at timestamptz DEFAULT now(),
    PRIMARY KEY (customer_email, store_id)
);
CREATE TABLE store_sns (
    sns_id serial PRIMARY KEY,
    store_id varchar(255) NOT NULL UNIQUE REFERENCES stores (store_id) ON DELETE CASCADE,
    instagram text,
    facebook text,
    x text,
    homepage text
);
CREATE TABLE store_images (
    image_id varchar(255) PRIMARY KEY,
    store_id varchar(255) NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    is_main boolean NOT NULL DEFAULT false,
    display_order integer NOT NULL DEFAULT 0,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE store_payment_info (
    store_id varchar(255) PRIMARY KEY REFERENCES stores (store_id) ON DELETE CASCADE,
    portone_store_id varchar(255),
    portone_channel_id varchar(255),
    portone_secret_key varchar(255)
);
CREATE TABLE store_operation_info (
    operation_id serial PRIMARY KEY,
    store_id varchar(255) NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    day_of_week integer NOT NULL,
    open_time time NOT NULL,
    pickup_start_time time NOT NULL,
    pickup_end_time time NOT NULL,
    close_time time NOT NULL,
    is_open_enabled boolean NOT NULL DEFAULT true,
    is_currently_open boolean NOT NULL DEFAULT false,
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE store_operation_info_modifications (
    modification_id serial PRIMARY KEY,
    operation_id integer NOT NULL UNIQUE REFERENCES store_operation_info (operation_id) ON DELETE CASCADE,
    new_open_time time,
    new_pickup_start_time time,
    new_pickup_end_time time,
    new_close_time time,
    new_is_open_enabled boolean,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE store_product_info (
    product_id varchar(255) PRIMARY KEY,
    store_id varchar(255) NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    product_name varchar(255) NOT NULL,
    initial_stock integer NOT NULL,
    price integer NOT NULL,
    sale integer,
    version integer NOT NULL DEFAULT 1,
    description varchar(1000),
    purchased_quantity integer NOT NULL DEFAULT 0,
    admin_adjustment integer NOT NULL DEFAULT 0
);
CREATE TABLE product_nutrition (
    product_id varchar(255) NOT NULL REFERENCES store_product_info (product_id) ON DELETE CASCADE,
    nutrition_type nutritiontype NOT NULL,
    PRIMARY KEY (product_id, nutrition_type)
);
CREATE TABLE cart_items (
    payment_id varchar(255) PRIMARY KEY,
    product_id varchar(255) NOT NULL,
    quantity integer NOT NULL,
    price integer NOT NULL,
    created_at timestamptz DEFAULT now(),
    sale integer,
    total_amount integer NOT NULL,
    customer_id varchar(255) NOT NULL
);
CREATE TABLE order_current_items (
    payment_id varchar(255) PRIMARY KEY,
    product_id varchar(255) NOT NULL,
    customer_id varchar(255) NOT NULL,
    quantity integer NOT NULL,
    price integer NOT NULL,
    sale integer,
    total_amount integer NOT NULL,
    status orderstatus NOT NULL DEFAULT 'reservation',
    reservation_at timestamptz DEFAULT now(),
    accepted_at timestamptz,
    completed_at timestamptz,
    canceled_at timestamptz,
    cancel_reason varchar(500),
    preferred_menus varchar(500),
    nutrition_types varchar(500),
    allergies varchar(500),
    topping_types varchar(500)
);
