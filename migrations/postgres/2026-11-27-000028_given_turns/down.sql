CREATE OR REPLACE FUNCTION tasks_queue_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lane := task_lane(NEW.job, NEW.payload);
    NEW.turn := NEW.run_at;
    IF NEW.store_id IS NOT NULL THEN
        SELECT greatest(NEW.run_at, max(t.turn) + interval '1 second') INTO NEW.turn
        FROM tasks t
        WHERE t.status = 'pending' AND t.attempts = 0 AND t.lane = NEW.lane AND t.store_id = NEW.store_id AND t.turn >= NEW.run_at;
    END IF;
    RETURN NEW;
END
$$;
