-- A turn that is given stays: a run that was missed has its turn when it is made up, and not days ago, where claims do not look.
CREATE OR REPLACE FUNCTION tasks_queue_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lane := task_lane(NEW.job, NEW.payload);
    NEW.turn := coalesce(NEW.turn, NEW.run_at);
    IF NEW.store_id IS NOT NULL THEN
        SELECT greatest(NEW.turn, max(t.turn) + interval '1 second') INTO NEW.turn
        FROM tasks t
        WHERE t.status = 'pending' AND t.attempts = 0 AND t.lane = NEW.lane AND t.store_id = NEW.store_id AND t.turn >= NEW.turn;
    END IF;
    RETURN NEW;
END
$$;
