SELECT key FROM store_images WHERE key = ANY ($1)
UNION ALL SELECT picture FROM disputes, unnest(pictures) picture WHERE pictures && $1 AND picture = ANY ($1)
UNION ALL SELECT licence FROM store_approvals WHERE licence = ANY ($1)
