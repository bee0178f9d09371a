DELETE FROM notices WHERE ctid IN (SELECT ctid FROM notices WHERE business_day < $1 LIMIT $2)
