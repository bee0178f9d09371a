DROP TRIGGER store_placed ON stores;
DROP FUNCTION store_placed;
DROP TABLE store_tiles;
DROP FUNCTION store_tile;
