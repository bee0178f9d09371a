-- What was typed is not known any more, and what is stored is good for the version before.
SELECT 1;
