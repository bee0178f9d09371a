SELECT key FROM store_images WHERE key = ANY ($1)
UNION ALL SELECT licence FROM store_approvals WHERE licence = ANY ($1)
