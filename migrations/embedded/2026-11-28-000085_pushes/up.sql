-- What push services would have been given, the newest of each topic.
CREATE TABLE embedded.pushes (
    endpoint text NOT NULL,
    topic text NOT NULL,
    content jsonb NOT NULL,
    sent_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, topic)
);
